"""Which frames are denoised together: windows over a film of any length. Knows no tensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log2

from avatar.errors import BadRequest

Window = tuple[int, ...]
"""Frame numbers in the order the net sees them."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows of `size` frames that share `overlap` with the next; `stride` n adds rounds at every 2nd, 4th ... frame.

    `wrap` is the released way: the film is a ring, the last window goes on at the start. Without it the last window
    is moved back to end with the film, so fewer are needed and the end never mixes with the start.
    """

    size: int = 24
    overlap: int = 4
    stride: int = 1
    wrap: bool = True

    def __post_init__(self) -> None:
        if self.size < 1 or self.stride < 1 or not 0 <= self.overlap < self.size:
            raise BadRequest(
                f"Windows of {self.size} frames with {self.overlap} shared and stride {self.stride} can't be laid. "
                "Ask for at least one frame, a stride of at least 1, and less overlap than frames."
            )


def windows(frames: int, schedule: Schedule) -> tuple[Window, ...]:
    """The windows that cover `frames` frames, every frame at least once. Raises `BadRequest` for no frames."""
    if frames < 1:
        raise BadRequest("A film without frames can't be denoised. Give at least one pose picture.")
    if frames <= schedule.size:
        return (tuple(range(frames)),)
    return tuple(_wrapped(frames, schedule)) if schedule.wrap else tuple(_straight(frames, schedule))


def counts(frames: int, laid: tuple[Window, ...]) -> tuple[int, ...]:
    """How often each frame is denoised in one step."""
    result = [0] * frames
    for window in laid:
        for frame in window:
            result[frame] += 1
    return tuple(result)


def _wrapped(frames: int, schedule: Schedule) -> Iterator[Window]:
    """The released `uniform` schedule at step 0, with which every step is made."""
    rounds = min(schedule.stride, ceil(log2(frames / schedule.size)) + 1)
    for step in (1 << power for power in range(rounds)):
        for start in range(0, frames, schedule.size * step - schedule.overlap):
            yield tuple((start + step * i) % frames for i in range(schedule.size))


def _straight(frames: int, schedule: Schedule) -> Iterator[Window]:
    many = ceil((frames - schedule.overlap) / (schedule.size - schedule.overlap))
    for index in range(many):
        start = min(index * (schedule.size - schedule.overlap), frames - schedule.size)
        yield tuple(range(start, start + schedule.size))
