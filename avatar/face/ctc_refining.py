"""Phones whose times are known to a few frames, put to the frame by ear. Knows neither letters nor words.

What a small network hears every hundredth of a second decides, near where each phone is expected; between words it may
be silent. The walk is done phrase by phrase.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.face import acoustic_net
from avatar.face.acoustic_alignment import Aligner, Chain
from avatar.face.acoustic_classes import COLUMN, classes
from avatar.face.acoustic_features import HOP, Heard
from avatar.face.ctc_retiming import Placed

Array = NDArray[np.float32]
Halves = NDArray[np.float16]

STATE, MOST = 0.025, 6
"""Seconds that a state stands for, and how many a phone has at most."""
SURE = 0.025
"""Seconds by which a state may be off at no great cost: natural log ALIKE for each frame."""
PHRASE, LONGEST = 0.15, 8.0
"""Seconds of a pause that parts two phrases, and of a phrase that is cut at a word."""
BESIDE = 0.25
"""Seconds of the pauses beside a phrase that are looked at."""


def refined(phones: Sequence[Phone], placed: Sequence[Placed], *, heard: Heard, seconds: float) -> tuple[Placed, ...]:
    """What is placed, in order and none over another, at the times that are heard; one that is not heard is left out.

    `phones` are those that it numbers, `seconds` is how long the recording is.
    """
    told = [piece.astype(np.float16) for piece in acoustic_net.told(heard, acoustic_net.net())]
    if not placed or not told:
        return tuple(placed)
    chances = np.concatenate(told)
    found: list[Placed] = []
    for first, last in _phrases(placed):
        before = found[-1].end if found else 0.0
        after = 0.5 * (placed[last - 1].end + placed[last].start) if last < len(placed) else seconds
        span = max(before, placed[first].start - BESIDE), min(after, placed[last - 1].end + BESIDE)
        found += _walked(phones, placed[first:last], chances=chances, span=span)
    return tuple(found)


def _phrases(placed: Sequence[Placed]) -> Iterator[tuple[int, int]]:
    """The phrases, as (the first, the one after the last)."""
    first = 0
    for place, (before, here) in enumerate(pairwise(placed), start=1):
        if here.start - before.end >= PHRASE or (here.begins and before.end - placed[first].start > LONGEST):
            yield first, place
            first = place
    yield first, len(placed)


@dataclass(frozen=True, slots=True)
class _States:
    """What a phrase passes: class, expected time and place of each state; -1 is a pause."""

    classes: list[int]
    times: list[float]
    placed: list[int]

    def add(self, column: int, time: float, place: int) -> None:
        """One more."""
        self.classes.append(column)
        self.times.append(time)
        self.placed.append(place)


def _states(phones: Sequence[Phone], placed: Sequence[Placed]) -> _States:
    made = _States([], [], [])
    end = placed[0].start - HOP
    for number, place in enumerate(placed):
        if place.begins or number == 0:
            made.add(COLUMN[""], 0.5 * (end + place.start), -1)
        start = place.start
        for column, share in classes(phones[place.number].ipa):
            length = share * (place.end - place.start)
            count = int(np.clip(round(length / STATE), 1 if share < 1.0 else 2, MOST))
            for part in range(count):
                made.add(column, start + length * (part + 0.5) / count, number)
            start += length
        end = place.end
    made.add(COLUMN[""], end + HOP, -1)
    return made


def _walked(
    phones: Sequence[Phone], placed: Sequence[Placed], *, chances: Halves, span: tuple[float, float]
) -> list[Placed]:
    """A phrase at the frames of the best path; as it was where there is none."""
    first, last = round(span[0] / HOP), min(round(span[1] / HOP), len(chances))
    states, middle = _states(phones, placed), 0.5 * (span[0] + span[1])
    pauses = np.asarray(states.placed) < 0
    chain = Chain(np.asarray(states.classes), _near(np.asarray(states.times) - middle), pauses)
    aligner = Aligner(chain, acoustic_net.net().usual)
    times = (np.arange(first, last) + 0.5) * HOP - middle
    aligner.push(chances[first:last].astype(np.float32), _near(times))
    path = aligner.path() if last > first else None
    if path is None:
        return list(placed)
    numbers = np.asarray(states.placed)[path]
    edges = np.flatnonzero(np.diff(numbers, prepend=-2, append=-2)).tolist()
    return [
        replace(placed[numbers[begin]], start=(first + begin) * HOP, end=(first + stop) * HOP)
        for begin, stop in pairwise(edges)
        if numbers[begin] >= 0
    ]


def _near(times: NDArray[np.floating]) -> Array:
    """Times as what the walk compares, (n, 1)."""
    return (times / SURE).astype(np.float32)[:, None]
