"""How loud a sound is and how high it reaches; made equally loud, and kept below a peak. In blocks of any length."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.media.sound import Samples, rate_of, read, write

HOPS = 200
"""Hops a second, in which a sound's loudness and peaks are kept and its level is turned."""
_STEP = HOPS // 10  # of the blocks of BS.1770-5, which overlap by three quarters

SILENCE = -70.0
"""LUFS below which a sound counts as silent (ITU-R BS.1770-5, absolute gate)."""


Complex = NDArray[np.complex128]


def _biquad(top: tuple[float, float, float], bottom: tuple[float, float, float], delay: Complex) -> Complex:
    """Response of a second-order filter; `delay` is one sample's at each frequency."""
    above, below = (row[0] + row[1] * delay + row[2] * delay * delay for row in (top, bottom))
    return np.asarray(above / below)


@lru_cache(maxsize=4)
def _k_weighting(rate: int, size: int) -> Complex:
    """Response of the K filter of ITU-R BS.1770-5 at the bins of a transform of `size` samples, at any sample rate.

    Both biquads are designed from their analogue parameters, as B. De Man gives them in "Evaluation of implementations
    of the EBU R128 loudness measurement", AES 145 (2018).
    """
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    width, corner, lift = 0.7071752369554196, 1681.974450955533, 10.0 ** (3.999843853973347 / 20.0)
    k, middle = float(np.tan(np.pi * corner / rate)), lift**0.4996667741545416
    shelf = _biquad(
        (lift + middle * k / width + k * k, 2 * (k * k - lift), lift - middle * k / width + k * k),
        (1 + k / width + k * k, 2 * (k * k - 1), 1 - k / width + k * k),
        delay,
    )
    width, corner = 0.5003270373238773, 38.13547087602444
    k = float(np.tan(np.pi * corner / rate))
    whole = 1 + k / width + k * k
    cut = _biquad((1, -2, 1), (1, 2 * (k * k - 1) / whole, (1 - k / width + k * k) / whole), delay)
    return shelf * cut


class Loudness:
    """Integrated loudness of ITU-R BS.1770-5, measured while the sound passes, and how high each hop of it reaches."""

    HISTORY = 8192  # samples in which the filter forgets what was before

    def __init__(self, rate: int) -> None:
        self._hop = rate // HOPS
        self._size = 1 << (self.HISTORY + 8 * _STEP * self._hop).bit_length()
        self._chunk = (self._size - self.HISTORY) // (_STEP * self._hop) * _STEP * self._hop
        self._response = _k_weighting(rate, self._size).astype(np.complex64)
        self._past = np.zeros(self.HISTORY, np.float32)
        self._waiting = np.zeros(0, np.float32)
        self._energies: list[Samples] = []
        self._tops: list[Samples] = []

    def push(self, block: Samples) -> None:
        """Hear the next samples."""
        self._waiting = np.concatenate((self._waiting, block))
        while len(self._waiting) >= self._chunk:
            energies, tops = self._weighed(self._waiting[: self._chunk])
            self._energies.append(energies)
            self._tops.append(tops)
            self._past = self._waiting[self._chunk - self.HISTORY : self._chunk]
            self._waiting = self._waiting[self._chunk :]

    def _weighed(self, chunk: Samples) -> tuple[Samples, Samples]:
        heard = np.concatenate((self._past, chunk))
        padded = np.fft.rfft(heard, self._size) * self._response
        weighted = np.fft.irfft(padded, self._size)[self.HISTORY : len(heard)].astype(np.float32)
        hops = weighted[: len(chunk) // self._hop * self._hop].reshape(-1, self._hop)
        energies = np.einsum("ij,ij->i", hops, hops) / np.float32(self._hop)
        return energies, np.abs(chunk[: hops.size]).reshape(hops.shape).max(axis=1)

    def hops(self) -> tuple[Samples, Samples]:
        """Weighted energy and greatest magnitude of each whole hop of all that was heard."""
        last = self._weighed(self._waiting)
        return np.concatenate((*self._energies, last[0])), np.concatenate((*self._tops, last[1]))

    def integrated(self) -> float:
        """Loudness in LUFS of all that was heard; minus infinity when it is silent or shorter than 0.4 s."""
        return _integrated(self.hops()[0])


def _integrated(energies: Samples) -> float:
    steps = energies[: len(energies) // _STEP * _STEP].reshape(-1, _STEP).mean(axis=1, dtype=np.float64)
    if len(steps) < 4:
        return float("-inf")
    blocks = np.convolve(steps, np.full(4, 0.25), "valid")
    loud = blocks[_lufs(blocks) >= SILENCE]
    if not loud.size:
        return float("-inf")
    kept = loud[_lufs(loud) >= _lufs(loud.mean()) - 10.0]
    return float(_lufs(kept.mean()))


def _lufs(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(energy, 1e-12)))


_REACH = 12
_AWAY = np.arange(1 - _REACH, _REACH + 1) - np.array([[0.25], [0.5], [0.75]])
_BETWEEN = (np.sinc(_AWAY) * np.i0(6.0 * np.sqrt(1.0 - (_AWAY / _REACH) ** 2)) / np.i0(6.0)).astype(np.float32)
"""Kaiser-windowed sinc: the samples around a gap -> three points in it, shape (3, 2 * _REACH)."""


def peaks(samples: Samples, *, above: float = 0.0) -> Samples:
    """The true peak around each sample: the greatest of it and three points to either side, 4 x oversampled.

    Only samples over half of `above` are looked at closely: no speech peaks 6 dB higher between two of them.
    """
    highest = np.abs(samples)
    loud = highest > 0.5 * above
    gaps = np.flatnonzero(np.append(loud, False) | np.append(False, loud))  # the one before each sample and after it
    if not gaps.size:
        return highest
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, _REACH), 2 * _REACH)
    between = np.zeros(len(samples) + 1, np.float32)
    between[gaps] = np.abs(_BETWEEN @ windows[gaps].T).max(axis=0)
    return np.where(loud, np.maximum(highest, np.maximum(between[:-1], between[1:])), highest)


_AHEAD = 4
"""Hops before a peak in which the level goes down, and after it, up."""
_EASE = np.convolve(np.full(_AHEAD + 1, 1.0), np.full(_AHEAD + 1, 1.0)) / (_AHEAD + 1) ** 2
_AROUND = 2 * _AHEAD + 2
"""Hops to either side that a hop's level depends on."""


def _levels(tops: Samples, ceiling: float) -> Samples:
    """The smooth gain at the middle of each hop that keeps each hop's greatest magnitude under `ceiling`."""
    needed = np.minimum(1.0, ceiling / np.maximum(tops, 1e-9))
    around = np.pad(needed, _AHEAD + 1, mode="edge")  # one more, since gain runs straight from hop to hop
    lowest = np.lib.stride_tricks.sliding_window_view(around, 2 * _AHEAD + 3).min(axis=1)
    eased = np.convolve(np.pad(lowest, _AHEAD, mode="edge"), _EASE, "valid")
    return np.minimum(eased, 1.0).astype(np.float32)


def limited(blocks: Iterable[Samples], *, rate: int, gain: float, ceiling: float) -> Iterator[Samples]:
    """The sound times `gain`, turned down smoothly, 20 ms ahead, wherever its true peak would pass `ceiling`.

    As many samples come out as go in. Gain and ceiling are factors.
    """
    hop = rate // HOPS
    context = (_AROUND + 1) * hop  # the odd one for what a true peak looks at
    held, left = np.zeros(context, np.float32), 0
    for block, heard in _and_silence(blocks, context + hop):
        held = np.concatenate((held, block * np.float32(gain)))
        left += heard
        ready = (len(held) - 2 * context) // hop * hop
        if ready <= 0:
            continue
        yield _turned_down(held[: ready + 2 * context], ceiling, hop)[context : context + min(ready, left)]
        held, left = held[ready:], left - ready


def _and_silence(blocks: Iterable[Samples], tail: int) -> Iterator[tuple[Samples, int]]:
    for block in blocks:
        yield block, len(block)
    yield np.zeros(tail, np.float32), 0


def _turned_down(held: Samples, ceiling: float, hop: int) -> Samples:
    if np.abs(held).max(initial=0.0) < 0.5 * ceiling:
        return held
    levels = _levels(peaks(held, above=ceiling).reshape(-1, hop).max(axis=1), ceiling)
    ends = np.pad(levels, 1, mode="edge")
    ramp = (np.arange(hop, dtype=np.float32) + 0.5) / hop
    between = ends[:-1, None] + (ends[1:] - ends[:-1])[:, None] * ramp  # from the middle of a hop to the next
    level: Samples = between.reshape(-1)[hop - hop // 2 :][: len(held)].astype(np.float32)
    return held * level


def master(again: Callable[[], Iterable[Samples]], path: Path, *, rate: int, lufs: float, ceiling: float) -> int:
    """Write a sound to a WAV at `lufs` integrated loudness and at most `ceiling` dBTP; the number of samples.

    `again()` gives the blocks, from the start each time. What the limiter takes away is put back: loudness comes
    within 0.1 LU as long as it takes no more than a few dB. Silence stays silence. Raises StorageError.
    """
    top = 10.0 ** ((ceiling - 0.1) / 20.0)  # 4 x oversampling reads up to 0.1 dB too low
    meter = _heard(again(), rate)
    gain = _wanted(*meter.hops(), lufs, top)
    return write(path, limited(again(), rate=rate, gain=gain, ceiling=top), rate=rate)


def _wanted(energies: Samples, tops: Samples, lufs: float, ceiling: float) -> float:
    """The gain that gives a sound of these hops that loudness after it was limited."""
    decibels, measured, slope = 0.0, _integrated(energies), 1.0
    for _ in range(6):
        if measured == float("-inf") or abs(lufs - measured) < 0.02:
            break
        step = (lufs - measured) / slope
        before, decibels = measured, decibels + step
        gain = 10.0 ** (decibels / 20.0)
        measured = _integrated(energies * (gain * _levels(tops * gain, ceiling)) ** 2)
        slope = min(1.0, max(0.3, (measured - before) / step))
    return float(10.0 ** (decibels / 20.0))


def _heard(blocks: Iterable[Samples], rate: int) -> Loudness:
    meter = Loudness(rate)
    for block in blocks:
        meter.push(block)
    return meter


def loudness(path: Path) -> float:
    """Integrated loudness of a WAV in LUFS. Raises BadRequest."""
    return _heard(read(path), rate_of(path)).integrated()
