"""Openings in a face: the mouth and the eyes as column-wise warps of the skin around them. Knows no pixels.

Each column of the picture is a ruler with knots: places known at rest and now (the rim of a lip, a lid's edge, the
chin). Between knots skin stretches evenly. What opens between the two inner knots is the hole, through which what
lies behind the skin is seen. Piecewise-linear in each column, so that it can be inverted exactly and never folds.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def stretch(rows: Array, knots: list[Array], shifts: list[Array]) -> Array:
    """How far down each pixel has come: (n, m) from `knots`, the current heights, and their `shifts` since rest.

    `rows` is (n, 1) and goes down by whole pixels, each knot and shift is (m,). Above the first knot the shift is that
    of the first, below the last that of the last.
    """
    shape = (rows.shape[0], knots[0].shape[0])
    total = np.empty(shape, np.float32)
    total[:] = shifts[0]
    room = np.empty(shape, np.float32)
    for index in range(len(knots) - 1):
        change = shifts[index + 1] - shifts[index]
        if not change.any():
            continue
        span = np.maximum(knots[index + 1] - knots[index], 0.5)
        first, last = _between(rows, float(knots[index].min()), float((knots[index] + span).max()))
        part, slope = room[first:last], change / span
        np.subtract(rows[first:last], knots[index], out=part)
        np.multiply(part, slope, out=part)
        np.maximum(part, np.minimum(change, 0.0), out=part)
        np.minimum(part, np.maximum(change, 0.0), out=part)
        np.add(total[first:last], part, out=total[first:last])
        np.add(total[last:], change, out=total[last:])
    return total


def _between(rows: Array, upper: float, lower: float) -> tuple[int, int]:
    """The slice of all rows that lie between two heights; those beyond it are above or below."""
    first = min(max(0, int(upper - rows[0, 0])), len(rows))
    return first, min(max(first, int(lower - rows[0, 0]) + 2), len(rows))


def between(rows: Array, upper: Array, lower: Array) -> Bytes:
    """Coverage 0..255 of the pixels between two edges (m,), antialiased over one pixel across the edge; (n, m)."""
    above, below = (1.0 / np.hypot(1.0, np.gradient(edge)) for edge in (upper, lower))
    cover = np.clip((rows - upper) * above + 0.5, 0.0, 1.0) * np.clip((lower - rows) * below + 0.5, 0.0, 1.0)
    thin = np.clip((lower - upper) * 1.5, 0.0, 1.0)
    result: Bytes = np.rint(cover * thin * 255.0).astype(np.uint8)
    return result
