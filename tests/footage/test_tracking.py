"""A face followed: gaps bridged, flashes ignored, covered mouths and lost faces left without points."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.testing import workbench
from stages import tracking
from tests.footage.films import SIDE, beside, hidden, placement, speaker
from tests.footage.test_heads import view


def marked(count: int, *spans: tuple[int, int]) -> NDArray[np.bool_]:
    result = np.zeros(count, np.bool_)
    for start, stop in spans:
        result[start:stop] = True
    return result


def cleaned(seen: NDArray[np.bool_], covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which frames have points after all."""
    found = np.stack([view(yaw=0.1 * number) for number in range(len(seen))])
    found[~seen] = np.nan
    points = tracking.cleaned(found, seen, covered, fps=25.0)
    return np.asarray(~np.isnan(points).any(axis=(1, 2)))


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    seen = ~marked(100, (20, 25), (50, 65))
    assert np.array_equal(cleaned(seen, marked(100)), ~marked(100, (50, 65)))


def test_the_ends_are_not_made_up() -> None:
    assert np.array_equal(cleaned(~marked(60, (0, 4), (55, 60)), marked(60)), ~marked(60, (0, 4), (55, 60)))


def test_a_face_that_flashes_up_is_none() -> None:
    seen = marked(80, (0, 30), (45, 47), (60, 80))
    assert not cleaned(seen, marked(80))[45:47].any()


def test_covered_frames_have_no_points_but_a_single_odd_one_has() -> None:
    found = cleaned(~marked(80), marked(80, (30, 36), (60, 61)))
    assert np.array_equal(found, ~marked(80, (30, 36)))


def test_nobody_at_all_is_all_nan() -> None:
    assert not cleaned(marked(20), marked(20)).any()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracking")


def test_a_drawn_speaker_is_followed_and_a_hand_before_the_mouth_is_seen(folder: Path) -> None:
    model = placement(folder).weights["face-landmarker"]
    frames = speaker(workbench(folder), 30)
    follower = tracking.tracker(model).follower(25.0)
    over = slice(int(0.52 * SIDE), int(0.86 * SIDE)), slice(int(0.3 * SIDE), int(0.7 * SIDE))
    for number, picture in enumerate(frames):
        follower.look(hidden(picture, over) if 12 <= number < 20 else picture)
    lost = np.isnan(follower.points()[:, 0, 0])
    assert lost[12:20].all()
    assert not lost[:12].any()
    assert not lost[20:].any()


def test_of_two_people_the_one_that_is_meant_is_followed(folder: Path) -> None:
    model = placement(folder).weights["face-landmarker"]
    bench = workbench(folder / "two")
    pairs = [beside(*both) for both in zip(speaker(bench, 4), speaker(bench, 4, "nia"), strict=True)]
    for which, right in ((0, False), (1, True)):
        follower = tracking.tracker(model).follower(25.0, which)
        for picture in pairs:
            follower.look(picture)
        assert (follower.points()[:, :, 0].mean(axis=1) > SIDE).all() == right
