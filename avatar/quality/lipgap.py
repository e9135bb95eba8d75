"""The gap between the lips as decoded pixels show it: how unlike the shut mouth each mouth strip is. Knows no time.

What the shut mouth looks like is learned from frames that are known to be shut. The likeness tells when a mouth is more
open than at another time, not by how many pixels; for that the amounts that the rig meant are laid over it rank by
rank, so that amounts come from the rig and every moment from the picture.
"""

import numpy as np
from numpy.typing import NDArray

from avatar.quality.seeing import ABOVE

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Frames = NDArray[np.int64]

UP, DOWN = 12, 36
"""Rows above and below the line between the lips that change as a mouth opens: lips and chin."""
SLACK = 6
"""Rows by which a nod may have moved the whole mouth in its strip."""
FRAMES_AT_ONCE = 1000


def shut_frames(gaps: Array, most: int = 9, around: int = 3) -> Frames:
    """Frames that stay most shut for `around` frames on both sides, by a gap curve (n,) whose timing may be off."""
    padded = np.pad(gaps, around, mode="edge")
    widest = np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1).max(axis=1)
    return np.asarray(np.argsort(widest, kind="stable")[:most], np.int64)


def unlike(strips: Floats, shut: Frames) -> Array:
    """Mean luma difference (n,) of each strip (n, rows) from the `shut` ones, where the mouth fits best."""
    rest = strips[shut].mean(axis=0)[ABOVE - UP : ABOVE + DOWN]
    found = []
    for start in range(0, len(strips), FRAMES_AT_ONCE):
        part = strips[start : start + FRAMES_AT_ONCE, ABOVE - UP - SLACK : ABOVE + DOWN + SLACK]
        windows = np.lib.stride_tricks.sliding_window_view(part, UP + DOWN, axis=1)
        found.append(np.abs(windows - rest).mean(axis=2).min(axis=1))
    return np.concatenate(found).astype(np.float64)


def scaled(order: Array, amounts: Array) -> Array:
    """The values of `amounts` laid over a curve by rank: the k-th smallest where `order` is k-th smallest."""
    ranks = np.argsort(np.argsort(order, kind="stable"), kind="stable") / max(len(order) - 1, 1)
    result: Array = np.quantile(amounts, ranks)
    return result
