"""Blinks: when lids close, and how. Knows neither gaze nor speech; both may hand it moments that call for a blink.

Columns are 0 open to 1 shut. Timing follows spontaneous blinks of adults: about 15 a minute (Bentivoglio et al. 1997,
Mov. Disord. 12:1028), 150-380 ms long, and opening takes longer than shutting (VanderWerf et al. 2003, J. Neurophysiol.
89:2784).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.face.noise import Array, Grid, generator, minimum_jerk, pulses, renewal
from avatar.face.tracks import COLUMN, Track

MEAN_INTERVAL = 4.1
"""Seconds between spontaneous blinks; those that go with gaze shifts come on top."""
INTERVAL_SPREAD = 0.45
"""Log-deviation of the intervals, which are log-normal."""
REFRACTORY = 0.7
"""Least seconds from one blink's start to the next."""
LENGTH, LENGTH_SPREAD = 0.24, 0.18
SHORTEST, LONGEST = 0.15, 0.38
CLOSING, CLOSED = 0.32, 0.46
"""Shares of a blink after which the lids have met and after which they part again."""
SIDE_LAG = 0.006
"""Greatest delay in seconds of one eye behind the other."""


@dataclass(frozen=True, slots=True)
class Blinks:
    """Starts and lengths in seconds, in order."""

    starts: Array
    lengths: Array


def spontaneous(grid: Grid, *, seed: int, amount: float, moments: Array) -> Blinks:
    """Blinks for a clip: log-normal intervals, and one at each of `moments` that leaves the eyes time to recover.

    `amount` scales the rate; 0 gives none.
    """
    if amount <= 0.0:
        return Blinks(np.zeros(0), np.zeros(0))
    own = renewal(grid, seed=seed, purpose="blink", mean=MEAN_INTERVAL / amount, sigma=INTERVAL_SPREAD)
    rest = REFRACTORY / max(1.0, amount)
    starts = np.asarray(_spaced(np.sort(np.concatenate([own, moments])), rest))
    lengths = LENGTH * np.exp(LENGTH_SPREAD * generator(seed, "blink/length").standard_normal(len(starts)))
    return Blinks(starts, np.clip(lengths, SHORTEST, LONGEST))


def closure(u: Array) -> Array:
    """How far the lids are shut at the share `u` of a blink: down fast, shut shortly, open slowly."""
    down = minimum_jerk(u / CLOSING)
    up = minimum_jerk(np.clip((u - CLOSED) / (1.0 - CLOSED), 0.0, 1.0) ** 0.8)
    return down - up


def draw(track: Track, blinks: Blinks, grid: Grid, *, seed: int) -> None:
    """Write blinks into both blink columns of `track`; one eye a few milliseconds behind, a few not full."""
    rng = generator(seed, "blink/sides")
    chance = rng.random((len(blinks.starts), 3))
    depth = np.where(chance[:, 2] < 0.1, 0.86, 1.0)
    for side, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        lag = SIDE_LAG * chance[:, side]
        shut = pulses(grid, blinks.starts + lag, blinks.lengths, depth, closure)
        track[:, COLUMN[name]] = np.clip(shut, 0.0, 1.0)


def moved(track: Track, grid: Grid, *, towards: Array, reach: float) -> Track:
    """A copy of `track` whose blinks start at the times `towards`, each where one lies within `reach` seconds of it.

    Blinks keep their shape, their order and their distance; each time takes one at most. One cut off by the clip stays.
    """
    columns = [COLUMN["eyeBlinkLeft"], COLUMN["eyeBlinkRight"]]
    lids = track[:, columns]
    runs = _runs(lids.max(axis=1) > 1e-3)
    result = track.copy()
    result[:, columns] = 0.0
    free, last = 0, -grid.fps
    gap = int(REFRACTORY * grid.fps)
    for number, (start, end) in enumerate(runs):
        coming = runs[number + 1][0] if number + 1 < len(runs) else grid.frames + gap
        place = _nearest(start, towards * grid.fps, reach * grid.fps)
        cut_off = start == 0 or end == grid.frames or place + (end - start) > grid.frames
        if cut_off or place < max(free, last + gap) or place + gap > coming:
            place = start
        result[place : place + end - start, columns] = lids[start:end]
        free, last = place + end - start, place
    return result


def _nearest(start: int, towards: Array, reach: float) -> int:
    if len(towards) == 0:
        return start
    best = float(towards[np.argmin(np.abs(towards - start))])
    return int(best) if abs(best - start) <= reach else start


def _runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _spaced(times: Array, rest: float) -> list[float]:
    """The times that are at least `rest` after the last one kept."""
    kept: list[float] = []
    for time in times:
        if not kept or time - kept[-1] >= rest:
            kept.append(float(time))
    return kept
