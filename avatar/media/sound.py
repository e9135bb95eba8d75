"""Sound in blocks: read and written as WAV, measured, made equally loud, kept below a peak.

Knows no speech and no video. Samples are mono float32 in -1..1, in blocks of any length, so that memory stays flat.
"""

import wave
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.disk import storage_errors
from avatar.errors import BadRequest

Samples = NDArray[np.float32]

BLOCK = 1 << 16
"""Samples read at once."""

SILENCE = -70.0
"""LUFS below which a sound counts as silent (ITU-R BS.1770-5, absolute gate)."""


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
    """Integrated loudness of ITU-R BS.1770-5, measured while the sound passes."""

    HISTORY = 8192  # samples in which the filter forgets what was before

    def __init__(self, rate: int) -> None:
        self._hop = rate // 10
        self._size = 1 << (self.HISTORY + 8 * self._hop).bit_length()
        self._chunk = (self._size - self.HISTORY) // self._hop * self._hop
        self._response = _k_weighting(rate, self._size).astype(np.complex64)
        self._past = np.zeros(self.HISTORY, np.float32)
        self._waiting = np.zeros(0, np.float32)
        self._energies: list[NDArray[np.float64]] = []

    def push(self, block: Samples) -> None:
        """Hear the next samples."""
        self._waiting = np.concatenate((self._waiting, block))
        while len(self._waiting) >= self._chunk:
            self._weigh(self._waiting[: self._chunk])
            self._waiting = self._waiting[self._chunk :]

    def _weigh(self, chunk: Samples) -> None:
        heard = np.concatenate((self._past, chunk))
        padded = np.fft.rfft(heard, self._size) * self._response
        weighted = np.fft.irfft(padded, self._size)[self.HISTORY : len(heard)]
        whole = len(weighted) // self._hop * self._hop
        self._energies.append((weighted[:whole].reshape(-1, self._hop) ** 2).mean(axis=1))
        self._past = heard[-self.HISTORY :]

    def integrated(self) -> float:
        """Loudness in LUFS of all that was heard; minus infinity when it is silent or shorter than 0.4 s."""
        energies = list(self._energies)
        if len(self._waiting) >= self._hop:
            past = self._past
            self._weigh(self._waiting)
            energies, self._energies, self._past = self._energies, energies, past
        hops = np.concatenate(energies) if energies else np.zeros(0)
        if len(hops) < 4:
            return float("-inf")
        blocks = np.convolve(hops, np.full(4, 0.25), "valid")
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
    loud = np.flatnonzero(highest > 0.5 * above)
    if not loud.size:
        return highest
    padded = np.pad(samples, _REACH)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH)
    for at in (0, 1):  # the gap before the sample, the gap after it
        between = np.abs(windows[loud + at] @ _BETWEEN.T).max(axis=1)
        highest[loud] = np.maximum(highest[loud], between)
    return highest


def limited(blocks: Iterable[Samples], *, rate: int, gain: float, ceiling: float) -> Iterator[Samples]:
    """The sound times `gain`, turned down smoothly, 20 ms ahead, wherever its true peak would pass `ceiling`.

    As many samples come out as go in. Gain and ceiling are factors.
    """
    reach = rate // 100 * 2
    context = 2 * reach + 16
    held = np.zeros(context, np.float32)
    for block in _again(blocks, context):
        held = np.concatenate((held, block * np.float32(gain)))
        ready = len(held) - 2 * context
        if ready <= 0:
            continue
        yield _turned_down(held, ceiling, reach)[context:-context]
        held = held[ready:]


def _again(blocks: Iterable[Samples], tail: int) -> Iterator[Samples]:
    yield from blocks
    yield np.zeros(tail, np.float32)


def _turned_down(held: Samples, ceiling: float, reach: int) -> Samples:
    if np.abs(held).max(initial=0.0) < 0.5 * ceiling:
        return held
    needed = np.minimum(1.0, ceiling / np.maximum(peaks(held, above=ceiling), 1e-9)).astype(np.float32)
    lowest = np.pad(needed, reach, mode="edge")
    span = 1
    while span < 2 * reach + 1:  # a running minimum by doubling
        step = min(span, 2 * reach + 1 - span)
        lowest = np.minimum(lowest[:-step], lowest[step:])
        span += step
    smooth = _averaged(_averaged(np.pad(lowest, reach, mode="edge"), reach + 1), reach + 1)
    return held * smooth


def _averaged(values: Samples, width: int) -> Samples:
    """Running mean; `width - 1` values fewer. Summed in double, so that it never rises above its values by rounding."""
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    return np.asarray((sums[width:] - sums[:-width]) / width, np.float32)


def master(again: Callable[[], Iterable[Samples]], path: Path, *, rate: int, lufs: float, ceiling: float) -> int:
    """Write a sound to a WAV at `lufs` integrated loudness and at most `ceiling` dBTP; the number of samples.

    `again()` gives the blocks, from the start each time. What the limiter takes away is put back: loudness comes
    within 0.1 LU as long as it takes no more than a few dB. Silence stays silence. Raises StorageError.
    """
    top = 10.0 ** ((ceiling - 0.1) / 20.0)  # 4 x oversampling reads up to 0.1 dB too low
    decibels, measured, slope = 0.0, _loudness(again(), rate), 1.0
    for _ in range(4):
        if measured == float("-inf") or abs(lufs - measured) < 0.05:
            break
        step = (lufs - measured) / slope
        before, decibels = measured, decibels + step
        measured = _loudness(limited(again(), rate=rate, gain=10.0 ** (decibels / 20.0), ceiling=top), rate)
        slope = min(1.0, max(0.3, (measured - before) / step))
    return write(path, limited(again(), rate=rate, gain=10.0 ** (decibels / 20.0), ceiling=top), rate=rate)


def _loudness(blocks: Iterable[Samples], rate: int) -> float:
    meter = Loudness(rate)
    for block in blocks:
        meter.push(block)
    return meter.integrated()


def loudness(path: Path) -> float:
    """Integrated loudness of a WAV in LUFS. Raises BadRequest."""
    return _loudness(read(path), rate_of(path))
