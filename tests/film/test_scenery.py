"""What stands around a person: backgrounds, framing and the label, seen in decoded films and in drawn frames."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from avatar import colours
from avatar.artifacts import Film
from avatar.errors import BadRequest
from avatar.request import parse
from avatar.testing import Bench
from stages.film import FILM, Scenery, label
from stages.film.label import Label
from stages.film.matting import cut_out
from stages.film.scene import view_of
from stages.film.sheets import to_ycbcr
from tests.film.figures import SIZE
from tests.film.test_film_stage import brief, made, png, portrait

BESIDE = (slice(40, 90), slice(4, 40))
"""A part of the frame where nothing but the background is seen."""


def planes(bench: Bench, film: Film) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Y', Cb and Cr of each frame."""
    found = []
    with av.open(str(bench.context.path(film.video))) as file:
        for frame in file.decode(video=0):
            rows = [np.frombuffer(memoryview(p), np.uint8).reshape(-1, p.line_size)[:, : p.width] for p in frame.planes]
            found.append((rows[0][: frame.height].copy(), rows[1].copy(), rows[2].copy()))
    return found


def beside(picture: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """The mean code of each plane beside the person."""
    half = tuple(slice(each.start // 2, each.stop // 2) for each in BESIDE)
    return np.array([picture[0][BESIDE].mean(), picture[1][half].mean(), picture[2][half].mean()])


@pytest.mark.parametrize("colour", ["#008080", "#ffffff", "#101010", "#00ff00"])
def test_a_colour_is_what_is_seen_behind_the_person(tmp_path: Path, colour: str) -> None:
    bench, film = made(tmp_path, scenery=Scenery(colour))
    wanted = to_ycbcr(np.asarray(colours.rgb(colour), np.float32))
    shown = planes(bench, film)
    for picture in (shown[0], shown[25], shown[-1]):
        np.testing.assert_allclose(beside(picture), wanted, atol=2.0)


def test_a_picture_fills_the_frame_and_is_cut_in_the_middle(tmp_path: Path) -> None:
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 150:250] = (40, 200, 90)  # B'G'R': the middle, all that a square film shows
    bench, film = made(tmp_path)
    backdrop = bench.blob(png(wide), "image/png")
    asked = brief(bench, tmp_path)
    painted = replace(asked.clip, portrait=replace(asked.clip.portrait, notes=("The face was painted.",)))
    drawn = bench.perform(FILM.chain[0], replace(asked, clip=painted, scenery=Scenery(backdrop=backdrop)))
    wanted = to_ycbcr(np.array([90, 200, 40], np.float32) / 255.0)
    np.testing.assert_allclose(beside(planes(bench, drawn)[10]), wanted, atol=2.0)
    assert drawn.video != film.video
    assert drawn.notes == ("The face was painted.",)


def test_what_is_no_picture_is_refused_as_a_background(tmp_path: Path) -> None:
    bench, _ = made(tmp_path)
    broken = bench.blob(b"no picture", "image/png")
    with pytest.raises(BadRequest, match="background is not a picture"):
        bench.perform(FILM.chain[0], replace(brief(bench, tmp_path), scenery=Scenery(backdrop=broken)))


def test_a_transparent_film_shows_a_neutral_colour_and_says_so(tmp_path: Path) -> None:
    bench, film = made(tmp_path, scenery=Scenery("transparent"))
    shown = beside(planes(bench, film)[20])
    np.testing.assert_allclose(shown[1:], 128.0, atol=1.0)
    assert shown[0] > 180
    assert "alpha.webm" in film.notes[0]


def test_without_wishes_nothing_is_noted(tmp_path: Path) -> None:
    _, film = made(tmp_path)
    assert film.notes == ()
    assert film.recipe is not None


@pytest.mark.parametrize("size", [(256, 256), (480, 270), (270, 480)])
def test_the_label_is_in_every_frame_and_in_the_thumbnail_and_not_on_the_face(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    words = "AI-generated"
    bench, plain = made(tmp_path, "plain", width=size[0], height=size[1])
    other, marked = made(tmp_path, "marked", width=size[0], height=size[1], label=words)
    box = Label(words, *size).box
    without, shown = planes(bench, plain), planes(other, marked)
    assert len(without) == len(shown)
    for before, after in zip(without, shown, strict=True):
        change = np.abs(before[0].astype(int) - after[0])
        assert change[box.rows, box.columns].mean() > 15
        assert after[0][box.rows, box.columns].max() > 180, "letters are bright"
        change[box.rows, box.columns] = 0
        assert np.percentile(change, 99) < 12, "nothing else has changed"
    still = cv2.imdecode(np.frombuffer(other.read(marked.thumbnail), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert still is not None
    assert still[box.rows, box.columns].max() > 180
    points = np.load(other.context.path(marked.rig))
    assert points[..., 1].min() > box.y + box.height or points[..., 0].min() > box.x + box.width


def test_a_label_has_the_language_of_the_film() -> None:
    assert label.text("auto", "de-at") == "KI-generiert"
    assert label.text("auto", "") == label.text("auto", "sw") == "AI-generated"
    assert label.text("Made by us", "de") == "Made by us"
    assert label.text(None, "de") == ""


@pytest.mark.parametrize("words", sorted(set(label.WORDS.values())))
def test_every_label_can_be_drawn(words: str) -> None:
    label.check(words)


def test_a_label_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(BadRequest, match="label"):
        label.check("تم إنشاؤه")


@pytest.mark.parametrize("words", ["x" * 60, "W" * 60])
@pytest.mark.parametrize("size", [(256, 256), (1080, 1920)])
def test_a_long_label_stays_in_its_corner(words: str, size: tuple[int, int]) -> None:
    box = Label(words, *size).box
    assert box.x + box.width <= 0.5 * size[0]
    assert box.y + box.height <= 0.1 * size[1]


def test_framing_goes_from_near_to_far_and_zoom_nearer_still(tmp_path: Path) -> None:
    bench, _ = made(tmp_path)
    who = portrait(bench)
    scale = {
        framing: view_of(who, (256, 256), Scenery(framing=framing)).scale
        for framing in ("close", "head_and_shoulders", "wide", "whole")
    }
    assert scale["close"] > scale["head_and_shoulders"] > scale["wide"] >= scale["whole"]
    near = view_of(who, (256, 256), Scenery(zoom=1.5))
    assert near.scale == pytest.approx(1.5 * scale["head_and_shoulders"])


def test_a_whole_photograph_is_all_in_the_frame(tmp_path: Path) -> None:
    bench, _ = made(tmp_path)
    who = replace(portrait(bench), kind="photo")
    seen = view_of(who, (480, 270), Scenery(framing="whole"))
    assert seen.left <= 0
    assert seen.left + 480 / seen.scale >= SIZE
    assert seen.top <= 0
    assert seen.top + 270 / seen.scale >= SIZE


@pytest.mark.parametrize("behind", [(250, 250, 250), (5, 5, 5), (60, 200, 60)])
def test_a_cut_out_person_keeps_no_rim_of_the_old_background(behind: tuple[int, int, int]) -> None:
    unit, size, radius = 240.0, 480, 150
    y, x = np.mgrid[0:size, 0:size]
    away = np.hypot(x - size / 2, y - size / 2)
    truth = np.clip(radius - away + 0.5, 0.0, 1.0)
    skin = np.array([190, 120, 100], np.float32)
    colour = truth[..., None] * skin + (1 - truth[..., None]) * np.asarray(behind, np.float32)
    generous = np.clip(1.0 - (away - radius - 0.03 * unit) / (0.13 * unit), 0.0, 1.0)
    person = np.dstack([colour, 255 * generous]).round().astype(np.uint8)
    found = cut_out(person, unit)
    cover = found[..., 3] / 255.0
    assert np.abs(cover - truth).mean() < 0.01
    assert cover[away > radius + 4].max() < 0.05
    rim = (cover > 0.1) & (away > radius - 3)
    assert np.abs(found[rim][:, :3].astype(float) - skin).mean() < 12


def test_the_request_knows_colours_by_name_and_number() -> None:
    def background(text: str) -> str:
        return parse({"text": "Hello.", "background": text}).background

    assert background("Teal") == "#008080"
    assert background("#ABC") == "#aabbcc"
    assert background("blur") == "blur"
    with pytest.raises(BadRequest, match="background can't be 'plaid'"):
        background("plaid")
