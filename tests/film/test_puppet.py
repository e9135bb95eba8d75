"""The puppet draws what its track says, and nothing else moves."""

import cv2
import numpy as np
import pytest

from avatar.face import landmarks, rig_measures
from avatar.face.tracks import COLUMN, Track, blank
from stages.film.sidecars import to_bgr
from tests.film.figures import SIZE, puppet


def row(**columns: float) -> Track:
    track = blank(1)
    for name, value in columns.items():
        track[0, COLUMN[name]] = value
    first: Track = track[0]
    return first


def seen(frame_row: Track) -> Track:
    """The landmarks of one row."""
    points: Track = puppet().landmarks(frame_row[None])[0]
    return points


def dark_in_mouth(frame_row: Track) -> int:
    """Pixels darker than skin and lips in the middle column of the lower face."""
    luma = puppet().draw(frame_row).luma
    return int(np.sum(luma[130:165, 128] < 70))


def test_rest_is_the_portrait_itself() -> None:
    picture = to_bgr(puppet().draw(row()))
    assert np.abs(picture[120, 100].astype(int) - (140, 160, 200)).max() <= 3
    assert np.abs(picture[104, 106].astype(int) - (240, 240, 240)).max() <= 12


@pytest.mark.parametrize("jaw", [0.1, 0.3, 0.6])
def test_mouth_opens_as_far_as_the_rig_says(jaw: float) -> None:
    wanted = float(rig_measures.gap(row(jawOpen=jaw)[None])[0]) * puppet().skull.face_height
    assert dark_in_mouth(row(jawOpen=jaw)) == pytest.approx(wanted, abs=max(2.0, 0.35 * wanted))


def test_closed_lips_show_no_inside() -> None:
    assert dark_in_mouth(row()) == 0
    assert dark_in_mouth(row(jawOpen=0.4, mouthClose=1.0)) == 0


def test_shut_eyes_hide_the_eyeballs() -> None:
    def bright(frame_row: Track) -> int:
        return int(np.sum(puppet().draw(frame_row).luma[98:110, 102:120] > 200))

    assert bright(row()) > 20
    assert bright(row(eyeBlinkRight=1.0)) == 0
    assert bright(row(eyeBlinkLeft=1.0)) == bright(row())


@pytest.mark.parametrize(("name", "sign"), [("eyeLookInRight", 1), ("eyeLookOutRight", -1)])
def test_gaze_moves_the_iris_to_the_named_side(name: str, sign: int) -> None:
    def iris_x(frame_row: Track) -> float:
        luma = puppet().draw(frame_row).luma[102:107, 103:120].astype(float)
        weight = np.clip(200 - luma, 0, None)
        return float((weight * np.arange(luma.shape[1])).sum() / weight.sum())

    assert sign * (iris_x(row(**{name: 1.0})) - iris_x(row())) > 1.0


def test_turning_moves_features_but_not_the_background() -> None:
    still, turned = puppet().draw(row()), puppet().draw(row(headYaw=8.0, headPitch=5.0, headRoll=4.0, breath=1.0))
    assert np.array_equal(still.luma[:, :20], turned.luma[:, :20])
    assert not np.array_equal(still.luma[90:160, 90:166], turned.luma[90:160, 90:166])


@pytest.mark.parametrize(
    ("columns", "axis", "sign"),
    [({"headYaw": 8.0}, 0, 1), ({"headPitch": 8.0}, 1, -1), ({"headRoll": 6.0}, 0, 1), ({"headY": 0.03}, 1, 1)],
)
def test_landmarks_turn_the_way_the_columns_say(columns: dict[str, float], axis: int, sign: int) -> None:
    rest, moved = seen(row()), seen(row(**columns))
    lips = slice(landmarks.UPPER_OUTER.start, landmarks.LOWER_OUTER.stop)
    assert sign * (moved[lips, axis] - rest[lips, axis]).mean() > 0.5


def test_landmarks_lie_on_what_is_drawn() -> None:
    frame_row = row(jawOpen=0.4, headYaw=6.0, headRoll=4.0, headPitch=-3.0)
    points, luma = seen(frame_row), puppet().draw(frame_row).luma
    middle = 5
    top, bottom = points[landmarks.UPPER_INNER][middle], points[landmarks.LOWER_INNER][middle]
    inside = cv2.getRectSubPix(luma, (1, 1), tuple(float(v) for v in (top + bottom) / 2))[0, 0]
    above = cv2.getRectSubPix(luma, (1, 1), (float(top[0]), float(top[1]) - 2.5))[0, 0]
    assert inside < 75 < above


def test_landmarks_have_the_stated_number() -> None:
    assert puppet().landmarks(blank(3)).shape == (3, landmarks.POINTS, 2)


@pytest.mark.parametrize("size", [(256, 256), (480, 256), (256, 480), (1080, 1080), (1920, 1080)])
def test_any_shape_of_film_is_drawn(size: tuple[int, int]) -> None:
    frame = puppet(*size).draw(row(jawOpen=0.3, headYaw=4.0))
    assert frame.luma.shape == (size[1], size[0])
    assert frame.chroma.shape == (size[1] // 2, size[0] // 2, 2)


def test_no_row_breaks_the_drawing() -> None:
    noise = np.random.default_rng(3)
    track = noise.uniform(0.0, 1.0, (24, blank(1).shape[1])).astype(np.float32)
    track[:, : COLUMN["breath"]] *= 12.0
    drawing = puppet()
    for frame_row in track:
        assert drawing.draw(frame_row).luma.shape == (SIZE, SIZE)


def test_who_leans_moves_as_one_and_the_background_stays() -> None:
    still, leant = puppet().draw(row()), puppet().draw(row(leanX=0.2, leanY=0.05))
    before, after = seen(row()), seen(row(leanX=0.2, leanY=0.05))
    way = (after - before).mean(axis=0)
    assert way[0] > 0.15 * puppet().skull.unit
    assert way[1] > 0.03 * puppet().skull.unit
    spans = [np.linalg.norm(points[:, None] - points[None], axis=2) for points in (before, after)]
    assert np.abs(spans[0] - spans[1]).max() < 0.05 * puppet().skull.unit
    shown = []
    for frame, points in ((still, before), (leant, after)):
        x, y = np.rint(points[landmarks.RIGHT_UPPER_LID].mean(axis=0)).astype(int)
        shown.append(frame.luma[y : y + 7, x - 3 : x + 4].astype(int))
    assert abs(shown[0].mean() - shown[1].mean()) < 12
    np.testing.assert_array_equal(still.luma[:, :16], leant.luma[:, :16])


def test_nobody_leans_out_of_the_picture() -> None:
    for way in (-3.0, 3.0):
        points = seen(row(leanX=way, leanY=way))
        assert points.min() > 0
        assert points.max() < SIZE
