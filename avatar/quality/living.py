"""Whether a face lives: how far the head moves, whether it loops, how it blinks. Knows neither pixels nor limits."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SHORTEST_LOOP = 3.0
SHUT, LEFT = 0.45, 0.7
"""A blink falls under the first share of the eyes' usual opening, and lasts while they are under the second."""
LONGEST_BLINK = 0.6
"""Eyes that stay shut longer are closed, not blinking."""
USUAL = 80


@dataclass(frozen=True, slots=True)
class Blinks:
    """When blinks begin and how long they last, in seconds."""

    starts: Array
    lengths: Array


def loop(angles: Array, fps: float) -> float:
    """Highest autocorrelation of the head's three angles (n, 3) together, from `SHORTEST_LOOP` to half the film.

    1 is an exact repetition. Each lag's overlap is normalised by its own spread, so that a loop seen only twice shows.
    """
    centred = (angles - angles.mean(axis=0)) / np.maximum(angles.std(axis=0), 1e-3)
    count, first = len(centred), round(SHORTEST_LOOP * fps)
    lags = np.arange(first, count // 2 + 1)
    if not len(lags):
        return float("nan")
    spectrum = np.fft.rfft(centred, n=2 * count, axis=0)
    products = np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[lags].sum(axis=1)
    power = np.concatenate([[0.0], np.cumsum((centred**2).sum(axis=1))])
    early, late = power[count - lags], power[count] - power[lags]
    return float(np.max(products / np.maximum(np.sqrt(early * late), 1e-9)))


def blinks(times: Array, lids: Array) -> Blinks:
    """Blinks in the openings `lids` (n, 2) of both eyes: both shut together, and open again soon."""
    usual = np.maximum(np.percentile(lids, USUAL, axis=0), 1e-6)
    opening = (lids / usual).max(axis=1)
    starts, lengths = [], []
    low = opening < LEFT
    edges = np.flatnonzero(np.diff(low.astype(np.int8)))
    for first, last in pairwise(edges):
        if not low[first + 1] or opening[first + 1 : last + 1].min() >= SHUT:
            continue
        begin = _crossing(times, opening, int(first))
        length = _crossing(times, opening, int(last)) - begin
        if length <= LONGEST_BLINK:
            starts.append(begin)
            lengths.append(length)
    return Blinks(np.asarray(starts), np.asarray(lengths))


def _crossing(times: Array, opening: Array, at: int) -> float:
    """When, between frames `at` and `at + 1`, the opening passes `LEFT`."""
    a, b = float(opening[at]), float(opening[at + 1])
    share = (a - LEFT) / (a - b) if a != b else 0.5
    return float(times[at] + share * (times[at + 1] - times[at]))


def evenness(starts: Array) -> float:
    """Coefficient of variation of the intervals between blinks: 0 is a metronome, people have 0.5 and more."""
    intervals = np.diff(starts)
    return float(intervals.std() / intervals.mean()) if len(intervals) >= 4 else float("nan")
