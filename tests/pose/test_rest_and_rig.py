"""A portrait's person as a skeleton: where they are at rest, and how they move along a track."""

import numpy as np
import pytest

from avatar.face import prosody, tracks
from avatar.face.noise import Grid
from avatar.face.tracks import COLUMN, HEAD
from stages.motion.idle import living
from stages.pose.animate_anyone import skeleton
from stages.pose.animate_anyone.skeleton import FACE, SEEN
from stages.pose.driving import build, gestures, heads, people, rest, rig
from stages.pose.driving.people import Figure
from stages.pose.driving.rest import SIDES
from stages.pose.warp import speaking
from tests.motion.talk import talk
from tests.pose.people import UNIT, face, somebody

WHOLE = (700, 1000)


def distance(points: people.Points, one: int, other: int) -> np.ndarray:
    result: np.ndarray = np.hypot(*np.moveaxis(points[..., one, :] - points[..., other, :], -1, 0))
    return result


def test_the_face_s_points_are_the_portrait_s_landmarks() -> None:
    shown, points = face(), rest.face_points(face())
    assert points.shape == (68, 2)
    assert np.allclose(points[8], shown.jaw[8], atol=2.0)
    assert np.allclose(points[[36, 39]], [shown.right.upper[0], shown.right.upper[-1]])
    assert np.allclose(points[[48, 54]], [shown.upper_lip_outer[0], shown.upper_lip_outer[-1]])
    assert (points[37:39, 1] < points[40:42, 1][::-1] + 1e-6).all()
    assert points[33] == pytest.approx(shown.nose[-1])


def test_a_whole_body_has_the_proportions_of_an_adult() -> None:
    points = somebody(WHOLE).figure.points
    assert somebody(WHOLE).stands
    assert not somebody().stands
    for shoulder, elbow, wrist, hip, knee, ankle in SIDES.values():
        upper, lower = distance(points, shoulder, elbow), distance(points, elbow, wrist)
        assert upper / UNIT == pytest.approx(rest.UPPER_ARM, rel=0.02)
        assert 0.8 < lower / upper < 0.95
        legs = distance(points, hip, knee) + distance(points, knee, ankle)
        assert 4.2 < legs / UNIT < 5.0
    assert points[people.R_SHOULDER][0] < points[people.L_SHOULDER][0]
    assert points[people.NECK] == pytest.approx(points[[people.R_SHOULDER, people.L_SHOULDER]].mean(0))


@pytest.mark.parametrize("half", [70, 100, 130])
def test_shoulders_are_as_broad_as_the_outline(half: int) -> None:
    mask = np.zeros((400, 320), np.uint8)
    mask[:, 145:175] = 255
    mask[250:, 160 - half : 160 + half] = 255
    found = build.shoulders((160.0, 190.0), 100.0, mask)
    assert found.measured
    assert found.half == pytest.approx(np.clip(build.JOINT * (half - 13), 55, 120), abs=2)
    assert found.y == pytest.approx(250 + 12, abs=4)


def test_an_outline_cut_by_the_picture_says_nothing_of_the_breadth() -> None:
    mask = np.full((300, 200), 255, np.uint8)
    assert not build.shoulders((100.0, 150.0), 100.0, mask).measured
    assert build.shoulders((100.0, 150.0), 100.0, None).half == pytest.approx(90.0)


def test_what_is_outside_of_the_picture_is_not_seen() -> None:
    person = somebody()
    moved = rig.poses(person, tracks.blank(3), 10.0)
    outside = ~people.within(moved.points, person.size)
    assert outside.any()
    assert (moved.scores[outside] == 0).all()
    assert (moved.scores[~outside] > SEEN).all()


def test_the_first_frame_is_the_portrait() -> None:
    person = somebody(WHOLE)
    track = living(Grid(50, 25), seed=3, head=2.0, blink=0.0, look=1.0)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "mouthSmileLeft", "mouthSmileRight", "breath"):
        track[0, COLUMN[name]] = 0.0
    for side in ("Left", "Right"):
        track[0, COLUMN[f"browDown{side}"]] = 0.0
    moved = rig.poses(person, rig.eased(track, 25), 25.0)
    assert np.abs(moved.points[0] - person.figure.points).max() < 0.01 * UNIT
    assert np.abs(moved.points[30] - person.figure.points).max() > 0.01 * UNIT


def test_the_head_nods_on_stressed_syllables() -> None:
    said = talk(repeat=1)
    frames = round(said.seconds * 25)
    base = living(Grid(frames, 25), seed=1, head=1.0, blink=1.0, look=1.0)
    track = speaking(base, 25, said, seed=1, head=1.0, express=1.0, look=1.0)
    moved = rig.poses(somebody(), rig.eased(track, 25), 25.0)
    low = moved.points[:, people.NOSE, 1] - moved.points[:, [people.R_EAR, people.L_EAR], 1].mean(1)
    heavy = [a.time for p in prosody.phrases(said) for a in p.accents if a.main and a.time > 1.0]
    at = np.rint(np.asarray(heavy) * 25).astype(int)
    around = np.clip(at[:, None] + np.arange(-12, 13), 0, frames - 1)
    rises = low[np.minimum(at + 2, frames - 1)] - np.median(low[around], axis=1)
    assert np.median(rises) > 0.005 * UNIT


def test_heads_of_stiff_bones_keep_their_shape() -> None:
    track = tracks.blank(2)
    track[1, COLUMN["headRoll"]] = 8.0
    track[1, COLUMN["headX"]] = 0.1
    moved = rig.poses(somebody(), track, 25.0).points
    assert distance(moved, people.R_EYE, people.L_EYE)[1] == pytest.approx(distance(moved, 14, 15)[0], rel=1e-3)
    slope = np.diff(moved[1, [people.R_EYE, people.L_EYE]], axis=0)[0]
    level = np.diff(moved[0, [people.R_EYE, people.L_EYE]], axis=0)[0]
    turned = np.rad2deg(np.arctan2(slope[1], slope[0]) - np.arctan2(level[1], level[0]))
    assert turned == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize(
    ("column", "point", "axis", "sign"),
    [
        ("headYaw", people.NOSE, 0, 1),
        ("headPitch", people.NOSE, 1, -1),
        ("headX", people.NOSE, 0, 1),
        ("breath", people.R_SHOULDER, 1, -1),
        ("bodyX", people.L_SHOULDER, 0, 1),
        ("browInnerUp", FACE.start + 21, 1, -1),
        ("eyeBlinkRight", FACE.start + 37, 1, 1),
        ("mouthSmileLeft", FACE.start + 54, 1, -1),
    ],
)
def test_each_column_moves_what_it_says(column: str, point: int, axis: int, sign: int) -> None:
    track = tracks.blank(2)
    track[1, COLUMN[column]] = {"headYaw": 8.0, "headPitch": 6.0, "headX": 0.05, "bodyX": 0.05}.get(column, 1.0)
    moved = rig.poses(somebody(), track, 25.0).points
    assert sign * (moved[1, point, axis] - moved[0, point, axis]) > 0.005 * UNIT


def test_lips_stay_shut_whatever_is_said() -> None:
    track = tracks.blank(2)
    track[1, COLUMN["jawOpen"]] = 1.0
    moved = rig.poses(somebody(), track, 25.0).points
    assert np.array_equal(moved[0], moved[1])


def test_a_head_is_read_back_from_its_points() -> None:
    rng = np.random.default_rng(2)
    track = tracks.blank(12)
    sizes = (6.0, 4.0, 6.0, 0.05, 0.04, 0.03)
    for name, size in zip(HEAD, sizes, strict=True):
        track[1:, COLUMN[name]] = rng.uniform(-size, size, 11)
    person = somebody()
    found = heads.columns(rig.poses(person, track, 25.0), person)
    told = track[:, [COLUMN[name] for name in HEAD]]
    assert np.abs(found - told).max(0) == pytest.approx(np.zeros(6), abs=0.9)
    assert np.abs(found[:, 3:] - told[:, 3:]).max() < 0.02


def test_hands_beat_what_is_stressed_and_rest_in_silence() -> None:
    said = talk(repeat=1)
    grid = Grid(round(said.seconds * 25), 25)
    ways = gestures.speaking(grid, prosody.phrases(said), seed=4)
    assert ways.raised.max() == pytest.approx(1.0)
    assert (ways.raised[-5:] < 0.05).all()
    depth = ways.goal[:, 0, 1] - gestures.SPACE[1]
    accents = [a.time for p in prosody.phrases(said) for a in p.accents if a.weight > 0.6]
    at = np.rint((np.asarray(accents) + 0.04) * 25).astype(int)
    assert depth[at].mean() > 2.0 * depth.mean()
    assert not gestures.speaking(grid, prosody.phrases(said), seed=4, amount=0.0).raised.any()
    assert np.array_equal(gestures.speaking(grid, prosody.phrases(said), seed=4).goal, ways.goal)


def test_points_that_were_found_take_those_with_them_that_were_not() -> None:
    person = somebody(WHOLE)
    seen = Figure(person.figure.points.copy(), np.zeros(people.POINTS))
    seen.points[people.R_SHOULDER] += (-20, 10)
    seen.points[people.L_SHOULDER] += (5, 5)
    seen.scores[[people.R_SHOULDER, people.L_SHOULDER]] = 0.9
    known = rest.found(person, seen).figure.points
    assert known[people.R_WRIST] - person.figure.points[people.R_WRIST] == pytest.approx((-20, 10))
    assert known[people.LEFT_HAND] - person.figure.points[people.LEFT_HAND] == pytest.approx(np.full((21, 2), 5.0))
    assert np.array_equal(known[FACE], person.figure.points[FACE])


def test_the_skeleton_of_a_whole_body_is_drawn_in_all_its_colours() -> None:
    person = somebody(WHOLE)
    moved = rig.poses(person, tracks.blank(1), 10.0)
    drawn = skeleton.draw(moved.points, moved.scores, size=WHOLE[::-1])
    under_hands = {people.R_WRIST, people.L_WRIST}
    shown = [n for n in range(18) if n not in under_hands and moved.scores[0, n] > SEEN]
    assert len(shown) > 10
    for colour in (*(skeleton.RAINBOW[n] for n in shown), skeleton.FACE_POINT):
        assert (drawn == colour).all(-1).any()
