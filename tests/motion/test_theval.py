"""The five measures of THEval on points whose answers are known."""

import numpy as np
import pytest

from avatar.face import landmarks, theval
from tests.motion.curves import Array

FRAMES = 50


def face() -> Array:
    """478 points as shares of the picture: eyes 0.2 apart, brows 0.1 above them, a shut mouth below."""
    points = np.full((FRAMES, 478, 2), 0.5)
    for eye, x in ((theval.RIGHT_EYE, 0.4), (theval.LEFT_EYE, 0.6)):
        points[:, list(eye)] = (x, 0.4)
    for brow, x in ((theval.RIGHT_BROW, 0.4), (theval.LEFT_BROW, 0.6)):
        points[:, list(brow)] = (x, 0.3)
    for line in (theval.UPPER_OUTER, theval.UPPER_INNER, theval.LOWER_INNER, theval.LOWER_OUTER):
        points[:, list(line), 0] = np.linspace(0.45, 0.55, 11)
        points[:, list(line), 1] = 0.6
    return points


def opened(amount: Array) -> Array:
    """The face with lower lips lowered by `amount` (frames,)."""
    points = face()
    for line in (theval.LOWER_INNER[1:-1], theval.LOWER_OUTER[1:-1]):
        points[:, list(line), 1] += amount[:, None]
    return points


def test_a_still_face_measures_nothing() -> None:
    marks = theval.from_mediapipe(face())
    assert theval.lip_dynamics(marks) == pytest.approx(0.0)
    assert theval.brow_dynamics(marks) == 0.0
    assert theval.silent_lips(marks, np.ones(FRAMES, dtype=bool)) == 0.0
    assert theval.head_motion(np.zeros((FRAMES, 3)), np.zeros((FRAMES, 2))) == 0.0


def test_head_motion_is_its_formula() -> None:
    swing = np.tile([1.0, -1.0], FRAMES // 2)
    angles = np.stack([swing, 2.0 * swing, 0.0 * swing], axis=-1)
    change = np.mean([np.var(np.diff(column)) for column in angles.T])
    centre = np.stack([3.0 * swing, swing], axis=-1)
    assert theval.head_motion(angles, centre) == pytest.approx(np.sqrt(1.0 * change + 5.0))


def test_brow_dynamics_is_change_over_eye_distance() -> None:
    points = face()
    points[::2, list(theval.RIGHT_BROW), 1] -= 0.01
    assert theval.brow_dynamics(theval.from_mediapipe(points)) == pytest.approx(0.5 * 0.01 / 0.2)


def test_lip_dynamics_grows_with_opening() -> None:
    wave = 0.01 * np.sin(np.arange(FRAMES))
    small = theval.lip_dynamics(theval.from_mediapipe(opened(0.03 + wave)))
    large = theval.lip_dynamics(theval.from_mediapipe(opened(0.03 + 2.0 * wave)))
    assert 1.5 * small < large < 2.5 * small
    assert 0.1 < small < 256 * 0.01


def test_silent_lips_is_a_median_deviation_in_long_silences() -> None:
    marks = theval.from_mediapipe(opened(np.tile([0.0, 0.02], FRAMES // 2)))
    assert theval.silent_lips(marks, np.ones(FRAMES, dtype=bool)) == pytest.approx(0.05)
    short = np.zeros(FRAMES, dtype=bool)
    short[10:16] = True
    assert np.isnan(theval.silent_lips(marks, short))


def test_lip_sync_is_zero_for_lips_that_copy_loudness() -> None:
    loud = np.abs(np.sin(np.arange(FRAMES) / 3.0))
    marks = theval.from_mediapipe(opened(0.05 * loud))
    speech = np.ones(FRAMES, dtype=bool)
    assert theval.lip_sync(marks, loud, speech) == pytest.approx(0.0, abs=1e-6)
    assert theval.lip_sync(marks, loud.max() - loud, speech) > 0.3
    assert np.isnan(theval.lip_sync(marks, loud, ~speech))


def test_loudness_follows_the_sound() -> None:
    sound = np.concatenate([np.zeros(8000), np.full(8000, 0.5)])
    found = theval.loudness(sound, sample_rate=16000, times=np.array([0.2, 0.8]))
    np.testing.assert_allclose(found, [0.0, 0.5], atol=1e-9)


def test_rig_and_mediapipe_marks_agree() -> None:
    points = face()
    rig = np.zeros((FRAMES, landmarks.POINTS, 2))
    lines = (
        (landmarks.UPPER_OUTER, theval.UPPER_OUTER),
        (landmarks.UPPER_INNER, theval.UPPER_INNER),
        (landmarks.LOWER_INNER, theval.LOWER_INNER),
        (landmarks.LOWER_OUTER, theval.LOWER_OUTER),
        (landmarks.RIGHT_UPPER_LID, theval.RIGHT_EYE[:9]),
        (landmarks.LEFT_UPPER_LID, theval.LEFT_EYE[:9]),
        (landmarks.RIGHT_LOWER_LID, theval.RIGHT_EYE[:9]),
        (landmarks.LEFT_LOWER_LID, theval.LEFT_EYE[:9]),
        (landmarks.RIGHT_BROW, theval.RIGHT_BROW[:5]),
        (landmarks.LEFT_BROW, theval.LEFT_BROW[:5]),
    )
    for place, indices in lines:
        rig[:, place] = points[:, list(indices)] * (512, 1024)
    ours = theval.from_rig(rig, width=512, height=1024)
    theirs = theval.from_mediapipe(points)
    for name in theval.Marks.__slots__:
        np.testing.assert_allclose(getattr(ours, name).mean(axis=1), getattr(theirs, name).mean(axis=1), atol=1e-9)
        assert name.endswith("brow") or getattr(ours, name).shape == getattr(theirs, name).shape


def test_closeness_is_one_at_the_truth_and_leaves_out_what_is_unknown() -> None:
    assert theval.closeness(dict(theval.TRUTH))["mean"] == 1.0
    half = theval.closeness({"brow_dynamics": 0.5 * theval.TRUTH["brow_dynamics"], "lip_sync": float("nan")})
    assert half == {"brow_dynamics": pytest.approx(0.5), "mean": pytest.approx(0.5)}
    assert theval.closeness({"head_motion": 100.0})["mean"] == 0.0


def test_resampling_to_25_keeps_the_curve() -> None:
    times = np.arange(120) / 60
    slow = theval.at_25(np.sin(times)[:, None], fps=60)
    np.testing.assert_allclose(slow[:, 0], np.sin(np.arange(len(slow)) / 25), atol=1e-3)
    assert len(theval.at_25(np.zeros((250, 2)), fps=25)) == 250
