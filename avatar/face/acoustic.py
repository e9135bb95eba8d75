"""Phones by ear: what a mouth does in speech of any language, from its sound alone. Knows neither words nor files.

A small network tells each frame's class; the best path through classes of a least length makes phones of them
(Viterbi). Vowels take the place on the trapezium where the network's doubts have their mean, so that what is unsure is
also unmarked. Stress is what stands out from its surroundings in level and length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.face import acoustic_net
from avatar.face.acoustic_classes import CLASSES, OPEN_VOWELS, PLACES
from avatar.face.acoustic_features import HOP, Heard
from avatar.face.lips_ipa import VOWELS

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

SILENT = -75.0
"""Level in dB below which even the loud passages are nothing."""
LEAST = 3
"""Frames that every phone lasts."""
RARE = 0.5
"""How far a class's being rare is made up for, 0 .. 1."""
ORDER = 0.8
"""How much the usual order of sounds counts."""
NEW = 1.0
"""What another phone costs, in natural log."""
SETTLED = 200
"""Frames after which a path is no longer in doubt."""
EVERY = 1000
NEAREST = tuple("aɑɐæʌɛeɪiɨəɜɔoʊuʉyʏøœɒ")
"""The vowels that a told one may become."""
SHARPER = 1.5
"""The power to which the network's probabilities are raised before their mean is taken."""
LONGER = 0.8
"""Decibels that each frame of a vowel's length is worth when its weight is told."""
STRESSED = (50.0, 63.0)
"""Percentiles of the weight of a recording's vowels from which one has secondary and primary stress."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Frames `first` to `last`, without it, of one class; `mean` (classes,) is the network's mean probability."""

    column: int
    first: int
    last: int
    mean: Array


def phones(heard: Heard, *, seconds: float) -> tuple[Phone, ...]:
    """Phones that cover `[0, seconds]` without gaps."""
    if heard.loud < SILENT:
        return (Phone("", 0.0, seconds),)
    known = acoustic_net.net()
    runs = Runs(known)
    for piece in acoustic_net.told(heard, known):
        runs.push(piece)
    return _timed(_stressed(runs.finish(), heard), seconds)


class Runs:
    """The best path through frames that come in pieces. States are the classes, each `LEAST` times in a row."""

    def __init__(self, known: acoustic_net.Net) -> None:
        count = len(CLASSES)
        self._rare = RARE * np.log(known.usual)
        self._step = (ORDER * known.follows - NEW).astype(np.float32)
        np.fill_diagonal(self._step, -np.inf)
        self._score = np.full((LEAST, count), -np.inf, np.float32)
        self._score[0] = 0.0
        self._back: list[NDArray[np.int8]] = []
        self._waiting: list[Array] = []
        self._runs: list[Run] = []
        self._begun: tuple[int, int, Array] | None = None
        self._frames = 0

    def push(self, told: Array) -> None:
        """Take in log probabilities of the next frames (n, classes)."""
        for first in range(0, len(told), EVERY):
            self._walk(told[first : first + EVERY])
            self._settle(SETTLED)

    def _walk(self, told: Array) -> None:
        every = np.arange(len(CLASSES))
        for row in told - self._rare:
            enter = self._score[-1][:, None] + self._step
            came = enter.argmax(axis=0)
            stay = self._score[-1]
            moved = np.empty_like(self._score)
            moved[0] = enter[came, every]
            moved[1:] = self._score[:-1]
            kept = stay > moved[-1]
            moved[-1] = np.maximum(stay, moved[-1])
            self._score = moved + row
            self._score -= self._score.max()
            self._back.append(np.where(kept, came + len(came), came).astype(np.int8))
        self._waiting.extend(np.exp(told))

    def _settle(self, doubt: int) -> None:
        """Make runs of the frames that are older than `doubt`."""
        sure = len(self._back) - doubt
        if sure > 0:
            self._take(self._path()[:sure])
            del self._back[:sure], self._waiting[:sure]

    def _path(self) -> list[int]:
        """The class of each waiting frame, from the best last state back."""
        stage, column = divmod(int(self._score.argmax()), len(CLASSES))
        path: list[int] = []
        for came in reversed(self._back):
            path.append(column)
            if stage == LEAST - 1 and came[column] >= len(CLASSES):
                continue
            if stage:
                stage -= 1
            else:
                stage, column = LEAST - 1, int(came[column]) % len(CLASSES)
        return path[::-1]

    def _take(self, path: list[int]) -> None:
        for column, chance in zip(path, self._waiting, strict=False):
            if self._begun is None or self._begun[0] != column:
                self._close()
                self._begun = (column, self._frames, np.zeros(len(CLASSES), np.float32))
            total = self._begun[2]
            np.add(total, chance, out=total)
            self._frames += 1

    def _close(self) -> None:
        if self._begun is not None:
            column, first, total = self._begun
            mean: Array = total / np.float32(self._frames - first)
            self._runs.append(Run(column, first, self._frames, mean))

    def finish(self) -> list[Run]:
        """All runs, in order."""
        self._settle(0)
        self._close()
        self._begun = None
        return self._runs


def _vowel(chance: Array) -> str:
    """The vowel nearest to where the network's doubts have their mean."""
    share = (chance[slice(*OPEN_VOWELS)].astype(np.float64) + 1e-6) ** SHARPER
    where = share @ np.asarray(PLACES) / share.sum()
    return min(NEAREST, key=lambda name: float(np.sum((np.asarray(VOWELS[name]) - where) ** 2)))


def _stressed(runs: Sequence[Run], heard: Heard) -> list[tuple[str, int, int, int]]:
    """Name, first and last frame, and stress of each phone."""
    weights = {run: _weight(run, heard) for run in runs if OPEN_VOWELS[0] <= run.column < OPEN_VOWELS[1]}
    limits = np.percentile(list(weights.values()), STRESSED).tolist() if weights else ()
    return [
        (_vowel(run.mean), run.first, run.last, sum(weights[run] > limit for limit in limits))
        if run in weights
        else (CLASSES[run.column], run.first, run.last, 0)
        for run in runs
    ]


def _weight(run: Run, heard: Heard) -> float:
    """What makes a vowel stand out: its level and its length."""
    level = float(heard.level[run.first : run.last].max(initial=-100.0))
    return level + LONGER * (run.last - run.first)


def _timed(found: list[tuple[str, int, int, int]], seconds: float) -> tuple[Phone, ...]:
    """Phones with times in seconds; neighbours of the same name and pauses in a row are one."""
    result: list[Phone] = []
    for name, first, last, stress in found:
        start, end = min(round(first * HOP, 5), seconds), min(round(last * HOP, 5), seconds)
        if result and result[-1].ipa == name and not name:
            result[-1] = Phone("", result[-1].start, end)
        elif end > start:
            result.append(Phone(name, start, end, stress))
    if not result:
        return (Phone("", 0.0, seconds),)
    tail = result[-1]
    result[-1] = Phone(tail.ipa, tail.start, seconds, tail.stress)
    return tuple(result)
