"""Whether mouth and sound go together: by how much one is late, and whether that changes. Knows no pixels, no files.

Offsets are seconds, positive when the picture is late. With the times of the sounds known, both streams are measured
against them: lips by the moments at which p, b and m shut them, or, where those are few, by how far each sound opens
them; sound by the loudness of vowels, consonants and pauses. Without, opening is correlated with loudness, which in
people hangs together so loosely that a few sentences tell nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.face.lips_ipa import sounds
from avatar.face.visemes import visemes
from avatar.quality.hearing import HOP, Hearing

Array = NDArray[np.float64]

REACH = 0.3
"""Largest offset that is looked for, in seconds."""
LOUDNESS_EXPONENT = 0.3
"""Stevens' power law: loudness grows as intensity to the 0.3 (S. S. Stevens 1955)."""
WINDOW = 10.0
LEAST_CLOSURES = 4
CLOSURE_APART = 0.11
"""Seconds between the middles of two closures below which they may be one in the picture."""
LEVELS = {
    "vowel": 1.0, "approximant": 0.8, "lateral": 0.75, "nasal": 0.6, "trill": 0.55, "tap": 0.55, "sibilant": 0.45,
    "fricative": 0.3, "plosive": 0.1, "implosive": 0.2, "click": 0.1,
}  # fmt: skip
"""How loud, from 0 to 1, the classes of sounds are to the ear."""
GROUP = 12
"""Closures that are taken to be late by about as much."""
NEAR = 0.06
"""Seconds around the closures' common shift within which one closure lies."""
BURST = 0.35
"""Where the middle of a stop's closure lies in its whole length; of a nasal it is the middle."""
LONGEST_CLOSURE = 0.22
"""Seconds from half way into to half way out of a closure, above which more than one sound has shut the lips."""
SYLLABLE = 0.12
"""Seconds over which the openings of single sounds blend."""


@dataclass(frozen=True, slots=True)
class Lag:
    """An offset and how well the two agree there, from 0 to 1."""

    seconds: float
    strength: float


def by_loudness(times: Array, gap: Array, hearing: Hearing) -> Lag:
    """By how much the opening `gap` at `times` follows the loudness."""
    loud = hearing.smooth(0.08) ** LOUDNESS_EXPONENT
    return _best_lag(hearing.times, loud, times, gap)


def of_curve(times: Array, seen: Array, meant: Array) -> Lag:
    """By how much the curve `seen` comes later than `meant`, both at `times`."""
    return _best_lag(times, meant, times, seen)


def of_sound(phones: tuple[Phone, ...], hearing: Hearing) -> Lag:
    """By how much the sound comes later than `phones` say."""
    grid = hearing.times
    expected = np.zeros(len(grid))
    for phone in phones:
        parts = sounds(phone.ipa)
        for index, part in enumerate(parts):
            length = (phone.end - phone.start) / len(parts)
            inside = slice(*np.searchsorted(grid, [phone.start + index * length, phone.start + (index + 1) * length]))
            expected[inside] = LEVELS[part.manner]
    window = np.hanning(round(0.05 / HOP) | 1)
    smooth = np.convolve(expected, window / window.sum(), mode="same")
    return _best_lag(grid, smooth, grid, hearing.smooth(0.02) ** (0.5 * LOUDNESS_EXPONENT))


def by_opening(phones: tuple[Phone, ...], times: Array, gap: Array) -> Lag:
    """By how much the opening `gap` at `times` is later than the sounds that open and shut the mouth.

    People open for a vowel before it sounds, by some 10 to 40 ms as this tells it.
    """
    if len(times) < 2:
        return Lag(float("nan"), 0.0)
    grid = np.arange(times[0], times[-1], HOP)
    wide = np.zeros(len(grid))
    for phone in phones:
        start = phone.start
        for viseme in visemes(phone.ipa) if phone.ipa else ():
            end = start + viseme.share * (phone.end - phone.start)
            wide[slice(*np.searchsorted(grid, [start, end]))] = 0.0 if viseme.contact != "none" else viseme.target[0]
            start = end
    window = np.hanning(round(SYLLABLE / HOP) | 1)
    return _best_lag(grid, np.convolve(wide, window / window.sum(), mode="same"), times, gap)


def _best_lag(base_times: Array, base: Array, times: Array, values: Array) -> Lag:
    """The shift of `values` against `base` at which the two correlate best, to a fraction of the grid."""
    if len(base) < 2 or len(times) < 2:
        return Lag(float("nan"), 0.0)
    first, last = max(base_times[0], times[0]) + REACH, min(base_times[-1], times[-1]) - REACH
    grid = np.arange(first, last, HOP)
    if len(grid) < 1.0 / HOP:
        return Lag(float("nan"), 0.0)
    fixed = np.interp(grid, base_times, base)
    steps = np.arange(-round(REACH / HOP), round(REACH / HOP) + 1)
    whole = np.interp(np.arange(len(grid) + len(steps) - 1) * HOP + first + steps[0] * HOP, times, values)
    moved = np.lib.stride_tricks.sliding_window_view(whole, len(grid))
    scores = _correlations(fixed, moved)
    at = int(np.argmax(scores))
    if not 0 < at < len(scores) - 1:
        return Lag(float("nan"), float(max(scores[at], 0.0)))
    before, here, after = scores[at - 1 : at + 2]
    bend = before - 2.0 * here + after
    part = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return Lag(float((steps[at] + part) * HOP), float(max(here, 0.0)))


def _correlations(fixed: Array, moved: Array) -> Array:
    """Pearson correlation of `fixed` (n,) with each row of `moved` (m, n)."""
    centred = fixed - fixed.mean()
    products = np.array([float(row @ centred) for row in moved])
    spreads = np.array([float(row.std()) for row in moved])
    result: Array = products / np.maximum(len(fixed) * fixed.std() * spreads, 1e-12)
    return result


def closures(phones: tuple[Phone, ...], times: Array, gap: Array) -> tuple[Array, Array]:
    """When p, b and m should be in the middle of their closure, and by how much the lips are later than that.

    Both (n,) in seconds; closures whose moment can't be told, such as those beside a pause, are left out.
    """
    around = zip(
        ("", *(phone.ipa for phone in phones)), phones, (*(phone.ipa for phone in phones[1:]), ""), strict=False
    )
    told = [(_closure_middle(phone), bool(before and after)) for before, phone, after in around if _bilabial(phone)]
    wanted, spoken = np.array([at for at, _ in told]), {at for at, bounded in told if bounded}
    if not len(wanted) or len(times) < 2:
        return np.zeros(0), np.zeros(0)
    found = []
    for group in np.array_split(wanted, max(1, len(wanted) // GROUP)):
        near = _common_shift(group, times, gap)
        alone = [at for at in _apart(group) if at in spoken]
        found += [(at, late) for at in alone if (late := _shut_at(at + near, times, gap) - at) == late]
    pairs = np.array(found).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _common_shift(wanted: Array, times: Array, gap: Array) -> float:
    """The shift, to some 10 ms, at which the gap is smallest over all closures together."""
    steps = np.arange(-REACH, REACH + HOP, HOP)
    opening = np.interp((wanted[:, None] + steps).ravel(), times, gap).reshape(len(wanted), -1).mean(axis=0)
    window = np.hanning(9)
    return float(steps[np.argmin(np.convolve(np.pad(opening, 4, mode="edge"), window / window.sum(), mode="valid"))])


def _bilabial(phone: Phone) -> bool:
    parts = sounds(phone.ipa)
    return len(parts) > 0 and parts[0].place == "bilabial" and parts[0].manner in ("plosive", "nasal")


def _closure_middle(phone: Phone) -> float:
    share = BURST if sounds(phone.ipa)[0].manner == "plosive" else 0.5
    return phone.start + share * (phone.end - phone.start)


def _apart(wanted: Array) -> Array:
    """Those that stand alone."""
    gaps = np.diff(wanted, prepend=-1.0, append=np.inf)
    return wanted[(gaps[:-1] > CLOSURE_APART) & (gaps[1:] > CLOSURE_APART)]


def _shut_at(about: float, times: Array, gap: Array) -> float:
    """The middle between half way into and half way out of a closure; not a number where there is none."""
    fine = np.arange(about - 0.22, about + 0.22, 0.001)
    if fine[0] < times[0] or fine[-1] > times[-1]:
        return float("nan")
    curve = np.interp(fine, times, gap)
    near = np.abs(fine - about) < NEAR
    low = int(np.flatnonzero(near)[np.argmin(curve[near])])
    half = 0.5 * (curve[low] + min(curve[:low].max(initial=0.0), curve[low:].max()))
    left, right = np.flatnonzero(curve[:low] >= half), np.flatnonzero(curve[low:] >= half)
    if not (len(left) and len(right)):
        return float("nan")
    shut, parted = float(fine[left[-1]]), float(fine[low + right[0]])
    return 0.5 * (shut + parted) if parted - shut <= LONGEST_CLOSURE else float("nan")
