"""The whole body: it keeps a posture while a thought lasts, changes it afterwards, and never leaves the picture."""

import numpy as np
import pytest

from avatar.face import leaning, pose, prosody, theval
from avatar.face.noise import Grid
from avatar.face.tracks import COLUMN, Track, blank
from stages.film.sheets import view
from stages.motion.idle import living
from stages.pose.warp import speaking
from tests.film.figures import FACE, SIZE
from tests.motion.curves import Array, column
from tests.motion.talk import talk

FILM = (int(theval.FRAME), int(theval.FRAME))
SAID = talk()
GRID = Grid(round(SAID.seconds * 25), 25)


def spoken(seed: int, *, head: float = 1.0) -> Track:
    base = living(GRID, seed=seed, head=head, blink=1.0, look=1.0)
    return speaking(base, 25, SAID, seed=seed, head=head, express=1.0, look=1.0)


def centre(track: Track) -> Array:
    """Where the middle of the face is, in pixels of a film of head and shoulders."""
    seen = view((SIZE, SIZE), FILM, FACE)
    head = pose.skull(FACE, seen.scale, seen.origin)
    middle = np.full((len(track), 1, 2), (head.centre_x, head.centre_y), np.float32)
    lean = pose.lean(head, track, pose.room(head, *FILM))
    shift = pose.displaced(head, track, middle, np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32), lean)
    moved: Array = pose.leant(lean, middle + shift)[:, 0].astype(np.float64)
    return moved


def test_the_face_wanders_about_as_far_as_real_people_s() -> None:
    found = []
    for seed in range(4):
        track = spoken(seed)
        angles = np.stack([column(track, name) for name in ("headYaw", "headPitch", "headRoll")], axis=1)
        found.append(theval.head_motion(angles, centre(track)))
    assert np.mean(found) == pytest.approx(theval.TRUTH["head_motion"], rel=0.2)
    assert min(found) > 0.65 * theval.TRUTH["head_motion"]


def test_postures_change_where_thoughts_end_and_are_kept_between() -> None:
    spoken_phrases = prosody.phrases(SAID)
    way = leaning.shifts(GRID, spoken_phrases, seed=3)["leanX"]
    moving = np.abs(np.diff(way)) > 1e-9
    starts = np.flatnonzero(np.diff(np.concatenate([[False], moving]).astype(int)) == 1) / 25
    moments = np.array([spoken_phrases[0].start - 0.3, *(phrase.end - 0.15 for phrase in spoken_phrases)])
    assert len(starts) > 4
    assert np.abs(starts[:, None] - moments).min(axis=1).max() <= 0.08
    assert moving.mean() < 0.5
    assert np.diff(starts).min() >= leaning.KEPT[0] + leaning.LENGTH[0] - 0.08


def test_it_is_slow_and_stays_on_the_seat() -> None:
    for seed in range(4):
        track = spoken(seed, head=2.0)
        for name, most in leaning.LIMIT.items():
            assert np.abs(column(track, name)).max() <= 1.5 * most
        assert np.abs(np.diff(column(spoken(seed), "leanX"))).max() * 25 < 0.7


def test_without_head_movement_the_body_is_still() -> None:
    track = spoken(1, head=0.0)
    assert not track[:, [COLUMN[name] for name in leaning.COLUMNS]].any()
    np.testing.assert_array_equal(spoken(1), spoken(1))


def test_leaning_back_brings_every_point_back() -> None:
    head = pose.skull(FACE, 1.0, (0.0, 0.0))
    track = blank(1)
    for name, value in (("leanX", 0.3), ("leanY", -0.1), ("leanScale", 0.05)):
        track[0, COLUMN[name]] = value
    points = np.random.default_rng(1).uniform(0.0, SIZE, (50, 2)).astype(np.float32)
    matrix = pose.lean(head, track[0], pose.NOTHING_IN_THE_WAY)
    there = pose.leant(matrix, points)
    np.testing.assert_allclose(pose.leant(pose.upright(matrix), there), points, atol=1e-3)
    apart = np.linalg.norm(np.diff(there, axis=0), axis=1) / np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(apart, 1.05, rtol=1e-4)


def test_the_head_stays_in_the_picture_however_far_it_wants_to_go() -> None:
    room = pose.Room(left=0.2, right=0.1, up=0.05, down=0.3)
    far = np.array([-5.0, -0.02, 0.02, 5.0], np.float32)
    x, y = room.within(far, far)
    np.testing.assert_allclose(x, [-0.2, -0.02, 0.02, 0.1], atol=1e-3)
    np.testing.assert_allclose(y, [-0.05, -0.02, 0.02, 0.3], atol=2e-3)
