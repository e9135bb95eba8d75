"""The One-Euro filter both ways: jitter goes, movement stays, nothing lags."""

import numpy as np

from avatar.face.one_euro import smoothed


def test_what_rests_is_still() -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.01, (200, 2))
    assert smoothed(noise, 25.0, steady=1.0, quick=0.5).std() < 0.3 * noise.std()


def test_a_constant_is_kept_and_short_signals_too() -> None:
    assert np.allclose(smoothed(np.full((50, 3), 7.0), 25.0, steady=2.0, quick=5.0), 7.0)
    assert smoothed(np.array([[1.0], [2.0]]), 25.0, steady=2.0, quick=5.0).tolist() == [[1.0], [2.0]]


def test_backwards_is_the_same_as_forwards() -> None:
    walk = np.random.default_rng(2).normal(size=(120, 1)).cumsum(axis=0)
    there = smoothed(walk, 25.0, steady=2.0, quick=4.0)
    assert np.allclose(smoothed(walk[::-1], 25.0, steady=2.0, quick=4.0)[::-1], there)


def test_a_quick_movement_is_followed_where_a_plain_low_pass_is_not() -> None:
    time = np.arange(100) / 25.0
    wave = np.sin(2 * np.pi * 3.0 * time)[:, None]
    quick = smoothed(wave, 25.0, steady=1.0, quick=20.0)
    slow = smoothed(wave, 25.0, steady=1.0, quick=0.0)
    assert np.abs(quick - wave).max() < 0.2
    assert np.abs(slow - wave).max() > 0.5
