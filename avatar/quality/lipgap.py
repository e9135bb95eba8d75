"""The gap between the lips, measured in decoded pixels: follows both lips through mouth strips. Knows no landmarks in time.

What the mouth looks like when shut is learned from frames that are known to be shut; in every frame the lower and the upper
lip are looked for separately as the best match of their shut selves, to a fraction of a row, so that neither the
rig's timing nor its amounts enter the measure.
"""

import numpy as np
from numpy.typing import NDArray

from avatar.quality.seeing import ABOVE, ROWS_A_FACE

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

LIP = 20
"""Rows of a lip's template: the lip and the shade beside it, 0.1 face heights."""
LOWER_REACH, UPPER_REACH = (-6, 54), (-16, 8)
"""Rows that the lower and the upper lip may move down."""
FAR = 0.01
"""What each row of way takes off a match's correlation: of two like matches the nearer one is taken."""
FRAMES_AT_ONCE = 1000


def shut_frames(gaps: Array, most: int = 9, around: int = 3) -> NDArray[np.int64]:
    """Frames that stay most shut for `around` frames on both sides, by a gap curve (n,) whose timing may be off."""
    padded = np.pad(gaps, around, mode="edge")
    widest = np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1).max(axis=1)
    return np.asarray(np.argsort(widest, kind="stable")[:most], np.int64)


def followed(strips: Floats, shut: NDArray[np.int64]) -> Array:
    """Gap in face heights more than in the `shut` frames, (n,), from strips (n, rows)."""
    rest = strips[shut].mean(axis=0)
    lower = _moved(strips, rest, ABOVE - 2, LOWER_REACH)
    upper = _moved(strips, rest, ABOVE - LIP + 1, UPPER_REACH)
    result: Array = (lower - upper) / ROWS_A_FACE
    return result


def _moved(strips: Floats, rest: Floats, first: int, reach: tuple[int, int]) -> Array:
    """Rows by which the piece of `rest` that starts at row `first` has moved down in each strip."""
    template = rest[first : first + LIP] - rest[first : first + LIP].mean()
    low, high = max(reach[0], -first), min(reach[1], strips.shape[1] - first - LIP)
    far = FAR * np.abs(np.arange(low, high + 1))
    found = []
    for start in range(0, len(strips), FRAMES_AT_ONCE):
        part = strips[start : start + FRAMES_AT_ONCE, first + low : first + high + LIP]
        windows = np.lib.stride_tricks.sliding_window_view(part, LIP, axis=1)
        energy = np.einsum("nwl,nwl->nw", windows, windows) - windows.sum(axis=2) ** 2 / LIP
        alike = (windows @ template) / np.sqrt(np.maximum(energy * (template @ template), 1e-6))
        found.append(_lowest(far - alike) + low)
    return np.concatenate(found)


def _lowest(costs: Floats) -> Array:
    """Where each row of `costs` (n, m) is lowest, refined by the parabola through its neighbours."""
    at = costs.argmin(axis=1)
    inner = np.clip(at, 1, costs.shape[1] - 2)
    rows = np.arange(len(costs))
    before, here, after = (costs[rows, inner + step].astype(np.float64) for step in (-1, 0, 1))
    bend = np.maximum(before - 2.0 * here + after, 1e-9)
    result: Array = inner + np.clip(0.5 * (before - after) / bend, -0.5, 0.5) + (at - inner)
    return result
