"""A short film played to and fro without end, so that it never jumps. Knows neither who made it nor what it shows.

It slows down before it turns, as what moves does. What lies between its frames is made of both, once; the loop then
waits on disk, so that a long film takes no more memory than a short one.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.disk import storage_errors
from avatar.errors import BadOutput
from avatar.media.interpolation import Between, Draw

Bytes = NDArray[np.uint8]

TURN = 0.1
"""Share of the way that it takes to come to full speed, and to rest."""


class Swing:
    """`count` frames at `source_fps`, R'G'B' (height, width, 3), to be played to and fro at `target_fps`."""

    def __init__(
        self,
        frames: Iterable[Bytes],
        path: Path,
        *,
        count: int,
        source_fps: float,
        target_fps: float,
        draw: Draw | None = None,
    ) -> None:
        self._way = max(1, round((count - 1) * target_fps / source_fps * (1 + TURN / (1 - TURN))))
        places = [eased(step / self._way) * (count - 1) for step in range(self._way + 1)]
        self._path = path
        self._shape: tuple[int, ...] = ()
        with storage_errors(path.parent), path.open("wb") as file:
            for frame in _at(frames, places, draw):
                self._shape = frame.shape
                file.write(np.ascontiguousarray(frame).data)
        if not self._shape:
            raise BadOutput("No frame came. Make the film anew.")

    @property
    def period(self) -> int:
        """Frames until it begins anew."""
        return 2 * self._way

    def place(self, number: int) -> int:
        """Which frame of the way there is shown at this number."""
        within = number % self.period
        return min(within, self.period - within)

    def frames(self, count: int) -> Iterator[Bytes]:
        """So many frames, from its first one on. One is held in memory at a time."""
        size = math.prod(self._shape)
        with storage_errors(self._path.parent), self._path.open("rb") as file:
            for number in range(count):
                file.seek(size * self.place(number))
                yield np.frombuffer(file.read(size), np.uint8).reshape(self._shape)


def eased(part: float) -> float:
    """How far it is after a part of the time, 0 to 1: even speed, but for both ends."""
    if part > 0.5:
        return 1.0 - eased(1.0 - part)
    top = 1.0 / (1.0 - TURN)
    return top * part * part / (2.0 * TURN) if part < TURN else top * (part - TURN / 2.0)


def _at(frames: Iterable[Bytes], places: list[float], draw: Draw | None) -> Iterator[Bytes]:
    """The pictures at these rising places, counted in frames."""
    given = 0
    last: Bytes | None = None
    for number, frame in enumerate(frames):
        if last is not None:
            pair = Between(last, frame, draw)
            while given < len(places) and places[given] < number - 1e-9:
                yield pair.at(places[given] - (number - 1))
                given += 1
        last = frame
    if last is not None:
        for _ in range(given, len(places)):
            yield last
