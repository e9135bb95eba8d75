"""The rig's ruler: what columns of a track mean in face heights."""

import numpy as np
import pytest

from avatar.face.rig_measures import column, gap, lip_to_teeth, width
from avatar.face.tracks import COLUMN, Track, blank


def posed(**columns: float) -> Track:
    track = blank(1)
    for name, value in columns.items():
        for full in (name,) if name in COLUMN else (name + "Left", name + "Right"):
            track[0, COLUMN[full]] = value
    return track


def test_a_mouth_at_rest_is_shut_and_as_wide_as_drawn() -> None:
    assert gap(posed())[0] == 0.0
    assert width(posed())[0] == 1.0


def test_the_jaw_opens_and_close_seals_whatever_the_jaw_does() -> None:
    assert gap(posed(jawOpen=1.0))[0] == pytest.approx(0.22)
    assert gap(posed(jawOpen=0.5))[0] == pytest.approx(0.11)
    assert gap(posed(jawOpen=1.0, mouthFunnel=1.0, mouthUpperUp=1.0, mouthClose=1.0))[0] == 0.0


def test_lips_part_by_their_own_muscles_and_thin_when_pressed() -> None:
    assert gap(posed(mouthUpperUp=1.0, mouthLowerDown=1.0))[0] == pytest.approx(0.04)
    assert gap(posed(mouthFunnel=1.0))[0] == pytest.approx(0.03)
    assert gap(posed(jawOpen=0.5, mouthPress=1.0))[0] == pytest.approx(0.09)
    assert gap(posed(mouthPress=1.0))[0] == 0.0


def test_width_narrows_and_spreads() -> None:
    assert width(posed(mouthPucker=1.0))[0] == pytest.approx(0.55)
    assert width(posed(mouthFunnel=1.0))[0] == pytest.approx(0.75)
    assert width(posed(mouthStretch=1.0))[0] == pytest.approx(1.25)
    assert width(posed(mouthStretch=0.4, mouthSmile=0.8))[0] == pytest.approx(1.2)


def test_rolling_the_lower_lip_brings_it_to_the_teeth() -> None:
    speaking = posed(jawOpen=0.2, mouthUpperUp=0.3)
    biting = posed(jawOpen=0.08, mouthUpperUp=0.3, mouthRollLower=0.9)
    assert lip_to_teeth(speaking)[0] > 0.02
    assert lip_to_teeth(biting)[0] == 0.0
    assert gap(biting)[0] > 0.0


def test_a_name_without_side_is_the_mean_of_both() -> None:
    track = posed()
    track[0, COLUMN["mouthSmileLeft"]] = 1.0
    assert column(track, "mouthSmile")[0] == 0.5


def test_rows_and_whole_films_measure_alike() -> None:
    film = np.repeat(posed(jawOpen=0.3), 5, axis=0)
    assert gap(film).shape == (5,)
    assert gap(film[2]) == gap(film)[2]
