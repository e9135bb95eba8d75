"""What a film takes on the device beside one window of it. Knows no tensor."""

from math import ceil

from stages.pose.animate_anyone.windows import Schedule, windows
from stages.pose.brief import Shooting

USUAL = (512, 784)
"""Pixels of a film whose size nobody asks for, at its largest by the portrait's shape at that width."""
FASTEST = 12.0
"""Frames a second that are diffused at most where nobody asks for more."""
CHANNELS, PIXELS, BYTES = 320, 8, 2
"""Of what is kept: its width, the pixels that one of its points stands for each way, the bytes of a number."""


def kept(
    shooting: Shooting, *, seconds: float, fps: int, guided: bool, channels: int = CHANNELS, wide: int = BYTES
) -> int:
    """Bytes of the features that `reuse` keeps from step to step: of all windows, for both halves of guidance."""
    if shooting.reuse == 1:
        return 0
    frames = ceil(seconds * min(float(fps), shooting.fps or FASTEST)) + 1
    laid = windows(frames, Schedule(shooting.window, shooting.overlap, wrap=False))
    width, height = shooting.width or USUAL[0], shooting.height or USUAL[1]
    points = ceil(width / PIXELS) * ceil(height / PIXELS)
    return (2 if guided else 1) * sum(map(len, laid)) * points * channels * wide
