"""A photograph that moves: still where it should be, whole where it moves, nothing of the old picture behind it."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Layer, Portrait
from avatar.testing import Bench, workbench
from stages.film import scene, walls
from stages.film.puppet import Puppet
from stages.portrait import Brief, Marks
from stages.portrait.drawn import Drawn
from tests.portrait.photos import MARKED, astronaut, framed, likeness, marked, pixels, puppet, shown


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return workbench(tmp_path_factory.mktemp("puppet"), stage="film")


@pytest.fixture(scope="module")
def portrait(bench: Bench) -> Portrait:
    return marked(bench, astronaut(), MARKED)


@pytest.fixture(scope="module")
def person(bench: Bench, portrait: Portrait) -> Puppet:
    return puppet(bench, portrait)


Floats = NDArray[np.float32]

WALL = (176.0, 190.0, 204.0)


@pytest.fixture(scope="module")
def standing(bench: Bench) -> tuple[Portrait, Floats]:
    """A drawn person as a photograph before a plain wall, and how much of each of its pixels is person, 0 to 1."""
    made = bench.perform(Drawn(), Brief("ada", "", 0))
    picture, cover = np.full((1024, 1024, 3), WALL, np.float32), np.zeros((1024, 1024), np.float32)
    for layer in made.layers:
        if layer.name == "background" or layer.name.startswith("teeth"):
            continue
        matrix = np.array([[1, 0, layer.x], [0, 1, layer.y]], np.float32)
        rgba = np.asarray(cv2.warpAffine(pixels(bench, layer.pixels), matrix, (1024, 1024)), np.float32)
        alpha = rgba[..., 3] / np.float32(255.0)
        picture += (rgba[..., 2::-1] - picture) * alpha[..., None]
        cover = np.maximum(cover, alpha)
    lips, face = made.face.upper_lip_outer, made.face
    marks = Marks(face.right.iris, face.left.iris, lips[0], lips[-1], face.jaw[len(face.jaw) // 2])
    portrait = marked(bench, picture.astype(np.uint8), marks)
    scale = (portrait.face.left.iris[0] - portrait.face.right.iris[0]) / (face.left.iris[0] - face.right.iris[0])
    shift = np.subtract(portrait.face.right.iris, np.multiply(face.right.iris, scale))
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    return portrait, np.asarray(cv2.warpAffine(cover, matrix, (portrait.width, portrait.height)), np.float32)


def eye_box(person: Puppet) -> tuple[slice, slice]:
    low, high = person.right.outline_at_rest.min(axis=(0, 1)), person.right.outline_at_rest.max(axis=(0, 1))
    return slice(int(low[1]), int(high[1]) + 1), slice(int(low[0]), int(high[0]) + 1)


def test_at_rest_it_is_the_photograph(bench: Bench, portrait: Portrait, person: Puppet) -> None:
    assert likeness(shown(person), framed(bench, portrait)) > 33.0


def test_shut_eyes_are_skin_with_a_line_of_lashes(person: Puppet) -> None:
    box = eye_box(person)
    opened, shut = shown(person)[box], shown(person, eyeBlinkRight=1.0)[box]
    assert shut[: len(shut) // 2].mean(axis=2).min() > opened.mean(axis=2).min() + 30  # the dark of the iris is gone
    other = shown(person, eyeBlinkLeft=1.0)[box]
    assert np.abs(other - opened).max() < 3


def test_a_blink_comes_down_without_a_jump(person: Puppet) -> None:
    box = eye_box(person)
    frames = [shown(person, eyeBlinkRight=float(shut))[box] for shut in np.linspace(0.0, 1.0, 41)]
    steps = [np.abs(after - before).mean() for before, after in pairwise(frames)]
    assert max(steps) < 9.0
    assert steps[0] < 3.0


def test_gaze_moves_the_iris_and_leaves_white_behind(person: Puppet) -> None:
    rows, columns = eye_box(person)
    middle = slice(rows.start + 2, rows.stop - 2)

    def dark(**columns_of: float) -> float:
        weight = np.clip(150.0 - shown(person, **columns_of)[middle, columns].mean(axis=2), 0.0, None)
        return float((weight * np.arange(weight.shape[1])).sum() / weight.sum())

    assert dark(eyeLookInRight=0.8) > dark() + 0.5 > dark(eyeLookOutRight=0.8) + 0.5


def test_a_turn_moves_the_head_and_never_the_far_background(person: Puppet) -> None:
    rest, turned = shown(person), shown(person, headYaw=8.0, headPitch=4.0, headRoll=4.0)
    assert np.abs(rest[:40, :20] - turned[:40, :20]).max() < 4.0
    assert np.abs(rest - turned).mean() > 3.0


@pytest.mark.parametrize("columns", [{"headX": 0.08}, {"headX": -0.08}, {"headY": 0.06}, {"headRoll": 7.0}])
def test_no_edge_of_the_old_head_is_left_behind(
    bench: Bench, standing: tuple[Portrait, Floats], columns: dict[str, float]
) -> None:
    made, cut_out = standing
    person, view = puppet(bench, made), scene.view_of(made, (256, 256))
    matrix = np.array([[view.scale, 0, -view.left * view.scale], [0, view.scale, -view.top * view.scale]], np.float32)
    there = cv2.warpAffine(cut_out, matrix, (256, 256), flags=cv2.INTER_AREA)
    head = there[: int(person.skull.neck_y)]
    moved = shown(person, **columns)[: len(head)]
    rest = shown(person)[: len(head)]
    left = (head > 0.9) & (np.abs(moved - rest).max(axis=2) > 30.0) & (np.abs(moved - WALL).max(axis=2) < 40.0)
    assert left.sum() > 40  # the wall has come out where the head was
    near = (moved - WALL)[left]
    assert np.abs(near.mean(axis=0)).max() < 12.0


@pytest.mark.parametrize("size", [(256, 256), (640, 360), (360, 640), (1024, 1024)])
def test_any_shape_of_film_is_filled(bench: Bench, portrait: Portrait, size: tuple[int, int]) -> None:
    frame = shown(puppet(bench, portrait, size), jawOpen=0.3, headYaw=5.0)
    assert frame.shape == (size[1], size[0], 3)
    assert frame.std(axis=2).mean() > 0.0
    assert np.abs(frame - framed(bench, portrait, size)).mean() < 25.0  # no bars, nothing missing


def test_a_narrow_picture_fades_into_what_stands_in_beside_it(bench: Bench) -> None:
    left = 130
    there = replace(MARKED, **{name: (x - left, y) for name in MARKED.__slots__ for x, y in [getattr(MARKED, name)]})
    narrow = marked(bench, astronaut()[:, left:330], there)
    assert scene.view_of(narrow, (640, 360)).left < 0
    frame = shown(puppet(bench, narrow, (640, 360))).mean(axis=2)
    steps = np.abs(np.diff(frame, axis=1)).mean(axis=0)
    edge = int(-scene.view_of(narrow, (640, 360)).left * scene.view_of(narrow, (640, 360)).scale)
    assert steps[edge - 3 : edge + 4].max() < 8.0


def test_the_mouth_is_as_dark_inside_as_the_picture(bench: Bench, portrait: Portrait, person: Puppet) -> None:
    dim = puppet(bench, marked(bench, (astronaut() * 0.3).astype(np.uint8), MARKED))

    def inside(made: Puppet) -> float:
        frame, (x, y) = shown(made, jawOpen=0.6), made.mouth.centre
        return float(frame[int(y) : int(y) + 14, int(x) - 8 : int(x) + 8].mean())

    assert inside(dim) < 0.6 * inside(person)


def test_skin_goes_with_the_jaw_down_to_the_chin(person: Puppet) -> None:
    shut, wide = shown(person), shown(person, jawOpen=0.5)
    skull = person.skull
    x, chin = int(skull.centre_x), int(skull.neck_y - 0.04 * skull.unit)
    below = (slice(chin - 10, chin), slice(x - 10, x + 10))
    assert np.abs(shut[below] - wide[below]).mean() > 2.0
    eyes = eye_box(person)
    assert np.abs(shut[eyes] - wide[eyes]).max() < 2.0


def test_who_is_cut_by_the_picture_s_edge_stays_near_it(bench: Bench, standing: tuple[Portrait, Floats]) -> None:
    portrait, cover = standing
    seen = scene.view_of(portrait, (256, 256))
    unit = max(y for _, y in portrait.face.jaw) - portrait.face.forehead[1]
    assert (cover[: int(seen.top + seen.height / seen.scale), 0] < 0.5).all()
    free = walls.of_photo(portrait, seen, bench.context)
    assert free == walls.WAY
    whole = replace(portrait, layers=tuple(_moved(layer, -0.8 * unit) for layer in portrait.layers))
    near = walls.of_photo(whole, replace(seen, left=0.0), bench.context)
    apart = walls.of_photo(whole, replace(seen, left=0.02 * unit), bench.context)
    assert 0.0 < near.right <= walls.BESIDE
    assert apart.right == pytest.approx(near.right + 0.02, abs=0.002)


def _moved(layer: Layer, across: float) -> Layer:
    return replace(layer, x=layer.x + round(across))
