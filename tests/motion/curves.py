"""What motion tests measure on curves."""

import numpy as np
from numpy.typing import NDArray

from avatar.face.tracks import COLUMN, Track

Array = NDArray[np.float64]


def column(track: Track, name: str) -> Array:
    """One column as float64."""
    return track[:, COLUMN[name]].astype(np.float64)


def repeats(curve: Array, *, fps: int, after: float = 3.0) -> float:
    """Highest autocorrelation at lags beyond `after` seconds: 1 for a loop, near 0 for what never comes back."""
    calm = curve - curve.mean()
    size = 2 * len(calm)
    power = np.abs(np.fft.rfft(calm, size)) ** 2
    correlation = np.fft.irfft(power)[: len(calm)]
    return float((correlation / correlation[0])[int(after * fps) :].max())


def band_share(curve: Array, *, fps: int, above: float) -> float:
    """Share of the power above `above` Hz."""
    power = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve)))) ** 2
    frequency = np.fft.rfftfreq(len(curve), 1.0 / fps)
    return float(power[frequency > above].sum() / power.sum())


def runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Starts and ends of the stretches in which `on` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
