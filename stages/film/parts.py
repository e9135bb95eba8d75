"""Which pixels of a moving layer come into a frame, and from where: cells of a grid over the film. Knows no face.

The film's moving part is divided into square cells of an even number of pixels. How a layer moves is worked out at
each cell's middle and goes smoothly from one to the next; cells in which nothing of it is seen are left out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.film.canvas import Box
from stages.film.pixels import NOTHING, Bytes, Floats, cover_of, enlarged, seen_from
from stages.film.sheets import Sheet

Cells = NDArray[np.bool_]
Matrix = NDArray[np.float64]

THERE, SOLID = 1, 2
"""Bits of what a cell shows of a layer: something of it, and nothing but it."""
APART, SLACK = 0.7, 1.5
"""How far from where its middle comes from a cell's pixels come from at most, in cells and film pixels beside that."""
CALL = 6000
"""Pixels that are drawn in the time that one more rectangle takes."""
STEP = 3
"""Cells between the cuts that are tried."""


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

    `shown` (h + 2 * pad, w + 2 * pad) holds bits, and reaches `pad` pixels beyond the sheet.
    """

    sheet: Sheet
    shown: Bytes
    pad: int

    @staticmethod
    def of(sheet: Sheet, cell: int, own: float = 0.0) -> "Part":
        """A sheet that goes with its cells, but for pixels that move up and down by `own` film pixels beside that."""
        aside, along = int(APART * cell + SLACK), int(APART * cell + SLACK + own)
        cover = cover_of(sheet.pixels)
        cover = np.asarray(cv2.copyMakeBorder(cover, *(along,) * 4, cv2.BORDER_CONSTANT, value=(0.0,)), np.uint8)
        kernel = np.ones((2 * along + 1, 2 * aside + 1), np.uint8)
        there = cv2.dilate(cover, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
        solid = cv2.erode(cover, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
        return Part(sheet, (there > 0) * np.uint8(THERE) + (solid == 255) * np.uint8(SOLID), along)

    def cells(self, field: Floats, fallen: float = 0.0) -> Bytes:
        """What each cell shows, for the places in the film at rest (rows, columns, 2) that their middles come from.

        Part of the sheet may have fallen, by so many film pixels at most.
        """
        places = seen_from(field, self.sheet.x - self.pad, self.sheet.y - self.pad)
        found = self._at(places)
        if fallen > 0.0:
            places[..., 1] -= fallen
            before = self._at(places)
            found = np.asarray((found & before) | ((found | before) & THERE), np.uint8)
        found[[0, -1]], found[:, [0, -1]] = 0, 0
        return found

    def _at(self, places: Floats) -> Bytes:
        found = cv2.remap(self.shown, places, NOTHING, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(found, np.uint8)


Span = tuple[int, int, int, int]
"""Left, top, columns and rows of a rectangle of cells."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """How what is seen of a part at rest is best cut into few rectangles: a line from side to side, and again.

    The middle of the line, `upright` or level, lies at `place` (x, y) in the film at rest.
    """

    upright: bool
    place: tuple[float, float]
    before: "Cuts | None"
    after: "Cuts | None"


def cuts(cells: Bytes, grid: Grid, start: tuple[int, int] = (0, 0)) -> Cuts | None:
    """Cuts between rectangles around all cells that are not 0, which have few pixels, each counted `CALL` more."""
    more = CALL / grid.cell**2
    left, top, columns, rows = cv2.boundingRect(cells)
    best, found = columns * rows - more, None
    for upright, first, count in ((False, top, rows), (True, left, columns)):
        for at in range(first + STEP, first + count, STEP):
            area = sum(min(_area(half), _cut_once(half) + more) for half in _halves(cells, at, upright=upright))
            if area < best:
                best, found = area, (at, upright)
    if found is None:
        return None
    at, upright = found
    before, after = _halves(cells, at, upright=upright)
    x, y = (at, top + rows / 2) if upright else (left + columns / 2, at)
    place = grid.x + (start[0] + x) * grid.cell, grid.y + (start[1] + y) * grid.cell
    later = cuts(after, grid, (start[0] + at, start[1]) if upright else (start[0], start[1] + at))
    return Cuts(upright, place, cuts(before, grid, start), later)


def _area(cells: Bytes) -> int:
    _, _, columns, rows = cv2.boundingRect(cells)
    return columns * rows


def _halves(cells: Bytes, at: int, *, upright: bool) -> tuple[Bytes, Bytes]:
    return (cells[:, :at], cells[:, at:]) if upright else (cells[:at], cells[at:])


def _cut_once(cells: Bytes) -> int:
    """The least area of the two rectangles that one cut leaves around all cells that are not 0."""
    return min(
        int((_first(part)[:-1] + _first(part[::-1])[::-1][1:]).min(initial=cells.size)) for part in (cells, cells.T)
    )


def _first(cells: Bytes) -> NDArray[np.int64]:
    """The area of the rectangle around what is not 0 in the first row, the first two, and so on."""
    there, number = cells != 0, np.arange(1, len(cells) + 1)
    some, wide = there.any(axis=1), there.shape[1]
    left = np.minimum.accumulate(np.where(some, there.argmax(axis=1), wide))
    right = np.maximum.accumulate(np.where(some, wide - there[:, ::-1].argmax(axis=1), 0))
    down = np.maximum.accumulate(np.where(some, number, 0)) - some.argmax()
    area: NDArray[np.int64] = np.maximum(right - left, 0) * np.maximum(down, 0)
    return area


def rectangles(
    cells: Bytes, where: Cuts | None, grid: Grid, lean: Matrix, start: tuple[int, int] = (0, 0)
) -> list[Span]:
    """Rectangles that cover all cells that are not 0, none over another; `lean` is how the cuts have moved."""
    if not cells.size:
        return []
    if where is None:
        left, top, columns, rows = cv2.boundingRect(cells)
        return [(start[0] + left, start[1] + top, columns, rows)] if columns else []
    axis = 0 if where.upright else 1
    turn = lean[axis]
    there = turn[0] * where.place[0] + turn[1] * where.place[1] + turn[2]
    at = round((there - (grid.x, grid.y)[axis]) / grid.cell) - start[axis]
    at = min(max(at, 0), cells.shape[1 - axis])
    before, after = _halves(cells, at, upright=where.upright)
    step = (at, 0) if where.upright else (0, at)
    later = rectangles(after, where.after, grid, lean, (start[0] + step[0], start[1] + step[1]))
    return rectangles(before, where.before, grid, lean, start) + later
