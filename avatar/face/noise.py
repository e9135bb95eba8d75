"""Chance that looks alive: seeded random curves and sums of short movements over a clip's frames. Knows no face.

Everything is defined in continuous time and drawn in the order of time, so that the first seconds of a long clip equal
a short clip, and 60 frames a second show the very curve that 25 show. Times and durations are seconds, results float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MARGIN = 10.0
"""Seconds of events drawn beyond the end of a clip, so that no movement depends on where the clip ends."""
SPLINE_POWER = 0.4794
"""Mean sum of squares of the cubic B-spline's weights over a knot span: the variance of a spline of white knots."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The frames of a clip: frame `i` is at `i / fps` seconds."""

    frames: int
    fps: int

    @property
    def times(self) -> Array:
        """Seconds of each frame, (frames,)."""
        return np.arange(self.frames, dtype=np.float64) / self.fps

    @property
    def seconds(self) -> float:
        """How long the clip lasts."""
        return self.frames / self.fps


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A random stream of its own for each purpose, the same on every platform."""
    digest = sha256(f"{seed}:{purpose}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def minimum_jerk(u: Array) -> Array:
    """From 0 at `u` 0 to 1 at `u` 1, as a hand or a head would go (Flash & Hogan 1985, J. Neurosci. 5:1688)."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * u * (10.0 - 15.0 * u + 6.0 * u * u)


def bump(peak: float) -> Callable[[Array], Array]:
    """A pulse that rises and falls by minimum jerk, with its top at the share `peak` of its length."""
    return lambda u: np.where(u < peak, minimum_jerk(u / peak), minimum_jerk((1.0 - u) / (1.0 - peak)))


def drift(grid: Grid, *, seed: int, purpose: str, spacing: float) -> Array:
    """Smooth noise of unit variance with power up to about 1 / (2 spacing) Hz; it never repeats.

    A cubic B-spline (de Boor 1978) of independent normal knots `spacing` seconds apart: twice continuously
    differentiable, and uncorrelated with itself from four spacings on.
    """
    rng = generator(seed, purpose)
    place = grid.times / spacing + rng.random()
    cell = place.astype(np.int64)
    u = place - cell
    knots = rng.standard_normal(int(place[-1]) + 4)
    v = 1.0 - u
    blend = v**3 * knots[cell] + (3.0 * u**3 - 6.0 * u**2 + 4.0) * knots[cell + 1]
    blend += (3.0 * v**3 - 6.0 * v**2 + 4.0) * knots[cell + 2] + u**3 * knots[cell + 3]
    result: Array = blend / (6.0 * SPLINE_POWER**0.5)
    return result


def coloured(grid: Grid, *, seed: int, purpose: str, parts: tuple[tuple[float, float], ...]) -> Array:
    """A sum of drifts: `parts` are (spacing, standard deviation) of each band."""
    total = np.zeros(grid.frames)
    for spacing, size in parts:
        total += size * drift(grid, seed=seed, purpose=f"{purpose}/{spacing}", spacing=spacing)
    return total


def renewal(grid: Grid, *, seed: int, purpose: str, mean: float, sigma: float) -> Array:
    """Times of events whose intervals are log-normal with this mean and log-deviation, from 0 to past the end."""
    rng = generator(seed, purpose)
    first = mean * rng.random()
    count = int(2.0 * (grid.seconds + MARGIN) / mean) + 16
    gaps = mean * np.exp(sigma * rng.standard_normal(count) - 0.5 * sigma * sigma)
    times: Array = first + np.concatenate([[0.0], np.cumsum(gaps)])
    return times[times < grid.seconds + MARGIN]


def pulses(grid: Grid, starts: Array, durations: Array, heights: Array, shape: Callable[[Array], Array]) -> Array:
    """The sum of pulses: each is `height * shape(u)` with `u` from 0 to 1 over its duration, and nothing outside."""
    total = np.zeros(grid.frames)
    if len(starts) == 0:
        return total
    index, u, inside = _windows(grid, starts, durations)
    np.add.at(total, index[inside], (heights[:, None] * shape(u))[inside])
    return total


def steps(grid: Grid, starts: Array, durations: Array, changes: Array) -> Array:
    """The sum of lasting changes: each goes from 0 to `change` by minimum jerk over its duration, and stays."""
    total = np.zeros(grid.frames + 1)
    if len(starts) == 0:
        return total[:-1]
    index, u, inside = _windows(grid, starts, durations)
    moving = np.zeros(grid.frames)
    np.add.at(moving, index[inside], (changes[:, None] * minimum_jerk(u))[inside])
    arrived = np.clip(np.ceil((starts + durations) * grid.fps - 1e-9), 0, grid.frames).astype(np.int64)
    np.add.at(total, arrived, changes)
    result: Array = np.cumsum(total)[:-1] + moving
    return result


def _windows(grid: Grid, starts: Array, durations: Array) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_]]:
    """For each event the frames it touches, how far it has come there, and which of these really lie inside."""
    first = np.ceil(starts * grid.fps - 1e-9).astype(np.int64)
    width = int(np.ceil(float(durations.max()) * grid.fps)) + 1
    index = first[:, None] + np.arange(width)
    u = (index / grid.fps - starts[:, None]) / durations[:, None]
    inside = (index >= 0) & (index < grid.frames) & (index < np.ceil((starts + durations) * grid.fps - 1e-9)[:, None])
    return index, u, inside
