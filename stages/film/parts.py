"""Which pixels of a moving layer come into a frame, and from where: cells of a grid over the film. Knows no face.

The film's moving part is divided into square cells of an even number of pixels. How a layer moves is worked out at
each cell's middle and goes smoothly from one to the next; cells in which nothing of it is seen are left out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.film.canvas import Box
from stages.film.pixels import NOTHING, Bytes, Floats, cover_of, enlarged
from stages.film.sheets import Sheet

Cells = NDArray[np.bool_]
Matrix = NDArray[np.float64]

THERE, SOLID = 1, 2
"""What a cell shows of a layer: something of it, or nothing but it."""
SLACK = 2.0
"""Film pixels beyond half a cell's diagonal from which a cell's pixels come at most, seen from its middle."""
CALL = 6000
"""Pixels that are drawn in the time that one more rectangle takes."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of `cell` film pixels from the film's even place (x, y) on; those at its rim are never drawn."""

    x: int
    y: int
    rows: int
    columns: int
    cell: int

    @staticmethod
    def over(boxes: list[Box], cell: int) -> "Grid":
        """The grid whose inner cells cover all boxes."""
        x, y = min(box.x for box in boxes), min(box.y for box in boxes)
        right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
        return Grid(x - cell, y - cell, -(-(bottom - y) // cell) + 2, -(-(right - x) // cell) + 2, cell)

    def middles(self) -> Floats:
        """The middle of each cell in the film (rows * columns, 2)."""
        x = (np.arange(self.columns, dtype=np.float32) + 0.5) * self.cell - 0.5 + self.x
        y = (np.arange(self.rows, dtype=np.float32) + 0.5) * self.cell - 0.5 + self.y
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)

    def box(self, left: int, top: int, columns: int, rows: int) -> Box:
        """What some cells cover in the film; it may reach beyond the film."""
        return Box(self.x + left * self.cell, self.y + top * self.cell, columns * self.cell, rows * self.cell)

    def around(self, cells: Bytes) -> Box:
        """The box around all cells that are not 0."""
        return self.box(*(int(value) for value in cv2.boundingRect(cells)))

    def fine(self, field: Floats, box: Box) -> Floats:
        """A field (rows, columns, 2) at each pixel of a box of whole inner cells."""
        left, top = (box.x - self.x) // self.cell, (box.y - self.y) // self.cell
        across, down = box.width // self.cell, box.height // self.cell
        part = field[top - 1 : top + down + 1, left - 1 : left + across + 1]
        whole = enlarged(part, (across + 2) * self.cell, (down + 2) * self.cell)
        return whole[self.cell : -self.cell, self.cell : -self.cell]


@dataclass(frozen=True, slots=True)
class Part:
    """A moving sheet, with what cells show of it whose middle comes from each of its pixels.

    `shown` (h + 2 * pad, w + 2 * pad) holds 0, `THERE` or `SOLID`, and reaches `pad` pixels beyond the sheet.
    """

    sheet: Sheet
    shown: Bytes
    pad: int

    @staticmethod
    def of(sheet: Sheet, cell: int, own: float = 0.0) -> "Part":
        """A sheet that goes with its cells, but for pixels that move up and down by `own` film pixels beside that."""
        aside, along = int(0.75 * cell + SLACK), int(0.75 * cell + SLACK + own)
        cover = cover_of(sheet.pixels)
        cover = np.asarray(cv2.copyMakeBorder(cover, *(along,) * 4, cv2.BORDER_CONSTANT, value=(0.0,)), np.uint8)
        kernel = np.ones((2 * along + 1, 2 * aside + 1), np.uint8)
        there = cv2.dilate(cover, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
        solid = cv2.erode(cover, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
        return Part(sheet, np.where(solid == 255, SOLID, there > 0).astype(np.uint8), along)

    def cells(self, field: Floats, fallen: float = 0.0) -> Bytes:
        """What each cell shows, for the places in the film at rest (rows, columns, 2) that their middles come from.

        Part of the sheet may have fallen, by so many film pixels at most.
        """
        places = field - np.array([self.sheet.x - self.pad, self.sheet.y - self.pad], np.float32)
        found = self._at(places)
        if fallen > 0.0:
            places[..., 1] -= fallen
            before = self._at(places)
            found = np.where((found == SOLID) & (before == SOLID), SOLID, (found | before) > 0).astype(np.uint8)
        found[[0, -1]], found[:, [0, -1]] = 0, 0
        return found

    def _at(self, places: Floats) -> Bytes:
        found = cv2.remap(self.shown, places, NOTHING, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(found, np.uint8)


def rectangles(cells: Bytes, cost: int) -> list[tuple[int, int, int, int]]:
    """Rectangles (left, top, columns, rows) of cells that cover all that are not 0, none over another.

    As few as are worth it: one more costs as much as `cost` cells. What is hollow is taken from both sides.
    """
    left, _, across, _ = cv2.boundingRect(cells)
    middle, right = left + across // 2, left + across
    halves = [(x, _bands(cells[:, x:end], cost)) for x, end in ((left, middle), (middle, right)) if end > x]
    return [(x + start, top, end - start, high) for x, bands in halves for start, top, end, high in bands]


def _bands(cells: Bytes, cost: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right and height of each band of rows, from the top."""
    there = cells != 0
    lefts, rights = there.argmax(axis=1).tolist(), (there.shape[1] - there[:, ::-1].argmax(axis=1)).tolist()
    bands: list[tuple[int, int, int, int]] = []
    for row in np.flatnonzero(there.any(axis=1)).tolist():
        left, right = lefts[row], rights[row]
        if bands:
            start, top, end, high = bands[-1]
            wide = max(right, end) - min(left, start)
            if wide * (row + 1 - top) <= (end - start) * high + right - left + cost:
                bands[-1] = (min(left, start), top, max(right, end), row + 1 - top)
                continue
        bands.append((left, row, right, 1))
    return bands
