"""A head told by its points: angles, the face at rest under what a mouth does, jitter taken out."""

import numpy as np
import pytest

from avatar.face import facemesh, heads

USUAL = np.load(heads.USUAL).astype(np.float64)


def view(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, size: float = 200.0) -> heads.Floats:
    """The usual face turned, in pixels."""
    a, b, c = np.deg2rad([yaw, pitch, roll])
    x, y, z = USUAL.T
    x, z = x * np.cos(a) + z * np.sin(a), z * np.cos(a) - x * np.sin(a)
    y, z = y * np.cos(b) - z * np.sin(b), z * np.cos(b) + y * np.sin(b)
    turned = np.stack([x * np.cos(c) - y * np.sin(c), x * np.sin(c) + y * np.cos(c)], axis=1)
    return (turned * size + 300.0).astype(np.float32)


def closed() -> heads.Floats:
    """The usual face from the front with its lips together."""
    return heads.shut(view())


def opened(points: heads.Floats, by: float) -> heads.Floats:
    """The same face with its lower lip and chin lower."""
    moved = points.copy()
    below = [*facemesh.LOWER_INNER[1:-1], *facemesh.LOWER_OUTER[1:-1], facemesh.CHIN]
    moved[below, 1] += by
    return moved


@pytest.mark.parametrize(("name", "axis"), [("yaw", 0), ("pitch", 1), ("roll", 2)])
@pytest.mark.parametrize("degrees", [-12.0, 12.0])
def test_each_turn_is_told_by_its_own_angle(name: str, axis: int, degrees: float) -> None:
    angles = heads.usual(view(**{name: degrees})[None]).angles[0]
    assert np.argmax(np.abs(angles)) == axis
    assert angles[axis] == pytest.approx(degrees * heads.LIKE_MEDIAPIPE[axis], abs=2.5)


def test_a_mouth_that_opens_leaves_the_face_at_rest_where_it_is() -> None:
    shut, wide = view(yaw=8.0), opened(view(yaw=8.0), 20.0)
    head = heads.fitted(view(), np.stack([shut, wide]))
    lips = [facemesh.UPPER_INNER[5], facemesh.LOWER_INNER[5], facemesh.CHIN]
    assert np.abs(head.at_rest(1) - head.at_rest(0))[lips].max() < 0.1
    assert np.abs(head.at_rest(0) - shut)[lips].max() < 1.5


def test_the_face_at_rest_is_taken_from_frontal_frames_with_shut_lips() -> None:
    frames = np.stack([opened(view(), 20.0), view(yaw=20.0), view(yaw=1.0), opened(view(), 8.0)])
    rest, first = heads.resting(frames)
    assert first == 2
    assert heads.gaps(rest[None])[0] < 0.002 < heads.gaps(frames[2:3])[0]


def test_jitter_goes_and_a_quick_closure_stays() -> None:
    rng = np.random.default_rng(3)
    gaps = np.where((np.arange(60) % 12) < 3, 0.0, 18.0)
    clean = np.stack([opened(view(yaw=5 * np.sin(i / 9)), gap) for i, gap in enumerate(gaps)])
    calm = heads.steadied((clean + rng.normal(0, 0.7, clean.shape)).astype(np.float32), 25.0)
    eyes = [33, 263]
    assert np.diff(calm[:, eyes] - clean[:, eyes], axis=0).std() < 0.8 * np.sqrt(2) * 0.7
    shut = heads.gaps(calm)[gaps == 0.0].reshape(-1, 3)[:, 1] - heads.gaps(clean)[gaps == 0.0].reshape(-1, 3)[:, 1]
    assert np.abs(shut).max() < 0.02


def test_a_smile_that_lasts_is_kept_and_a_sound_is_not() -> None:
    frames = np.repeat(view()[None], 100, axis=0)
    frames[:, facemesh.UPPER_OUTER[0]] += (-6.0, -5.0)
    frames[50:53, facemesh.UPPER_OUTER[-1]] += (9.0, 0.0)
    kept = heads.lasting(heads.fitted(view(), frames), frames, 25.0)
    assert kept[30, 0] == pytest.approx([-6 * heads.LASTS, -5 * heads.LASTS], abs=0.3)
    assert np.abs(kept[51, 2]).max() < 1.5
    moved = heads.with_lasting(view(), kept[30]) - view()
    assert moved[facemesh.UPPER_OUTER[0]] == pytest.approx(kept[30, 0], abs=0.01)
    assert np.abs(moved[[33, 1]]).max() == 0.0
