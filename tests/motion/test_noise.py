"""Seeded noise and sums of movements: no loop, one curve for every frame rate, long clips begin like short ones."""

import numpy as np
import pytest

from avatar.face.noise import Grid, bump, drift, generator, minimum_jerk, pulses, renewal, steps
from tests.motion.curves import band_share, repeats

STREAM = (0.06229003794079413, 0.9682354439630873, 0.4033332051938754)


def test_drift_has_unit_variance_and_no_loop() -> None:
    curve = drift(Grid(15000, 25), seed=3, purpose="test", spacing=1.0)
    assert curve.std() == pytest.approx(1.0, abs=0.1)
    assert abs(curve.mean()) < 0.15
    assert repeats(curve, fps=25) < 0.2


@pytest.mark.parametrize("spacing", [0.3, 1.0, 2.5])
def test_drift_is_band_limited(spacing: float) -> None:
    curve = drift(Grid(15000, 25), seed=1, purpose="test", spacing=spacing)
    assert band_share(curve, fps=25, above=1.0 / spacing) < 0.002
    assert band_share(curve, fps=25, above=0.1 / spacing) > 0.3


def test_a_long_clip_begins_like_a_short_one() -> None:
    short = drift(Grid(100, 25), seed=5, purpose="test", spacing=0.7)
    long = drift(Grid(5000, 25), seed=5, purpose="test", spacing=0.7)
    np.testing.assert_array_equal(short, long[:100])


def test_frame_rate_samples_one_curve() -> None:
    slow = drift(Grid(250, 25), seed=5, purpose="test", spacing=0.7)
    fast = drift(Grid(500, 50), seed=5, purpose="test", spacing=0.7)
    np.testing.assert_allclose(fast[::2], slow, atol=1e-12)


def test_seed_and_purpose_make_other_streams() -> None:
    first = generator(1, "head").random(8)
    assert not np.array_equal(first, generator(2, "head").random(8))
    assert not np.array_equal(first, generator(1, "eyes").random(8))
    np.testing.assert_array_equal(first, generator(1, "head").random(8))


def test_streams_are_the_same_on_every_machine() -> None:
    np.testing.assert_allclose(generator(1, "head").random(3), STREAM, rtol=0.0, atol=0.0)


def test_renewal_keeps_its_mean_and_its_past() -> None:
    times = renewal(Grid(90000, 25), seed=4, purpose="test", mean=4.0, sigma=0.4)
    gaps = np.diff(times)
    assert gaps.mean() == pytest.approx(4.0, rel=0.05)
    assert gaps.min() > 0.0
    early = renewal(Grid(250, 25), seed=4, purpose="test", mean=4.0, sigma=0.4)
    np.testing.assert_array_equal(early, times[: len(early)])


def test_steps_add_up_and_stay() -> None:
    grid = Grid(100, 25)
    curve = steps(grid, np.array([0.5, 0.6, -2.0]), np.array([0.4, 1.0, 0.3]), np.array([1.0, 2.0, 0.25]))
    assert curve[0] == pytest.approx(0.25)
    assert curve[-1] == pytest.approx(3.25)
    assert np.all(np.diff(curve) >= -1e-12)
    assert np.abs(np.diff(curve)).max() < 0.3


def test_steps_beyond_the_end_do_nothing() -> None:
    assert not steps(Grid(10, 25), np.array([5.0]), np.array([1.0]), np.array([1.0])).any()


def test_pulses_live_only_in_their_time() -> None:
    curve = pulses(Grid(100, 25), np.array([1.0, 3.8]), np.array([0.8, 2.0]), np.array([2.0, 1.0]), bump(0.4))
    assert curve.max() == pytest.approx(2.0, abs=0.02)
    assert int(curve.argmax()) == 33
    assert not curve[:26].any()
    assert not curve[45:96].any()
    assert curve[-1] > 0.0


def test_no_events_give_rest() -> None:
    none = np.zeros(0)
    assert not steps(Grid(5, 25), none, none, none).any()
    assert not pulses(Grid(5, 25), none, none, none, bump(0.5)).any()


def test_minimum_jerk_starts_and_ends_softly() -> None:
    u = np.linspace(-0.2, 1.2, 1401)
    speed = np.gradient(minimum_jerk(u), u)
    assert speed.max() == pytest.approx(1.875, abs=0.01)
    assert np.abs(np.gradient(speed, u)).max() < 6.0
