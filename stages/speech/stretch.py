"""Speech made faster, slower, higher or lower. Knows nothing of what is said. Samples are mono float32.

Pieces that resemble what comes next are laid over each other: WSOLA, Verhelst and Roelands, ICASSP (1993), p. 554.
"""

import numpy as np

from avatar.media.sound import Samples

PIECE = 0.032
"""Seconds of a piece; every half of it another one begins."""
SEARCH = 0.008
"""Seconds by which a piece may be taken earlier or later, so that its waves fit those before: a deep voice's period."""


def paced(samples: Samples, rate: float, *, hertz: int) -> Samples:
    """The sound `rate` times as fast, at the same pitch."""
    if abs(rate - 1.0) < 1e-3 or not len(samples):
        return samples
    half = round(PIECE / 2 * hertz)
    reach = round(SEARCH * hertz)
    wanted = max(1, round(len(samples) / rate))
    count = -(-wanted // half) + 1
    padded = np.pad(samples, (reach + half, 2 * half + reach + round(half * rate) + 1))
    window = np.hanning(2 * half + 1)[:-1].astype(np.float32)
    made = np.zeros((count + 1) * half, np.float32)
    at = reach
    for number in range(count):
        ideal = min(round(number * half * rate), len(samples)) + reach
        if number:
            at = (
                ideal - reach + _likest(padded[at + half : at + 2 * half], padded[ideal - reach : ideal + reach + half])
            )
        else:
            at = ideal
        made[number * half : (number + 2) * half] += window * padded[at : at + 2 * half]
    return made[half : half + wanted]


def _likest(model: Samples, where: Samples) -> int:
    """Where a stretch is most like the model: the highest normalised correlation."""
    products = np.correlate(where, model, "valid")
    powers = np.convolve(where * where, np.ones(len(model), np.float32), "valid")
    return int(np.argmax(products / np.sqrt(np.maximum(powers, 1e-9))))


def pitched(samples: Samples, semitones: float, *, hertz: int) -> Samples:
    """The sound higher by that many semitones, as long as before."""
    if abs(semitones) < 1e-3 or not len(samples):
        return samples
    factor = 2.0 ** (semitones / 12.0)
    return resampled(paced(samples, 1.0 / factor, hertz=hertz), len(samples))


def resampled(samples: Samples, count: int) -> Samples:
    """The same sound in `count` samples, by its spectrum; what no longer has room there is left out.

    Its end is taken to go on at its start, so that both should be silent.
    """
    if count == len(samples) or not len(samples):
        return samples
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(count // 2 + 1, spectrum.dtype)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    if count < len(samples):
        fade = min(64, shared)
        kept[shared - fade :] *= np.linspace(1.0, 0.0, fade)
    made: Samples = (np.fft.irfft(kept, count) * (count / len(samples))).astype(np.float32)
    return made
