"""A photograph becomes a portrait: without anything fetched, from marks or by the cascade."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar import records
from avatar.artifacts import Portrait
from avatar.errors import BackendError, BadRequest, Unavailable
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from stages.portrait import PORTRAIT, Brief
from stages.portrait.photo import Photo, PlainPhoto, cascade, frame, segmenting
from stages.portrait.photo.backend import Floats, Retoucher
from tests.portrait.photos import MARKED, Bytes, astronaut, brief, drawn, marked, pixels
from tests.shared import shared


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return workbench(tmp_path_factory.mktemp("photo"), stage="portrait")


@pytest.fixture(scope="module")
def portrait(bench: Bench) -> Portrait:
    return marked(bench, astronaut(), MARKED)


def layer(bench: Bench, made: Portrait, name: str) -> Bytes:
    return pixels(bench, next(layer.pixels for layer in made.layers if layer.name == name))


def test_marks_are_enough(bench: Bench, portrait: Portrait) -> None:
    assert {layer.name for layer in portrait.layers} >= {
        "background",
        "eyeballs",
        "iris_right",
        "head",
        "lids",
        "teeth",
    }
    assert portrait.kind == "photo"
    assert portrait.face.confidence < 1.0
    tall = max(y for _, y in portrait.face.jaw) - portrait.face.forehead[1]
    assert 200 < tall < 500
    assert records.load(Portrait, records.dump(portrait)) == portrait


def test_the_right_eye_is_on_the_viewers_left(portrait: Portrait) -> None:
    assert portrait.face.right.iris[0] < portrait.face.nose[-1][0] < portrait.face.left.iris[0]
    for line in (portrait.face.upper_lip_outer, portrait.face.left.upper, portrait.face.right.lower):
        assert (np.diff([x for x, _ in line]) > 0).all()


def test_the_person_is_cut_out_and_the_eyes_are_open_in_it(bench: Bench, portrait: Portrait) -> None:
    cover = layer(bench, portrait, "head")[..., 3]
    x, y = next((each.x, each.y) for each in portrait.layers if each.name == "head")
    nose, eye = portrait.face.nose[2], portrait.face.right.iris
    assert cover[round(nose[1]) - y, round(nose[0]) - x] == 255
    assert cover[round(eye[1]) - y, round(eye[0]) - x] == 0
    assert cover[0, 0] == 0


def test_nobody_is_left_in_the_background(bench: Bench, portrait: Portrait) -> None:
    behind, rim = layer(bench, portrait, "background"), -portrait.layers[0].x
    x, y = (round(value) + rim for value in portrait.face.nose[2])
    patch = behind[y - 40 : y + 40, x - 40 : x + 40].astype(int)
    assert patch.std(axis=(0, 1)).max() < 12  # a face is anything but even
    assert np.ptp(patch.mean(axis=(0, 1))) < 40  # nor is the wall behind it skin


def test_the_cascade_finds_a_face_from_the_front(bench: Bench) -> None:
    made = bench.perform(PlainPhoto(), brief(bench, astronaut()))
    meant = marked(bench, astronaut(), MARKED)
    tall = max(y for _, y in meant.face.jaw) - meant.face.forehead[1]
    apart = [np.hypot(*np.subtract(a, b)) for a, b in zip(made.face.jaw, meant.face.jaw, strict=True)]
    assert np.median(apart) < 0.25 * tall
    assert 0.0 < made.face.confidence < 1.0


def test_a_picture_is_never_answered_with_a_drawing(bench: Bench) -> None:
    with_picture, without = brief(bench, astronaut()), Brief("ada", "", 0)
    assert [backend.takes(with_picture) for backend in PORTRAIT.chain] == [True, True, *[False] * 4]  # type: ignore[attr-defined]
    assert [backend.takes(without) for backend in PORTRAIT.chain] == [*[False] * 5, True]  # type: ignore[attr-defined]
    with pytest.raises(BackendError):
        bench.perform(PlainPhoto(), without)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"left_eye": (209.0, 101.5)}, "Mark"),
        ({"right_eye": MARKED.left_eye, "left_eye": MARKED.right_eye}, "right eye is on the picture's left"),
        ({"chin": (227.0, 60.0)}, "chin"),
    ],
)
def test_marks_that_no_face_has_are_refused(bench: Bench, change: dict[str, tuple[float, float]], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        marked(bench, astronaut(), replace(MARKED, **change))


def test_a_picture_without_a_face_is_refused_with_advice(bench: Bench) -> None:
    pytest.importorskip("skimage.feature")
    wall = np.full((300, 400, 3), 128, np.uint8)
    with pytest.raises(BadRequest, match=r"No face.*mark"):
        bench.perform(PlainPhoto(), brief(bench, wall))


def test_a_model_that_is_missing_or_broken_makes_the_backend_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Fetch"):
        Photo().load(Placement(weights={"face-landmarker": tmp_path}))


def test_the_same_picture_gives_the_same_portrait(bench: Bench, portrait: Portrait) -> None:
    assert marked(bench, astronaut(), MARKED) == portrait


@pytest.mark.parametrize("crop", [(120, 40, 340, 230), (190, 60, 270, 190), (150, 90, 512, 512)])
def test_faces_at_the_picture_s_edges_are_framed(bench: Bench, crop: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = crop
    there = replace(
        MARKED,
        **{name: (getattr(MARKED, name)[0] - left, getattr(MARKED, name)[1] - top) for name in MARKED.__slots__},
    )
    made = marked(bench, astronaut()[top:bottom, left:right], there)
    x, y = made.face.nose[2]
    assert 0 < x < made.width
    assert 0 < y < made.height


def test_a_drawn_face_can_be_marked_too(bench: Bench) -> None:
    from stages.portrait import Marks
    from stages.portrait.drawn import Drawn

    face = bench.perform(Drawn(), Brief("ada", "", 0)).face
    lips = face.upper_lip_outer
    marks = Marks(face.right.iris, face.left.iris, lips[0], lips[-1], face.jaw[len(face.jaw) // 2])
    made = marked(bench, drawn(bench), marks)
    tall = max(y for _, y in made.face.jaw) - made.face.forehead[1]
    scale = tall / (max(y for _, y in face.jaw) - face.forehead[1])
    assert (made.face.left.iris[0] - made.face.right.iris[0]) == pytest.approx(
        scale * (face.left.iris[0] - face.right.iris[0]), rel=0.2
    )


def half(picture: Bytes) -> Floats:
    """A segmenter that is sure of somebody in the left half, and thinks one likely a little further right."""
    height, width = picture.shape[:2]
    sure = np.zeros((height, width), np.float32)
    sure[:, : width // 2] = 1.0
    sure[:, width // 2 : width // 2 + width // 8] = 0.4
    return sure


def test_a_segmenter_tells_who_stays_before_another_background(bench: Bench, portrait: Portrait) -> None:
    made = Retoucher(cascade.find, 0.4, half)(brief(bench, astronaut(), marks=MARKED), bench.context)
    rim = -made.layers[0].x
    masks = (layer(bench, each, "person")[rim:-rim, rim:-rim, 3] for each in (made, portrait))
    alone, plain = (mask > 0 for mask in masks)
    foot, width = alone.shape[0] // 4, alone.shape[1]  # above, where neither face nor breast is sure
    assert plain[:foot, : width // 4].mean() < 0.2
    assert alone[:foot, width // 4 : width // 2].mean() > 0.4
    assert alone[: foot // 2, width // 2 + 40 :].mean() < 0.05
    assert made.face == portrait.face


def test_a_segmenter_that_is_missing_or_broken_is_told(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    with pytest.raises(Unavailable, match="not there"):
        segmenting.read(tmp_path)
    (tmp_path / segmenting.MODEL).write_bytes(b"no model")
    with pytest.raises(Unavailable, match="can't be used"):
        segmenting.read(tmp_path)


def test_the_real_segmenter_finds_the_astronaut(bench: Bench) -> None:
    """`shared/models/selfie_segmenter.tflite`, as the catalogue names it, must be there."""
    pytest.importorskip("mediapipe")
    seen = segmenting.read(shared(f"models/{segmenting.MODEL}").parent)(astronaut())
    assert seen.shape == (512, 512)
    assert seen[100:200, 190:260].min() > 0.9
    assert seen[:60, :60].max() < 0.1


def with_white(picture: Bytes, rims: tuple[int, int, int, int]) -> Bytes:
    """The picture with white above, below, left and right of it."""
    return np.asarray(cv2.copyMakeBorder(picture, *rims, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)


def test_the_lines_of_a_frame_are_cut_off_but_no_plain_wall() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (320, 300, 3), np.uint8)
    points = np.array([[100.0, 60.0], [200.0, 180.0]], np.float32)
    plain = frame.frame(picture, points, 120.0)
    lined = with_white(picture, (5, 3, 0, 4))
    cut = frame.frame(lined, points + np.array([0, 5], np.float32), 120.0)
    np.testing.assert_array_equal(cut.pixels, plain.pixels)
    np.testing.assert_allclose(cut.points, plain.points, atol=1e-3)
    walled = with_white(picture, (30, 0, 0, 0))
    assert frame.frame(walled, points + np.array([0, 30], np.float32), 120.0).height > plain.height
