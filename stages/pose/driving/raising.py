"""Few frames a second raised to a film's rate and cut to its length. Knows neither model nor film."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from avatar.media import interpolation
from avatar.media.interpolation import Draw

Bytes = NDArray[np.uint8]


def raised(
    frames: Iterable[Bytes], *, slow: float, fps: float, count: int, draw: Draw | None = None
) -> Iterator[Bytes]:
    """`count` frames at `fps` of frames (h, w, 3) that come at `slow` a second; the last one is held where they end.

    All that come are taken, also those after the film's end: they are what tells that the work is done.
    """
    given, last = 0, None
    for last in interpolation.raised(frames, source_fps=slow, target_fps=fps, draw=draw):
        if given < count:
            given += 1
            yield last
    while last is not None and given < count:
        given += 1
        yield last
