"""The One-Euro filter: still where a signal rests, quick where it moves. Knows nothing of what it smooths.

Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012. A film is known from end to end, so it is run forwards and backwards
and both are mixed: what one way comes late, the other way comes early, and nothing lags.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def smoothed(values: Array, rate: float, *, steady: float, quick: float, settle: float = 1.0) -> Array:
    """Values (n, ...) at `rate` a second without their jitter and without delay; none of them may be NaN.

    `steady` is the cut-off in Hz for what rests, `quick` by how much it rises for each unit a second of speed;
    `settle` is the cut-off for that speed.
    """
    if len(values) < 3:
        return np.array(values, np.float64)
    speed = np.abs(_both_ways(np.gradient(values, axis=0) * rate, _share(settle, rate)))
    share = _share(steady + quick * speed, rate)
    return _both_ways(values, share)


def _share(cutoff: Array | float, rate: float) -> Array:
    """The weight of a new value in a low-pass filter."""
    return np.asarray(1.0 / (1.0 + rate / (2.0 * np.pi * np.asarray(cutoff))), np.float64)


def _both_ways(values: Array, share: Array) -> Array:
    share = np.broadcast_to(share, values.shape)
    there, back = np.array(values, np.float64), np.array(values, np.float64)
    for index in range(1, len(values)):
        there[index] = there[index - 1] + share[index] * (values[index] - there[index - 1])
    for index in range(len(values) - 2, -1, -1):
        back[index] = back[index + 1] + share[index] * (values[index] - back[index + 1])
    return 0.5 * (there + back)
