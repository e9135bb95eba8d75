"""The part of a picture that a portrait shows, at the size that films need. Knows points, not what they mean."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

BESIDE, ABOVE, BELOW = 2.2, 0.8, 0.95
"""Face heights that a portrait shows beside the middle of the face, above its forehead and below its chin."""
RIM = 0.36
"""Face heights kept around the portrait, more than anything moves; where the picture ends it goes on as in a mirror."""
WHOLE = 1920
"""Pixels of the longer side of a whole picture at most, as large as films are."""
FACE = (240, 480)
"""Least and most pixels of the face's height."""

LINES = 0.02
"""Share of a picture's height that a white or black line at its edge takes at most; more is a plain background."""
PLAIN, EVEN = 118.0, 10.0
"""How far from mid grey such a line is at least, and how much it varies at most, in codes."""


@dataclass(frozen=True, slots=True)
class Framed:
    """`pixels` (h, w, 3): the portrait of `width` x `height` with `rim` more pixels around; `points` (n, 2) in it.

    Points, and all that the portrait tells, count from the portrait's own corner, `rim` right of and below the pixels'.
    `unit` is the face's height, `above` how many of the pixels' first rows lie above the picture.
    """

    pixels: Bytes
    points: Floats
    rim: int
    unit: float
    above: int = 0

    @property
    def width(self) -> int:
        """Columns of the portrait."""
        return int(self.pixels.shape[1]) - 2 * self.rim

    @property
    def height(self) -> int:
        """Rows of the portrait."""
        return int(self.pixels.shape[0]) - 2 * self.rim

    @property
    def here(self) -> Floats:
        """The points as they lie in `pixels`."""
        return self.points + np.float32(self.rim)

    @property
    def shown(self) -> Bytes:
        """The portrait without its rim."""
        return self.pixels[self.rim : -self.rim, self.rim : -self.rim]


def frame(picture: Bytes, points: Floats, unit: float, *, everything: bool = False) -> Framed:
    """Head and shoulders around a face of height `unit` of a picture (h, w, 3), or `everything` in it."""
    (top, bottom), (left, right) = (_within(np.asarray(side, np.uint8)) for side in (picture, picture.swapaxes(0, 1)))
    picture, points = picture[top:bottom, left:right], points - np.array([left, top], np.float32)
    height, width = picture.shape[:2]
    low, high = points.min(axis=0), points.max(axis=0)
    middle = float(low[0] + high[0]) / 2
    left, right = max(0, round(middle - BESIDE * unit)), min(width, round(middle + BESIDE * unit))
    top, bottom = max(0, round(float(low[1]) - ABOVE * unit)), min(height, round(float(high[1]) + BELOW * unit))
    scale = float(np.clip(1.0, FACE[0] / unit, FACE[1] / unit))
    if everything:
        left, top, right, bottom = 0, 0, width, height
        scale = min(scale, WHOLE / max(width, height))
    size = (max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale)))
    zoom = np.array([size[0] / (right - left), size[1] / (bottom - top)], np.float32)
    rim = round(RIM * unit * scale)
    apart = int(rim / zoom.min()) + 4
    cut = _cut(picture, (left - apart, top - apart, right + apart, bottom + apart))
    offset = rim - apart * zoom
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    whole = cv2.resize(cut, None, fx=float(zoom[0]), fy=float(zoom[1]), interpolation=how) if scale != 1.0 else cut
    matrix = np.array([[1.0, 0.0, offset[0]], [0.0, 1.0, offset[1]]], np.float32)
    wanted = (size[0] + 2 * rim, size[1] + 2 * rim)
    pixels = cv2.warpAffine(whole, matrix, wanted, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    placed = (points - np.array([left, top], np.float32)) * zoom
    above = max(0, round(rim - top * float(zoom[1])))
    return Framed(np.asarray(pixels, np.uint8), placed.astype(np.float32), rim, unit * scale, above)


def _within(picture: Bytes) -> tuple[int, int]:
    """The rows of a picture (h, w, 3) from first to last without the thin white or black lines of a frame around it."""
    most = round(LINES * len(picture))
    first, last = (_blank(picture[::way][: most + 1]) for way in (1, -1))
    return first if first <= most else 0, len(picture) - (last if last <= most else 0)


def _blank(lines: Bytes) -> int:
    """How many of some lines (n, w, 3), from the first on, are white or black."""
    blank = [abs(line.mean() - 127.5) > PLAIN and line.std() < EVEN for line in lines]
    return blank.index(False) if False in blank else len(blank)


def _cut(picture: Bytes, box: tuple[int, int, int, int]) -> Bytes:
    """A rectangle (left, top, right, bottom) of a picture; beyond its edges it goes on as in a mirror."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    inner = picture[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    rims = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    return np.asarray(cv2.copyMakeBorder(inner, *rims, cv2.BORDER_REFLECT), np.uint8)
