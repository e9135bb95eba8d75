"""Whether a film's sound says its text: a recogniser's words beside those that were to be said. Knows no network.

The word error rate is the least number of words to be changed, put in and left out, as a share of those that were to be
said (Levenshtein's distance, over words).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Utterance
from avatar.errors import BackendError
from avatar.quality.figures import Figure, Limit, Meaning

WORDS = Meaning("word error rate", "%", Limit(high=30.0))
"""The limit is a choice: a sound of which every third word is misheard is hard to follow. People's own read speech has
3 to 4 % with the network that is used here (Baevski et al. 2020, table 2); it was never tried on ours."""
FEWEST = 8
"""Words below which one misheard name decides; the rate then stands in the note."""
SHOWN = 3
KEPT, DROPPED, INSERTED = 0, 1, 2
NO_RECOGNISER = "no speech recogniser is here"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The words that were to be said, as they are said, and those that were heard, both in small letters."""

    meant: tuple[str, ...]
    heard: tuple[str, ...]


class Recogniser(Protocol):
    """Hears the words in a film."""

    def __call__(self, film: Path, said: str, language: str, /) -> Recognised:
        """What is heard in `film`, whose text is `said`. Raises `BackendError` with the reason where it can't tell."""
        ...


@dataclass(frozen=True, slots=True)
class Errors:
    """The least changes that make the heard words the meant ones; `swapped` are pairs, meant and heard, in order."""

    count: int
    swapped: tuple[tuple[str, str], ...]


def figure(film: Path, told: Utterance | None, recogniser: Recogniser | None) -> Figure:
    """The word error rate of a film that says what is `told`."""
    if recogniser is None:
        return WORDS.unmeasured(NO_RECOGNISER)
    if told is None or not told.text:
        return WORDS.unmeasured("what is said is not known")
    try:
        found = recogniser(film, told.text, told.language)
    except BackendError as error:
        return WORDS.unmeasured(str(error).rstrip("."))
    if not found.meant:
        return WORDS.unmeasured("the text has no words that are said in English")
    wrong = errors(found.meant, found.heard)
    rate = 100.0 * wrong.count / len(found.meant)
    note = f"{wrong.count} of {len(found.meant)} words"
    if wrong.swapped:
        note += "; " + ", ".join(f"{meant} heard as {heard}" for meant, heard in wrong.swapped[:SHOWN])
    if len(found.meant) < FEWEST:
        return WORDS.judged(math.nan, "none", f"{note}: too few to judge by")
    return WORDS.judged(rate, "sound", note)


def errors(meant: Sequence[str], heard: Sequence[str]) -> Errors:
    """What is wrong with the heard words. Takes a byte of memory for each pair of a meant word and a heard one."""
    numbers = {word: number for number, word in enumerate({*meant, *heard})}
    others = np.array([numbers[word] for word in heard], np.int64)
    steps = np.arange(len(heard) + 1)
    row = steps.copy()
    ways = np.full((len(meant) + 1, len(heard) + 1), INSERTED, np.uint8)
    for number, word in enumerate(meant, start=1):
        kept, dropped = row[:-1] + (others != numbers[word]), row[1:] + 1
        row = np.minimum.accumulate(np.concatenate([[number], np.minimum(kept, dropped)]) - steps) + steps
        ways[number, 0] = DROPPED
        ways[number, 1:] = np.select([row[1:] == kept, row[1:] == dropped], [KEPT, DROPPED], INSERTED)
    return Errors(int(row[-1]), tuple(_swapped(meant, heard, ways)))


def _swapped(meant: Sequence[str], heard: Sequence[str], ways: NDArray[np.uint8]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    here, there = len(meant), len(heard)
    while here or there:
        way = ways[here, there]
        here, there = here - (way != INSERTED), there - (way != DROPPED)
        if way == KEPT and meant[here] != heard[there]:
            found.append((meant[here], heard[there]))
    return found[::-1]
