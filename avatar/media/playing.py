"""A film as it is meant to be seen: upright, at an even pace, its pixels square. Knows nothing of what it shows.

Phones store films turned and at a changing pace; both are undone here. Memory does not grow with the film's length.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest
from avatar.media import video

Bytes = NDArray[np.uint8]

HIGH_DEFINITION = 720
"""Rows from which colours that say nothing of themselves are those of BT.709, below of BT.601."""
BT709, BT601, UNTOLD = 1, 5, 2
"""Matrices, as libswscale and ITU-T H.273 number them."""


def played(path: Path, *, fps: float, fill: tuple[int, int] | None = None) -> Iterator[Bytes]:
    """Its pictures, R'G'B' (height, width, 3), sides even, at `fps`: at each moment the one that is seen then.

    With `fill`, width and height, they are made no larger than fills that, and never larger than they are.
    Raises `NotFound`, and `BadRequest` for what holds no picture. A damaged film ends early.
    """
    due, start = 0, None
    held: Any = None
    for at, frame in _frames(path):
        start = at if start is None else start
        until = round((at - start) * fps)
        if held is not None and due < until:
            shown = _upright(held, fill)
            for _ in range(due, until):
                yield shown
            due = until
        held = frame
    if held is None:
        raise BadRequest(f"{path.name} shows no picture that can be read. Give a whole film.")
    yield _upright(held, fill)


def _frames(path: Path) -> Iterator[tuple[float, Any]]:
    with video.opened(path) as container:
        if not container.streams.video:
            raise BadRequest(f"{path.name} has sound only. Give a film that shows somebody.")
        stream = container.streams.video[0]
        pace = float(stream.average_rate or stream.guessed_rate or 25)
        last = -1.0 / pace
        try:
            for frame in container.decode(stream):
                last = max(float(frame.time) if frame.time is not None else last + 1.0 / pace, last)
                yield last, frame
        except (av.error.FFmpegError, OSError):
            return


def _upright(frame: Any, fill: tuple[int, int] | None) -> Bytes:
    turns = round(frame.rotation / 90.0) % 4
    width, height = _square(frame)
    if fill is not None:
        wide, high = fill if turns % 2 == 0 else fill[::-1]
        scale = min(1.0, max(wide / width, high / height))
        width, height = width * scale, height * scale
    size = max(2, round(width / 2) * 2), max(2, round(height / 2) * 2)
    told = int(frame.colorspace)
    matrix = told if told != UNTOLD else (BT709 if frame.height >= HIGH_DEFINITION else BT601)
    pixels = frame.to_ndarray(format="rgb24", src_colorspace=matrix)
    if (pixels.shape[1], pixels.shape[0]) != size:
        how = cv2.INTER_AREA if size[0] < pixels.shape[1] or size[1] < pixels.shape[0] else cv2.INTER_CUBIC
        pixels = cv2.resize(pixels, size, interpolation=how)
    return np.ascontiguousarray(np.rot90(pixels, turns), np.uint8)


def _square(frame: Any) -> tuple[float, float]:
    """Width and height in pixels as wide as they are high."""
    shape = Fraction(getattr(frame, "sample_aspect_ratio", None) or 1)
    return float(frame.width * (shape if shape > 0 else 1)), float(frame.height)
