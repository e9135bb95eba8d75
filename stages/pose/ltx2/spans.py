"""A film cut into pieces that a model makes one after the other, each going on from the last. Knows no model's name."""

from collections.abc import Iterator
from dataclasses import dataclass

LENGTH, JOINED = 121, 9
"""Frames of a piece at most, and those that it takes over from the one before."""
SEGMENTS = (24, 32)
"""A piece has a multiple of one of these and one frame more: the pipeline fills it up to that."""
OWN = 24.0
PACES = (20.0, 30.0)
"""Frames a second that the model was taught with, and between which it is asked for others."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `first` to `last` of a film, of `drawn` that are drawn from `start` on; what comes before is known."""

    start: int
    drawn: int
    first: int
    last: int

    @property
    def kept(self) -> slice:
        """Which of those that are drawn are new."""
        return slice(self.first - self.start, self.last - self.start)


def spans(frames: int) -> Iterator[Span]:
    """The pieces of a film of so many frames."""
    start, first = 0, 0
    while first < frames:
        last = min(frames, start + LENGTH)
        yield Span(start, canvas(last - start), first, last)
        start, first = last - JOINED, last


def canvas(frames: int) -> int:
    """How many frames are drawn for so many."""
    content = max(frames - 1, 1)
    return min(-(-content // segment) * segment for segment in SEGMENTS) + 1


def pace(fps: float, wanted: float | None) -> float:
    """Frames a second to draw for a film of `fps`: what is wanted, the film's own or half of it, else the model's."""
    low, high = PACES
    if wanted is not None:
        return min(max(wanted, low), high)
    return next((rate for rate in (fps, fps / 2.0) if low <= rate <= high), OWN)


def drawn(seconds: float, rate: float) -> int:
    """Frames at `rate` that reach to the end of a film's last frame, which is shown at `seconds`."""
    return int(-(-seconds * rate // 1)) + 1
