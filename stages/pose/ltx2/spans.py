"""A film cut into pieces that a model makes one after the other, each going on from the last. Knows no model's name."""

from collections.abc import Iterator
from dataclasses import dataclass

LENGTH, JOINED = 121, 9
"""Frames of a piece at most, and those that it takes over from the one before."""
SEGMENTS = (24, 32)
"""A piece has a multiple of one of these and one frame more: the pipeline fills it up to that."""
PACES = (20.0, 30.0)
"""Frames a second around the 24, 25 and 30 that the model was taught."""


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
    """Frames a second to draw for a film of `fps`: its own, or as many halvings of it as it takes; fewer if wanted."""
    low, high = PACES
    while fps > high:
        fps /= 2.0
    return fps if wanted is None else min(fps, max(low, wanted))


def drawn(seconds: float, rate: float) -> int:
    """Frames at `rate` that reach to the end of a film's last frame, which is shown at `seconds`."""
    return int(-(-seconds * rate // 1)) + 1
