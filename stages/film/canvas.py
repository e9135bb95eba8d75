"""A frame being drawn: three video planes, and sheets laid over them. Knows neither faces nor time."""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.film.pixels import Bytes, Floats, cover_of, halved, inverse


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of even position and size, in film pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def rows(self) -> slice:
        """Rows of the film that it covers."""
        return slice(self.y, self.y + self.height)

    @property
    def columns(self) -> slice:
        """Columns of the film that it covers."""
        return slice(self.x, self.x + self.width)

    @property
    def half_rows(self) -> slice:
        """Rows of the chroma planes that it covers."""
        return slice(self.y // 2, (self.y + self.height) // 2)

    @property
    def half_columns(self) -> slice:
        """Columns of the chroma planes that it covers."""
        return slice(self.x // 2, (self.x + self.width) // 2)

    def around(self, margin: int, film: tuple[int, int]) -> "Box":
        """Grown by `margin` on each side, kept inside a film of (width, height)."""
        return self.grown((margin, margin), (margin, margin), film)

    def grown(self, before: tuple[int, int], after: tuple[int, int], film: tuple[int, int]) -> "Box":
        """Grown by (left, top) and (right, bottom) pixels, kept inside a film of (width, height)."""
        x0, y0 = max(0, self.x - before[0]) & ~1, max(0, self.y - before[1]) & ~1
        x1, y1 = self.x + self.width + after[0] + 1 & ~1, self.y + self.height + after[1] + 1 & ~1
        return Box(x0, y0, max(0, min(film[0], x1) - x0), max(0, min(film[1], y1) - y0))

    def within(self, other: "Box") -> "Box":
        """What both boxes share; empty when nothing is."""
        x0, y0 = max(self.x, other.x), max(self.y, other.y)
        x1, y1 = min(self.x + self.width, other.x + other.width), min(self.y + self.height, other.y + other.height)
        return Box(x0, y0, max(0, x1 - x0), max(0, y1 - y0))

    def inside(self, outer: "Box") -> tuple[slice, slice]:
        """The slices that cut this box out of an array that shows `outer`."""
        x, y = self.x - outer.x, self.y - outer.y
        return slice(y, y + self.height), slice(x, x + self.width)


@dataclass(frozen=True, slots=True)
class Planes:
    """A frame in NV12 order: `luma` (h, w) and `chroma` (h/2, w/2, 2) with Cb and Cr side by side.

    A frame with nothing behind it has a `cover` (h, w), 0..255, too; its colours are premultiplied by that.
    """

    luma: Bytes
    chroma: Bytes
    cover: Bytes | None = None

    @staticmethod
    def blank(width: int, height: int) -> "Planes":
        """A black frame."""
        return Planes(np.full((height, width), 16, np.uint8), np.full((height // 2, width // 2, 2), 128, np.uint8))

    @staticmethod
    def clear(width: int, height: int) -> "Planes":
        """A frame in which nothing is to be seen."""
        chroma = np.zeros((height // 2, width // 2, 2), np.uint8)
        return Planes(np.zeros((height, width), np.uint8), chroma, np.zeros((height, width), np.uint8))

    @staticmethod
    def plain(width: int, height: int, codes: Floats) -> "Planes":
        """A frame of one colour, given as Y'CbCr codes (3,)."""
        light, blue, red = np.rint(codes).astype(np.uint8)
        frame = Planes.blank(width, height)
        frame.luma[:], frame.chroma[:] = light, (blue, red)
        return frame

    def copy(self) -> "Planes":
        """The same frame, to draw on."""
        return Planes(self.luma.copy(), self.chroma.copy(), None if self.cover is None else self.cover.copy())

    def put(self, box: Box, part: "Planes") -> None:
        """Put another frame, as large as the box, in this one's place there."""
        self.luma[box.rows, box.columns] = part.luma
        self.chroma[box.half_rows, box.half_columns] = part.chroma
        if self.cover is not None and part.cover is not None:
            self.cover[box.rows, box.columns] = part.cover

    def part(self, box: Box) -> "Planes":
        """What of the frame is in the box, as a frame of its own."""
        cover = None if self.cover is None else self.cover[box.rows, box.columns].copy()
        luma, chroma = self.luma[box.rows, box.columns], self.chroma[box.half_rows, box.half_columns]
        return Planes(luma.copy(), chroma.copy(), cover)

    def lay(self, box: Box, pixels: Bytes) -> None:
        """Lay premultiplied pixels (h, w, 4) over the frame."""
        if box.width < 2 or box.height < 2:
            return
        under = self.luma[box.rows, box.columns]
        if self.cover is not None:
            _cover(self.cover[box.rows, box.columns], cover_of(pixels))
        rest = cv2.multiply(under, inverse(cover_of(pixels)), scale=1 / 255)
        cv2.add(rest, cv2.extractChannel(pixels, 0), dst=under)
        small = halved(pixels)
        colour, cover = np.empty((*small.shape[:2], 2), np.uint8), np.empty((*small.shape[:2], 2), np.uint8)
        cv2.mixChannels([small], [colour, cover], [1, 0, 2, 1, 3, 2, 3, 3])
        under = self.chroma[box.half_rows, box.half_columns]
        cv2.add(cv2.multiply(under, inverse(cover), scale=1 / 255), colour, dst=under)

    def covered(self, pixels: Bytes, x: int, y: int) -> None:
        """Count what was laid over the frame by others as covered: premultiplied pixels (h, w, 4) at (x, y)."""
        if self.cover is not None:
            _cover(self.cover[y : y + pixels.shape[0], x : x + pixels.shape[1]], cover_of(pixels))


def _cover(under: Bytes, upper: Bytes) -> None:
    cv2.add(cv2.multiply(under, inverse(upper), scale=1 / 255), upper, dst=under)
