"""The decoded sound as the certificate needs it: an envelope, when somebody speaks, loudness. Knows no picture."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.media import video

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOP = 0.005
"""Seconds between two points of the envelope."""
SPEECH_RANGE = 30.0
"""Decibels below the loud passages down to which sound counts as speech."""
LOUD = 95
SMALLEST = 1e-10
BRIDGED = 0.15
"""Seconds of quiet within speech that are no silence: closures of stops."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """`power` (n,) is the mean square of each `HOP` seconds from `start` on; loudness in LUFS, peak in dBTP."""

    start: float
    seconds: float
    power: Array
    loudness: float
    true_peak: float

    @property
    def times(self) -> Array:
        """The middle of each point in seconds of the film."""
        result: Array = self.start + (np.arange(len(self.power), dtype=np.float64) + 0.5) * HOP
        return result

    @property
    def end(self) -> float:
        """When the sound ends, in seconds of the film."""
        return self.start + self.seconds

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear."""
        return len(self.power) == 0 or float(self.power.max()) <= SMALLEST

    def part(self, start: float, end: float) -> "Hearing":
        """What is heard between two moments of the film, in seconds."""
        first, last = (int(np.clip(round((at - self.start) / HOP), 0, len(self.power))) for at in (start, end))
        return replace(self, start=self.start + first * HOP, seconds=(last - first) * HOP, power=self.power[first:last])

    def smooth(self, seconds: float) -> Array:
        """Power over a Hann window of that length around each point."""
        window = np.hanning(max(3, round(seconds / HOP)) | 1)
        result: Array = np.convolve(self.power, window / window.sum(), mode="same")
        return result

    def rms(self, times: Array, seconds: float = 0.05) -> Array:
        """Root mean square over `seconds` around each of `times`."""
        window = np.ones(max(1, round(seconds / HOP)))
        mean = np.convolve(self.power, window / window.size, mode="same")
        result: Array = np.interp(times, self.times, np.sqrt(mean))
        return result

    def speaking(self) -> Mask:
        """Whether somebody speaks, for each point of the envelope; short gaps within words count as speech."""
        level = 10.0 * np.log10(np.maximum(self.smooth(0.03), SMALLEST))
        loud = level > np.percentile(level, LOUD) - SPEECH_RANGE
        edges = np.flatnonzero(np.diff(np.concatenate([[True], loud, [True]]).astype(np.int8)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            if last - first < BRIDGED / HOP:
                loud[first:last] = True
        return np.asarray(loud, np.bool_)


def hear(path: Path, rate: int) -> Hearing:
    """Listen to a file whose sound has `rate` samples a second. Raises as `video.sound` does."""
    meter, folder = video.Meter(), Folder(HOP * rate)
    start = 0.0
    for at, piece in video.sound(path, meter):
        start = at if folder.samples == 0 else start
        folder.add(piece)
    return Hearing(start, folder.samples / rate, folder.power(), meter.loudness, meter.true_peak)


class Folder:
    """Folds samples into mean squares of `hop` samples each (not always a whole number), piece by piece."""

    def __init__(self, hop: float) -> None:
        self.samples = 0
        self._hop = hop
        self._waiting: list[Array] = []
        self._power: list[Array] = []
        self._points = 0

    def add(self, piece: NDArray[np.float32]) -> None:
        """Take in the next samples."""
        self._waiting.append(np.square(piece, dtype=np.float64))
        self.samples += len(piece)
        if self.samples - self._points * self._hop > 200 * self._hop:
            self._fold()

    def _fold(self) -> None:
        ready = int(self.samples / self._hop) - self._points
        if ready < 1:
            return
        waiting = np.concatenate(self._waiting)
        edges = np.floor((self._points + np.arange(ready + 1)) * self._hop).astype(np.int64)
        edges -= edges[0]
        self._power.append(np.add.reduceat(waiting[: edges[-1]], edges[:-1]) / np.diff(edges))
        self._waiting = [waiting[edges[-1] :]]
        self._points += ready

    def power(self) -> Array:
        """All mean squares so far, (n,); samples that do not fill the last one are left out."""
        self._fold()
        return np.concatenate(self._power) if self._power else np.zeros(0)
