"""Sound in blocks: read and written as WAV, filtered.

Knows no speech and no video. Samples are mono float32 in -1..1, in blocks of any length, so that memory stays flat.
"""

import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.disk import storage_errors
from avatar.errors import BadRequest

Samples = NDArray[np.float32]

BLOCK = 1 << 16
"""Samples read at once."""


@contextmanager
def _opened(path: Path) -> Iterator[wave.Wave_read]:
    """A mono 16-bit WAV, to be read. Raises BadRequest when it is something else."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2:
                raise BadRequest("The sound is not mono with 16 bits a sample. Convert it first.")
            yield file
    except (wave.Error, EOFError, RuntimeError):  # the last is how `wave` tells of a chunk that is cut off
        raise BadRequest("The sound can't be read. Send a whole WAV file.") from None


def read(path: Path, *, block: int = BLOCK) -> Iterator[Samples]:
    """The samples of a mono 16-bit WAV in blocks. Raises BadRequest when it is something else."""
    with _opened(path) as file:
        while data := file.readframes(block):
            yield np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


def rate_of(path: Path) -> int:
    """Samples a second of a mono 16-bit WAV. Raises BadRequest when it is something else."""
    with _opened(path) as file:
        return file.getframerate()


def write(path: Path, blocks: Iterable[Samples], *, rate: int) -> int:
    """Write a mono 16-bit WAV; the number of samples. Raises StorageError when the disk refuses."""
    count = 0
    with storage_errors(path), wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        for block in blocks:
            file.writeframesraw(np.clip(np.rint(block * 32767.0), -32768, 32767).astype("<i2").tobytes())
            count += len(block)
    return count


def silence(seconds: float, rate: int) -> Samples:
    """That much silence."""
    return np.zeros(round(seconds * rate), np.float32)


class Equaliser:
    """A linear-phase filter of a given gain curve, block by block, without delay: times stay as they are.

    `curve` is pairs of frequency in Hz, rising, and gain in dB; between them the gain runs straight over log frequency.
    """

    TAPS = 257
    _SIZE = 4096

    def __init__(self, curve: tuple[tuple[float, float], ...], rate: int) -> None:
        bins = np.fft.rfftfreq(2048, 1.0 / rate)
        hertz, gains = np.array(curve).T
        response = 10.0 ** (np.interp(np.log(np.maximum(bins, 1.0)), np.log(hertz), gains) / 20.0)
        taps = np.roll(np.fft.irfft(response), self.TAPS // 2)[: self.TAPS] * np.hanning(self.TAPS + 2)[1:-1]
        self._response = np.fft.rfft(taps, self._SIZE).astype(np.complex64)
        self._past = np.zeros(self.TAPS - 1, np.float32)
        self._skip = self.TAPS // 2

    def push(self, block: Samples) -> Samples:
        """The filtered samples that are certain by now; in all `TAPS // 2` fewer than were pushed."""
        fresh = self._SIZE - self.TAPS + 1
        rows = -(-len(block) // fresh)
        heard = np.concatenate((self._past, block, np.zeros(rows * fresh - len(block), np.float32)))
        self._past = heard[len(block) : len(block) + self.TAPS - 1]
        if not rows:
            return block
        windows = np.lib.stride_tricks.sliding_window_view(heard, self._SIZE)[::fresh]
        filtered = np.fft.irfft(np.fft.rfft(windows) * self._response, self._SIZE)[:, self.TAPS - 1 :]
        ready = np.asarray(filtered, np.float32).reshape(-1)[: len(block)]
        skipped, self._skip = ready[self._skip :], max(0, self._skip - len(ready))
        return skipped

    def flush(self) -> Samples:
        """The rest, so that as many samples came out as went in."""
        return self.push(np.zeros(self.TAPS // 2, np.float32))
