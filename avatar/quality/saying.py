"""Whether the mouth makes the sounds it should: closures, pauses, anticipation, rounding. Knows no pixels, no files.

Works on curves over time, `times` (n,) seconds and `gap` (n,) in any unit, so that measured and intended mouths are
judged alike. Results are not a number where an utterance has no case.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.face.visemes import visemes

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLOSED = 0.15
"""Lips count as closed below this share of the film's 95th percentile of the gap."""
PAUSE = 0.3
"""Pauses from this many seconds on are judged."""
MARGIN = 0.12
"""Seconds at either end of a pause in which the mouth may still shut or already breathe in."""
OPEN_VOWEL = 0.32
"""Least jaw target of the vowels that open the mouth, from which anticipation is read."""
RISE = 0.25
"""Least rise into a vowel, as a share of the 95th percentile of the gap, from which anticipation is read."""
FINE = 0.002


def closure_rate(phones: tuple[Phone, ...], times: Array, gap: Array, closed: float) -> float:
    """Share of p, b and m in whose time, to the nearest frame, the gap falls under `closed`."""
    step = 0.5 * float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    shut = []
    for phone in phones:
        if not any(viseme.contact == "lips" and viseme.firm == 1.0 for viseme in visemes(phone.ipa)):
            continue
        inside = (times >= phone.start - step) & (times <= phone.end + step)
        if inside.any():
            shut.append(float(gap[inside].min()) < closed)
    return float(np.mean(shut)) if shut else float("nan")


def pauses(phones: tuple[Phone, ...]) -> list[tuple[float, float]]:
    """Start and end of what must be shut in long pauses; at the film's ends there is nothing to shut or to open for."""
    last = len(phones) - 1
    return [
        (phone.start + (MARGIN if at else 0.0), phone.end - (MARGIN if at < last else 0.0))
        for at, phone in enumerate(phones)
        if not phone.ipa and phone.end - phone.start >= PAUSE
    ]


def shut_rate(spans: list[tuple[float, float]], times: Array, gap: Array, closed: float) -> float:
    """Share of frames within `spans` whose gap is under `closed`."""
    inside = np.zeros(len(times), np.bool_)
    for start, end in spans:
        inside |= (times >= start) & (times < end)
    return float(np.mean(gap[inside] < closed)) if inside.any() else float("nan")


def speaking(phones: tuple[Phone, ...], times: Array) -> Mask:
    """The frames in which a sound is said."""
    inside = np.zeros(len(times), np.bool_)
    for phone in phones:
        if phone.ipa:
            inside |= (times >= phone.start) & (times < phone.end)
    return inside


def open_vowels(phones: tuple[Phone, ...]) -> int:
    """How many vowels open the mouth wide."""
    first = (visemes(phone.ipa)[0] for phone in phones if phone.ipa)
    return sum(viseme.vowel and viseme.target[0] >= OPEN_VOWEL for viseme in first)


def leads(phones: tuple[Phone, ...], times: Array, gap: Array, widest: float) -> Array:
    """Seconds by which half of each opening precedes its vowel, for vowels after a consonant that leaves lips free.

    The opening is the rise from the gap's least value in the consonant to its greatest in the vowel.
    """
    fine = np.arange(times[0], times[-1], FINE) if len(times) else np.zeros(0)
    curve = np.interp(fine, times, gap) if len(fine) else fine
    found = []
    for before, phone in pairwise(phones):
        vowel, previous = visemes(phone.ipa)[0], visemes(before.ipa)[-1]
        if not vowel.vowel or vowel.target[0] < OPEN_VOWEL or previous.vowel or previous.contact != "none":
            continue
        start, middle, end = (int((at - times[0]) / FINE) for at in (before.start - 0.06, phone.start, phone.end))
        if start < 0 or end - start < 3 or end > len(curve):
            continue
        low = start + int(np.argmin(curve[start : middle + 1]))
        high = low + int(np.argmax(curve[low:end]))
        if curve[high] - curve[low] < RISE * widest:
            continue
        half = low + int(np.argmax(curve[low : high + 1] >= 0.5 * (curve[low] + curve[high])))
        found.append(phone.start - float(fine[half]))
    return np.asarray(found)


def rounded_order(phones: tuple[Phone, ...], times: Array, width: Array) -> float:
    """Share of pairs of one of u, o, w and one of e, i in which the first has the narrower mouth."""
    narrow, broad = (_widths(phones, times, width, of=letters) for letters in ("uow", "ie"))
    return float(np.mean(narrow[:, None] < broad[None, :])) if len(narrow) and len(broad) else float("nan")


def _widths(phones: tuple[Phone, ...], times: Array, width: Array, *, of: str) -> Array:
    middles = [
        0.5 * (phone.start + phone.end)
        for phone in phones
        if phone.ipa and phone.ipa[0] in of and len(visemes(phone.ipa)) == 1
    ]
    return np.interp(middles, times, width) if middles else np.zeros(0)
