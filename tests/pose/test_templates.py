"""The library of motions: they fit any body, end where they should, and name each other."""

import numpy as np
import pytest

from avatar.drive import GESTURES
from avatar.errors import NotFound
from avatar.face import tracks
from avatar.face.tracks import COLUMN
from stages.pose.driving import arms, people, rig, templates
from stages.pose.driving.rest import FOREARM, SIDES, UPPER_ARM
from tests.pose.people import UNIT, somebody

WHOLE = (700, 1000)


def test_a_request_can_name_each_of_them() -> None:
    assert set(GESTURES) == {"", *templates.NAMES}


@pytest.mark.parametrize("name", templates.NAMES)
def test_a_motion_keeps_bones_within_their_lengths_and_hands_on_their_wrists(name: str) -> None:
    person = somebody(WHOLE)
    ways = templates.ways(templates.find(name), frames=150, fps=25)
    points = rig.poses(person, tracks.blank(150), 25.0, ways).points
    for side, (shoulder, elbow, wrist, *_) in SIDES.items():
        upper = np.hypot(*(points[:, elbow] - points[:, shoulder]).T)
        lower = np.hypot(*(points[:, wrist] - points[:, elbow]).T)
        assert upper.max() <= UPPER_ARM * UNIT * 1.02
        assert lower.max() <= FOREARM * UNIT * 1.02
        hand = points[:, people.RIGHT_HAND if side < 0 else people.LEFT_HAND]
        assert np.hypot(*(hand[:, 0] - points[:, wrist]).T).max() < 0.02 * UNIT
        steps = np.hypot(*np.moveaxis(np.diff(points[:, wrist], axis=0), -1, 0))
        assert steps.max() < 0.6 * UNIT


def test_a_greeting_raises_the_right_hand_beside_the_head_and_lays_it_down() -> None:
    person = somebody(WHOLE)
    points = rig.poses(
        person, tracks.blank(125), 25.0, templates.ways(templates.find("greet"), frames=125, fps=25)
    ).points
    tips = points[:, people.RIGHT_HAND, 1].min(1)
    assert tips.min() < person.figure.points[people.CHIN, 1]
    assert points[-1] == pytest.approx(person.figure.points)
    assert points[:, people.LEFT_HAND] == pytest.approx(points[:1, people.LEFT_HAND].repeat(125, 0))


def test_explaining_goes_on_as_long_as_the_film_does_and_greeting_does_not() -> None:
    explain = templates.ways(templates.find("explain"), frames=500, fps=25)
    greet = templates.ways(templates.find("greet"), frames=500, fps=25)
    assert explain.raised[300:].max() == 1.0
    assert greet.raised[120:].max() == 0.0
    again, end = templates.find("explain").again, templates.find("explain").moments[-1].time
    assert again is not None
    period = round((end - again) * 25)
    assert explain.goal[30 : 30 + period] == pytest.approx(explain.goal[30 + period : 30 + 2 * period], abs=0.02)


def test_the_head_s_part_is_added_to_what_it_does_already() -> None:
    track = tracks.blank(100)
    track[:, COLUMN["headRoll"]] = 1.0
    moved = templates.laid_over(track, templates.find("listen"), fps=25)
    assert moved[60, COLUMN["headRoll"]] == pytest.approx(5.0, abs=0.6)
    assert track[60, COLUMN["headRoll"]] == 1.0


def test_a_motion_that_there_is_not_is_told_with_those_near_it() -> None:
    with pytest.raises(NotFound, match="greet"):
        templates.find("greeting")


def test_a_hand_at_rest_stays_where_it_was_found() -> None:
    person = somebody(WHOLE)
    points = person.figure.points[None].repeat(3, 0).copy()
    arms.moved(points, person, arms.still(3))
    assert points == pytest.approx(person.figure.points[None].repeat(3, 0))


def test_a_goal_out_of_reach_stretches_the_arm_towards_it() -> None:
    shoulder, resting = np.zeros((1, 2)), np.array([[10.0, 100.0]])
    elbow, wrist = arms.reached(shoulder, resting, np.array([[400.0, 0.0]]), (100.0, 90.0))
    assert wrist[0, 0] == pytest.approx(arms.STRAIGHT * 190.0)
    assert np.hypot(*elbow[0]) == pytest.approx(100.0)
    assert np.hypot(*(wrist - elbow)[0]) == pytest.approx(90.0)
