"""How well lips can be told from sound alone: against speech whose phones are known and were hidden.

Voices, languages and words are others than those that the network was fitted to. The baseline is told only how loud
each frame and its surroundings are; of the fitting speech it knows what is likeliest then. Its mouth opens with the
loudness itself, which is the better of its two.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance
from avatar.face import acoustic, coarticulation
from avatar.face.acoustic_classes import CLASSES
from avatar.face.acoustic_features import HOP, Heard
from avatar.face.lips_score import joined
from avatar.face.rig_measures import gap, width
from benchmarks.acoustic_corpus import Spoken, to_fit, to_judge
from benchmarks.acoustic_training import Labels, labels, listened
from benchmarks.table import Row

Floats = NDArray[np.float64]

NAMES = {"": "pause", "y": "y ø", "m": "m", "p": "p b", "f": "f v", "t": "t d k g", "n": "n l", "h": "h x th"}
LEVELS, SLOPES = np.arange(-40.0, 6.0, 2.0), np.array([-6.0, -2.0, 2.0, 6.0])
FPS = 50
LOUDNESS, SMOOTH = 0.3, 8
"""Stevens' power law, and frames over which loudness is smoothed: both as good as this baseline gets."""


@dataclass(frozen=True, slots=True)
class Told:
    """Frame classes, and opening and width of the mouth at `FPS`, in face heights: as known and as told."""

    known: Labels
    told: Labels
    mouths: tuple[Floats, Floats]
    widths: tuple[Floats, Floats]


def _mouth(phones: tuple[Phone, ...], seconds: float) -> tuple[Floats, Floats]:
    said = Utterance(seconds, "", "", phones, (), exact=False)
    track = coarticulation.mouth(said, fps=FPS, frames=int(seconds * FPS), seed=1)
    return gap(track).astype(float), width(track).astype(float)


def by_ear(spoken: Spoken) -> Told:
    """What the estimate makes of a piece."""
    heard = listened(spoken.samples)
    seconds = spoken.utterance.seconds
    return _compared(spoken, acoustic.phones(heard, seconds=seconds), len(heard))


def _compared(spoken: Spoken, phones: tuple[Phone, ...], frames: int) -> Told:
    seconds, known = spoken.utterance.seconds, joined(spoken.utterance.phones)
    (opened, wide), (guessed, narrow) = _mouth(known, seconds), _mouth(phones, seconds)
    return Told(labels(known, frames), labels(phones, frames), (opened, guessed), (wide, narrow))


class Loudness:
    """The baseline: the likeliest class for a level and its change, counted on the fitting speech."""

    def __init__(self, pieces: list[Spoken]) -> None:
        counts = np.ones((len(LEVELS) + 1, len(SLOPES) + 1, len(CLASSES)))
        usual = np.ones(len(CLASSES))
        for spoken in pieces:
            heard = listened(spoken.samples)
            told = labels(joined(spoken.utterance.phones), len(heard))
            np.add.at(counts, (*self._cells(heard), told), 1.0)
            usual += np.bincount(told, minlength=len(CLASSES))
        self._best = (counts / usual**0.5).argmax(axis=2)

    @staticmethod
    def _cells(heard: Heard) -> tuple[Labels, Labels]:
        level = np.convolve(np.pad(heard.level, 2, mode="edge"), np.full(5, 0.2), "valid") - heard.loud
        slope = np.gradient(level) * 4.0
        return np.searchsorted(LEVELS, level), np.searchsorted(SLOPES, slope)

    def __call__(self, spoken: Spoken) -> Told:
        """What loudness alone makes of a piece."""
        heard = listened(spoken.samples)
        told = self._best[self._cells(heard)]
        edges = [0, *(np.flatnonzero(np.diff(told)) + 1).tolist(), len(told)]
        phones = tuple(Phone(CLASSES[told[first]], first * 0.01, last * 0.01) for first, last in pairwise(edges))
        found = _compared(spoken, phones, len(heard))
        loud = np.convolve(10.0 ** (LOUDNESS * heard.level / 10.0), np.full(SMOOTH, 1.0 / SMOOTH), "same")
        known = found.mouths[0]
        times = np.arange(len(known)) / FPS
        return replace(found, mouths=(known, np.interp(times, (np.arange(len(heard)) + 0.5) * HOP, loud)))


def scores(found: list[Told]) -> Floats:
    """The harmonic mean of precision and recall of each class over all frames, (classes,)."""
    known = np.concatenate([told.known for told in found])
    guess = np.concatenate([told.told for told in found])
    result = np.zeros(len(CLASSES))
    for column in range(len(CLASSES)):
        hits = int(np.count_nonzero((known == column) & (guess == column)))
        either = int(np.count_nonzero(known == column)) + int(np.count_nonzero(guess == column))
        result[column] = 2.0 * hits / max(either, 1)
    return result


def likeness(found: list[Told], what: str) -> float:
    """Mean correlation of the told mouth with the known one."""
    pairs = [getattr(told, what) for told in found]
    return float(np.mean([np.corrcoef(known, guess)[0, 1] for known, guess in pairs]))


def rows() -> Iterator[Row]:
    """Score by class, and how alike the mouths are, against the baseline's."""
    pieces = list(to_judge())
    ear, loud = [by_ear(spoken) for spoken in pieces], list(map(Loudness(list(to_fit(40))), pieces))
    ours, theirs = scores(ear), scores(loud)
    for column, name in enumerate(CLASSES):
        yield Row(f"lips by ear: F1 of {NAMES.get(name, name)} (loudness {theirs[column]:.2f})", ours[column], "")
    yield Row("lips by ear: mean F1 of all classes", float(ours.mean()), "", 0.5, more=True)
    yield Row("lips by loudness: mean F1 of all classes", float(theirs.mean()), "")
    for what, name in (("mouths", "opening"), ("widths", "width")):
        yield Row(f"lips by ear: {name}, correlation with the known", likeness(ear, what), "r", 0.6, more=True)
        yield Row(f"lips by loudness: {name}, correlation with the known", likeness(loud, what), "r")
