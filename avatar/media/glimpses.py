"""Small pictures of what is coming into being. Knows not what they show."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Pixels of the longer side at most."""
QUALITY = 80


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """R'G'B' (height, width, 3) as a JPEG of some kilobytes, made smaller where it is larger than `SIDE`."""
    height, width = picture.shape[:2]
    share = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * share)), max(1, round(height * share)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if share < 1.0 else picture
    written, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not written:
        raise ValueError("a picture of no pixels")
    return data.tobytes()
