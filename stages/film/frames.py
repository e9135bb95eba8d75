"""Colours as a film's planes. Knows nothing of what they show."""

import cv2
import numpy as np

from stages.film.canvas import Planes
from stages.film.pixels import Bytes
from stages.film.sheets import to_ycbcr

_AXES = np.eye(4, 3, dtype=np.float32)[[3, 0, 1, 2]]
_BLACK, _RED, _GREEN, _BLUE = (to_ycbcr(axis) for axis in _AXES)
MATRIX = np.column_stack([_RED - _BLACK, _GREEN - _BLACK, _BLUE - _BLACK, 255.0 * _BLACK]) / 255.0
"""R'G'B' 0..255 to Y'CbCr codes, BT.709 in limited range."""


def planes(picture: Bytes) -> Planes:
    """R'G'B' pixels (height, width, 3), both sides even, as a frame."""
    height, width = picture.shape[:2]
    codes = np.asarray(cv2.transform(picture, MATRIX), np.uint8)
    small = cv2.resize(codes, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return Planes(np.ascontiguousarray(codes[..., 0]), np.ascontiguousarray(small[..., 1:]))
