"""What goes on above a picture whose edge cuts hair: it closes as it opens below. Knows no face.

In a mirror, as the rest of the rim goes on, a head that grows narrower upwards would grow wider again above the edge.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

STEEPEST = 1.2
"""Columns for each row by which an outline closes at most."""
INWARDS = np.array([1.0, -1.0], np.float32)
LEAST = 0.25
"""Share of the cut's width at which what goes on closes no further."""


@dataclass(frozen=True, slots=True)
class Closing:
    """From which column of its own row of a mirror each pixel above the edge is taken (rows, w), topmost row first."""

    columns: Floats

    def of(self, pixels: Bytes) -> Bytes:
        """Pixels or a mask (h, w, ...) with what lies above the edge closed."""
        rows, width = self.columns.shape
        y = np.repeat(np.arange(rows, dtype=np.float32)[:, None], width, axis=1)
        mirrored = np.ascontiguousarray(pixels[rows : 2 * rows][::-1])
        closed = cv2.remap(mirrored, self.columns, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.concatenate((np.asarray(closed, np.uint8), pixels[rows:]))


def closing(person: Bytes, rows: int) -> Closing | None:
    """How the person of a mask (h, w), 0 or 255, closes above row `rows`, where the picture begins.

    None where there is nothing above, or nobody is cut.
    """
    start = _widest(person[rows]) if 0 < rows < len(person) // 2 else None
    if start is None:
        return None
    cut, width = np.asarray(start, np.float32), person.shape[1]
    opens = _opening(_followed(person[rows : 2 * rows], start)) * np.arange(rows, 0, -1, dtype=np.float32)[:, None]
    most = (1.0 - LEAST) * (cut[1] - cut[0]) / 2
    opens = np.clip(opens, -most, most)
    (left, right), (first, last) = ((cut + way * opens).T[..., None] for way in (INWARDS, -INWARDS))
    x = np.arange(width, dtype=np.float32)
    inside = first + (x - left) * (last - first) / (right - left)
    before = x + (first - left) * np.clip(1.0 - 2.0 * (left - x) / width, 0.0, 1.0)
    behind = x + (last - right) * np.clip(1.0 - 2.0 * (x - right) / width, 0.0, 1.0)
    return Closing(np.where(x < left, before, np.where(x > right, behind, inside)).astype(np.float32))


def _runs(row: Bytes) -> list[tuple[int, int]]:
    """First and last column of all that hangs together in a row of a mask."""
    ends = np.flatnonzero(np.diff(np.concatenate(([0], (row > 127).astype(np.int8), [0]))))
    return [(int(first), int(last) - 1) for first, last in ends.reshape(-1, 2)]


def _widest(row: Bytes) -> tuple[int, int] | None:
    return max(_runs(row), key=lambda run: run[1] - run[0], default=None)


def _followed(rows: Bytes, start: tuple[int, int]) -> Floats:
    """First and last column (rows, 2) of what goes on from `start`, row by row."""
    found, now = [], start
    for row in rows:
        joined = [run for run in _runs(row) if run[0] <= now[1] and run[1] >= now[0]]
        now = (min(run[0] for run in joined), max(run[1] for run in joined)) if joined else now
        found.append(now)
    return np.asarray(found, np.float32)


def _opening(way: Floats) -> Floats:
    """How many columns the outline (rows, 2) opens on each side for each row down: the line through where it begins."""
    down = np.arange(len(way), dtype=np.float32)[:, None]
    steep = (INWARDS * (way[:1] - way) * down).sum(axis=0) / np.maximum((down * down).sum(), 1.0)
    return np.asarray(np.clip(steep, -STEEPEST, STEEPEST), np.float32)
