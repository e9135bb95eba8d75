"""Who fills the picture moves the mouth less; and lips that meet still meet."""

import numpy as np
import pytest

from avatar.face import nearness, rig_measures, tracks
from avatar.face.tracks import COLUMN

HELD = nearness.photographed(0.4, width=0.75)


def said(**columns: float) -> tracks.Track:
    track = tracks.blank(2)
    for name, value in columns.items():
        track[:, COLUMN[name]] = value
    return track


def test_in_a_view_of_head_and_shoulders_and_in_wider_ones_a_drawn_mouth_does_all_it_was_told() -> None:
    told = said(jawOpen=0.4, mouthPucker=0.8)
    for shown in (nearness.USUAL, 3.0):
        np.testing.assert_array_equal(nearness.restrained(told, shown=shown), told)


def test_the_nearer_the_view_the_less_the_mouth_opens_and_purses() -> None:
    told = said(jawOpen=0.4, mouthPucker=0.8)
    near, nearest = (nearness.restrained(told, shown=shown) for shown in (1.9, 1.6))
    for measure in (rig_measures.gap, lambda track: 1.0 - rig_measures.width(track)):
        assert 0.0 < measure(nearest)[0] < measure(near)[0] < measure(told)[0]
    assert told[0, COLUMN["jawOpen"]] == pytest.approx(0.4), "what was told must stay as it was"


def test_nothing_holds_back_lips_that_close_or_eyes_that_blink() -> None:
    told = said(jawOpen=0.4, mouthClose=1.0, mouthPressLeft=0.3, mouthRollLower=0.9, eyeBlinkLeft=1.0, browInnerUp=0.5)
    held = nearness.restrained(told, shown=1.6, manner=HELD)
    assert rig_measures.gap(held)[0] == 0.0
    for name in ("mouthClose", "mouthPressLeft", "mouthRollLower", "eyeBlinkLeft", "browInnerUp"):
        assert held[0, COLUMN[name]] == told[0, COLUMN[name]]


def test_a_mouth_of_less_width_still_rounds_before_it_spreads() -> None:
    rounded, spread = (
        nearness.restrained(said(**shape), shown=1.6, manner=HELD)
        for shape in ({"mouthPucker": 0.8}, {"mouthStretchLeft": 0.5, "mouthStretchRight": 0.5})
    )
    assert rig_measures.width(rounded)[0] < 0.9
    assert rig_measures.width(spread)[0] > 1.0


def test_mouths_of_photographs_open_by_the_distance_between_their_eyes() -> None:
    told = said(jawOpen=0.4)
    gaps = [
        float(rig_measures.gap(nearness.restrained(told, shown=3.0, manner=nearness.photographed(apart, width=1.0)))[0])
        for apart in (0.2, 0.35, 0.4, 0.8)
    ]
    assert gaps[0] < gaps[1] < gaps[2] < gaps[3]
    assert gaps[2] / gaps[1] == pytest.approx(0.4 / 0.35, rel=1e-4)
    assert gaps[3] / gaps[0] == pytest.approx(nearness.MORE / nearness.LESS, rel=1e-4), "no face is taken for a freak"
