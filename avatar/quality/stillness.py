"""How still the picture beside a head is: from frame to frame, and from start to end. Knows neither file nor face."""

import math

import numpy as np
from numpy.typing import NDArray

from avatar.quality.figures import Figure, Limit, Meaning
from avatar.quality.seeing import Still

Array = NDArray[np.float64]

STILLNESS = Meaning("still background", "dB", Limit(low=45.0))
FLICKER = Meaning("background flicker", "luma codes", Limit(high=0.5))
COLOUR = Meaning("background light drift", "luma codes", Limit(-1.0, 1.0))
STILL = (STILLNESS, FLICKER, COLOUR)


def figures(still: Still) -> list[Figure]:
    """How still the picture beside the head is, from frame to frame and from start to end.

    Its light drifts where most of its parts do: long hair that reaches into a few of them is no change of light.
    """
    if not len(still.noise):
        return [meaning.unmeasured("no background is to be seen beside the head") for meaning in STILL]
    noise = max(float(np.nanmean(still.noise)), 1e-3)
    steps = np.abs([_mean(change) for change in np.diff(still.light, axis=0)])
    drift = float(np.nanmedian([_drifted(part) for part in still.light.T]))
    return [
        STILLNESS.judged(10.0 * math.log10(255.0**2 / noise), "pixels"),
        FLICKER.judged(float(np.nanpercentile(steps, 99)), "pixels"),
        COLOUR.judged(drift, "pixels"),
    ]


def _mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _drifted(part: Array) -> float:
    """How much lighter a part (n,) is where it is last seen than where it is first; a second each where it can be."""
    known = part[~np.isnan(part)]
    ends = min(25, len(known) // 4)
    return float(known[-ends:].mean() - known[:ends].mean()) if ends else math.nan
