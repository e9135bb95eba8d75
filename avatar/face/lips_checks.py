"""How well a mouth track says an utterance: closures, teeth, rounding, silence, range, anticipation. Knows no pixels.

Every figure comes from the rig through `avatar.face.rig_measures`, sampled at k / fps, against the phone times of the
utterance; the limits are the certificate's business. Figures for which the utterance has no case are NaN.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance
from avatar.face.lips_score import joined
from avatar.face.rig_measures import column, gap, lip_to_teeth, width
from avatar.face.tracks import Track
from avatar.face.visemes import visemes

Array = NDArray[np.float64]

CLOSED = 0.15
"""Lips count as closed below this share of the utterance's 95th percentile of the gap."""
PAUSE = 0.3
"""Pauses from this many seconds on are judged."""
MARGIN = 0.12
"""Seconds at either end of a pause in which the mouth may still shut or already breathe in."""
TOUCH = 0.01
"""Face heights between lower lip and upper teeth that still look like touching."""
OPEN, RISE = 0.32, 0.02
"""Anticipation is read from vowels with at least this jaw target whose opening adds at least so many face heights."""


@dataclass(frozen=True, slots=True)
class LipFigures:
    """Shares are 0..1, `open95` face heights, `leads` seconds by which vowels' half openings precede their sounds.

    `rounding` is the share of pairs of a u, o or w and an i or e in which the first has the narrower mouth.
    """

    open95: float
    closures: float
    teeth: float
    silence: float
    rounding: float
    leads: tuple[float, ...]


def figures(track: Track, utterance: Utterance, fps: int) -> LipFigures:
    """All figures of one track of shape (frames, channels)."""
    phones = joined(utterance.phones)
    opened, wide, bite = gap(track).astype(float), width(track).astype(float), lip_to_teeth(track).astype(float)
    speaking = _frames(tuple(phone for phone in phones if phone.ipa), len(track), fps)
    open95 = float(np.percentile(opened[speaking], 95)) if speaking.any() else float("nan")
    shut = [least < CLOSED * open95 for least in _lowest(opened, phones, fps, contact="lips")]
    rolled = column(track, "mouthRollLower").astype(float)
    bitten = [least < TOUCH for least in _lowest(np.where(rolled > 0.5, bite, 1.0), phones, fps, contact="teeth")]
    rest = _pauses(phones, len(track), fps)
    return LipFigures(
        open95=open95,
        closures=_mean(shut),
        teeth=_mean(bitten),
        silence=float(np.mean(opened[rest] < CLOSED * open95)) if rest.any() else float("nan"),
        rounding=_mean(
            [
                narrow < broad
                for narrow in _over(wide, phones, fps, of="uow")
                for broad in _over(wide, phones, fps, of="ie")
            ]
        ),
        leads=tuple(_leads(opened, phones, fps)),
    )


def _mean(values: list[float] | list[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _frames(phones: tuple[Phone, ...], count: int, fps: int) -> NDArray[np.bool_]:
    marked = np.zeros(count, dtype=bool)
    for phone in phones:
        marked[int(np.ceil(phone.start * fps)) : int(np.ceil(phone.end * fps))] = True
    return marked


def _pauses(phones: tuple[Phone, ...], count: int, fps: int) -> NDArray[np.bool_]:
    """Frames of long pauses, without the margin; at the very ends of the sound nothing comes before or after."""
    inner = [
        Phone("", phone.start + (MARGIN if at else 0.0), phone.end - (MARGIN if at < len(phones) - 1 else 0.0))
        for at, phone in enumerate(phones)
        if not phone.ipa and phone.end - phone.start >= PAUSE
    ]
    return _frames(tuple(inner), count, fps)


def _lowest(curve: Array, phones: tuple[Phone, ...], fps: int, *, contact: str) -> list[float]:
    """The smallest value within each phone that asks for `contact`, at the frames nearest to it."""
    found = []
    for phone in phones:
        if not any(viseme.contact == contact and viseme.firm == 1.0 for viseme in visemes(phone.ipa)):
            continue
        first, last = round(phone.start * fps), round(phone.end * fps)
        within = curve[max(first, 0) : max(last, first) + 1]
        if len(within):
            found.append(float(within.min()))
    return found


def _over(curve: Array, phones: tuple[Phone, ...], fps: int, *, of: str) -> list[float]:
    """The middle value of the curve in every phone that is one sound and printed with a letter of `of`."""
    times = np.arange(len(curve)) / fps
    middles = [
        0.5 * (phone.start + phone.end)
        for phone in phones
        if phone.ipa and phone.ipa[0] in of and len(visemes(phone.ipa)) == 1
    ]
    return [float(np.interp(middle, times, curve)) for middle in middles]


def _leads(opened: Array, phones: tuple[Phone, ...], fps: int) -> list[float]:
    """By how much half of each opening precedes its vowel, where no lip contact before it fixes the moment.

    The opening is the rise of the gap from its least value in the sounds before to its greatest in the vowel.
    """
    times = np.arange(len(opened)) / fps
    fine = np.arange(0.0, times[-1] if len(times) else 0.0, 0.002)
    curve = np.interp(fine, times, opened) if len(fine) else fine
    found = []
    for before, phone in pairwise(phones):
        vowel, previous = visemes(phone.ipa)[0], visemes(before.ipa)[-1]
        if not vowel.vowel or vowel.target[0] < OPEN or previous.vowel or previous.contact != "none":
            continue
        start, middle, end = (int(t / 0.002) for t in (max(before.start - 0.06, 0.0), phone.start, phone.end))
        if end - start < 3 or end > len(curve):
            continue
        low = start + int(np.argmin(curve[start : middle + 1]))
        high = low + int(np.argmax(curve[low:end]))
        if curve[high] - curve[low] < RISE:
            continue
        half = low + int(np.argmax(curve[low : high + 1] >= 0.5 * (curve[low] + curve[high])))
        found.append(float(phone.start - fine[half]))
    return found
