"""What a machine without words hears in speech: level, spectrum and voicing, a hundred times a second. Knows no phones.

Sound comes in blocks of any length at any rate; kept are some 60 bytes a frame, so that two hours take 45 MB.
Mel scale: O'Shaughnessy, Speech Communication (1987), p. 150.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Halves = NDArray[np.float16]

HOP = 0.01
"""Seconds between frames; frame k is centred at (k + 0.5) * HOP."""
WINDOW = 0.025
BANDS = 24
LOW, HIGH = 80.0, 7600.0
"""Hz of the lowest and the highest band's outer edges."""
COEFFICIENTS = 13
LAGS = (0.0025, 0.0125)
"""Seconds of a voice's period that are looked for: 80 to 400 Hz."""
NEARLY = 0.85
"""Share of the best period's likeness from which a half or a third of it is the true one."""
VOICED, AUDIBLE = 0.6, 20.0
"""Voicing, and decibels below the loud passages, from which a frame tells how high a voice is."""
FLOOR = 1e-10
"""Power below which there is nothing: -100 dB of full scale."""
AT_ONCE = 512
LOUD = 95
"""The percentile of the level that a recording's loud passages have."""
RANGE = 45.0
"""Decibels below the loud passages down to which frames count for the recording's mean spectrum."""
TYPICAL = 150.0
"""Frames of an unknown recording that its mean spectrum is worth: short ones are judged by what is usual."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Frames of a recording, (n, ...): `bands` in natural log of power, `voicing` 0 .. 1, `level` in dB, `hertz`.

    The last is the fundamental frequency, and means something where a frame is voiced.
    """

    bands: Halves
    voicing: Halves
    level: Array
    hertz: Halves

    def __len__(self) -> int:
        return len(self.level)

    @property
    def loud(self) -> float:
        """Level in dB of the loud passages."""
        return float(np.percentile(self.level, LOUD)) if len(self.level) else -100.0

    @property
    def pitch(self) -> float:
        """How high the voice is: the median of its fundamental frequency in Hz, 0 where there is none."""
        told = self.hertz[(self.voicing > VOICED) & (self.level > self.loud - AUDIBLE)]
        return float(np.median(told.astype(np.float32))) if len(told) else 0.0

    def within(self, inside: slice) -> "Heard":
        """Only these frames."""
        return Heard(self.bands[inside], self.voicing[inside], self.level[inside], self.hertz[inside])


class Listener:
    """Hears a mono sound of `rate` samples a second, block by block."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._hop = HOP * rate
        self._size = round(WINDOW * rate)
        self._fft = 1 << (self._size - 1).bit_length()
        self._window = np.hanning(self._size + 2)[1:-1].astype(np.float32)
        self._filters = filters(rate, self._fft)
        self._lags = slice(*(round(lag * rate) for lag in LAGS))
        self._fade = _window_memory(self._window, self._lags)
        self._held = np.zeros(round(0.5 * (self._size - self._hop)), np.float32)
        self._dropped = -len(self._held)
        self._frames = 0
        self._found: list[tuple[Halves, Halves, Array, Halves]] = []
        self._samples = 0

    def push(self, block: Array) -> None:
        """Hear the next samples, (n,) in -1..1."""
        self._samples += len(block)
        self._held = np.concatenate((self._held, block))
        ready = int((self._dropped + len(self._held) - self._size) / self._hop) - self._frames
        if ready >= AT_ONCE:
            self._hear(ready)

    def _hear(self, ready: int) -> None:
        """Analyse the next frames and forget the samples before them."""
        for first in range(0, ready, AT_ONCE):
            count = min(AT_ONCE, ready - first)
            lead = -round(0.5 * (self._size - self._hop))
            starts = np.floor((self._frames + np.arange(count)) * self._hop).astype(int) + lead - self._dropped
            pieces = np.lib.stride_tricks.sliding_window_view(self._held, self._size)[starts]
            self._found.append(self._analysed(pieces))
            self._frames += count
        past = max(0, int(self._frames * self._hop) - self._size - self._dropped)
        self._held, self._dropped = self._held[past:], self._dropped + past

    def _analysed(self, pieces: Array) -> tuple[Halves, Halves, Array, Halves]:
        power = np.abs(np.fft.rfft(pieces * self._window, self._fft)) ** 2
        bands = np.log(power @ self._filters + FLOOR).astype(np.float16)
        memory = np.fft.irfft(power, axis=1)
        ratio = memory[:, self._lags] / self._fade / np.maximum(memory[:, :1], FLOOR)
        voicing = np.clip(ratio.max(axis=1), 0.0, 1.0).astype(np.float16)
        level = 10.0 * np.log10(np.mean(pieces**2, axis=1) + FLOOR)
        return bands, voicing, level.astype(np.float32), self._hertz(ratio)

    def _hertz(self, ratio: NDArray[np.floating[Any]]) -> Halves:
        """The fundamental frequency of frames (n, lags): of a period and its multiples the shortest."""
        rows, first = np.arange(len(ratio)), self._lags.start
        best = ratio.argmax(axis=1)
        period = best + first
        for part in (2, 3):
            at = np.round((best + first) / part).astype(int) - first
            alike = (at >= 0) & (ratio[rows, np.maximum(at, 0)] > NEARLY * ratio[rows, best])
            period = np.where(alike, at + first, period)
        hertz: Halves = (self._rate / period).astype(np.float16)
        return hertz

    def heard(self) -> Heard:
        """All frames; only once, at the end."""
        wanted = round(self._samples / self._hop)
        self._held = np.concatenate((self._held, np.zeros(2 * self._size, np.float32)))
        if wanted > self._frames:
            self._hear(wanted - self._frames)
        if not self._found:
            nothing = np.zeros(0, np.float16)
            return Heard(np.zeros((0, BANDS), np.float16), nothing, np.zeros(0, np.float32), nothing)
        return Heard(*map(np.concatenate, zip(*self._found, strict=True)))


def _window_memory(window: Array, lags: slice) -> Array:
    """How much less a windowed sound resembles itself at each lag, whatever it is."""
    whole = np.correlate(window, window, "full")[len(window) - 1 :]
    fade: Array = (whole[lags] / whole[0]).astype(np.float32)
    return fade


@lru_cache(maxsize=8)
def filters(rate: int, size: int) -> Array:
    """Triangles of equal area on the mel scale, (size // 2 + 1, BANDS); each has at least one bin."""
    top = min(HIGH, 0.49 * rate)
    edges = 700.0 * (10.0 ** (np.linspace(_mel(LOW), _mel(HIGH), BANDS + 2) / 2595.0) - 1.0)
    hertz = np.fft.rfftfreq(size, 1.0 / rate)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    shape = np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle))
    found = np.where(hertz <= top, np.maximum(shape, 0.0), 0.0)
    scale: Array = (found / np.maximum(found.sum(axis=0), 1e-9) / size).astype(np.float32)
    return scale


def _mel(hertz: float) -> float:
    return 2595.0 * float(np.log10(1.0 + hertz / 700.0))


@lru_cache(maxsize=1)
def cosines() -> Array:
    """The orthonormal cosine transform of log bands to cepstral coefficients, (BANDS, COEFFICIENTS)."""
    angle = np.pi * (np.arange(BANDS)[:, None] + 0.5) * np.arange(COEFFICIENTS) / BANDS
    basis = np.cos(angle) * np.sqrt(2.0 / BANDS)
    basis[:, 0] *= np.sqrt(0.5)
    result: Array = basis.astype(np.float32)
    return result


def usual(heard: Heard, typical: Array) -> Array:
    """The mean log bands of a recording's louder frames, (BANDS,), drawn to `typical` where these are few.

    `typical` has the shape of an average voice; its height follows the recording's own.
    """
    active = heard.level > heard.loud - RANGE
    count = float(active.sum())
    if count < 1.0:
        return typical
    mean = np.zeros(BANDS, np.float64)
    for first in range(0, len(heard), 8192):
        inside = slice(first, first + 8192)
        mean += heard.bands[inside][active[inside]].astype(np.float64).sum(axis=0)
    mean /= count
    shape = mean - mean.mean()
    blended: Array = (mean.mean() + (count * shape + TYPICAL * typical) / (count + TYPICAL)).astype(np.float32)
    return blended


def described(heard: Heard, mean: Array, first: int, last: int) -> Array:
    """Frames `first` to `last` as (n, COEFFICIENTS + 2): cepstra against the mean spectrum, voicing, level in bels.

    Beyond the ends stands silence like the quietest frame.
    """
    at = np.clip(np.arange(first, last), 0, max(len(heard) - 1, 0))
    cepstra = (heard.bands[at].astype(np.float32) - mean) @ cosines()
    level = np.maximum(heard.level[at] - heard.loud, -60.0) / 10.0
    return np.concatenate([cepstra, heard.voicing[at, None].astype(np.float32), level[:, None]], axis=1)
