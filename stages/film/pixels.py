"""The few picture operations that drawing is made of, with exact types. Knows neither faces nor frames."""

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Kind = TypeVar("Kind", np.uint8, np.float32)

NOTHING: Any = None


def sample(values: NDArray[Kind], sources: Floats) -> NDArray[Kind]:
    """Values (h, w, channels) at `sources` (n, m, 2) in their own pixels, bilinear; zero outside."""
    found = cv2.remap(values, sources, NOTHING, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(found, values.dtype)


def seen_from(places: Floats, x: int, y: int) -> Floats:
    """Places (n, m, 2) as they lie from the point (x, y)."""
    origin = np.array([x, y, 0.0, 0.0])
    return np.asarray(cv2.subtract(places, origin), np.float32)


def cover_of(pixels: Bytes) -> Bytes:
    """The coverage channel of premultiplied pixels (h, w, 4)."""
    return np.asarray(cv2.extractChannel(pixels, 3), np.uint8)


def faded(pixels: Bytes, cover: Bytes) -> Bytes:
    """Premultiplied pixels (h, w, 4) times a coverage (h, w), 0..255."""
    everywhere = cv2.merge((cover, cover, cover, cover))
    return np.asarray(cv2.multiply(pixels, everywhere, scale=1 / 255), np.uint8)


def inverse(cover: Bytes) -> Bytes:
    """What a coverage leaves free."""
    return np.asarray(cv2.bitwise_not(cover), np.uint8)


def over(under: Bytes, upper: Bytes) -> Bytes:
    """Premultiplied pixels (h, w, 4) over others of the same size."""
    return np.asarray(cv2.add(faded(under, inverse(cover_of(upper))), upper), np.uint8)


def first_two(values: Floats) -> Floats:
    """The first two of four channels, (h, w, 2)."""
    two = np.empty((*values.shape[:2], 2), np.float32)
    cv2.mixChannels([values], [two], [0, 0, 1, 1])
    return two


def enlarged(grid: Floats, width: int, height: int) -> Floats:
    """A grid (rows, columns, 2) stretched to (height, width, 2), bilinear."""
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def halved(pixels: Bytes) -> Bytes:
    """Pixels of even size at half of it, each the mean of four."""
    size = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def mapped(places: Floats, matrix: NDArray[np.float64]) -> Floats:
    """Places (n, m, 2) under an affine map (2, 3), or a linear one (2, 2)."""
    return np.asarray(cv2.transform(places, matrix), np.float32)
