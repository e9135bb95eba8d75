"""A text laid along a recording of it: when each word and sound is said, and whether it is said at all.

The built-in synthesiser reads the text; its phones, whose times are known, and what they sound like are looked for in
the recording, in order. Knows no file format.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance, Word
from avatar.errors import BackendError
from avatar.face import acoustic_features, acoustic_net
from avatar.face.acoustic_alignment import Aligner, Chain
from avatar.face.acoustic_classes import classes
from avatar.face.acoustic_features import HOP, Heard, Listener
from avatar.face.lips_score import joined
from stages.speech import voices
from stages.speech.espeak import perform as espeak
from stages.speech.espeak.library import RATE, Controls

Array = NDArray[np.float32]
Labels = NDArray[np.int64]

STATE = 0.025
"""Seconds of the read text that a state stands for."""
MOST = 6
EDGE = 1e-4
"""Seconds by which a word's ends are moved inwards, so that each is that of a phone of its own."""
FITTING = 0.4
"""Least score of a text that fits. Measured on sound with noise and echo: all of 190 other texts, and right ones with
their words shuffled, score 0.385 at most, 102 of 104 right ones more than 0.42."""
HOPELESS = -5.0
"""What a frame that does not fit at all counts, in natural log."""


@dataclass(frozen=True, slots=True)
class Match:
    """Phones and words at the recording's times, in seconds; `score` is 0 .. 1, how well they fit what is heard."""

    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    language: str
    score: float

    @property
    def fits(self) -> bool:
        """Whether this is what is said."""
        return self.score >= FITTING


@dataclass(frozen=True, slots=True)
class _States:
    """A chain, and the number of each state's phone in the read utterance, -1 for a pause that may be left out."""

    chain: Chain
    phones: Labels


def match(
    heard: Heard, said: str, *, language: str, seconds: float, folder: Path, step: Callable[[], None]
) -> Match | None:
    """Lay `said` along what was heard; none where the synthesiser can't read it or it can't be said in this time.

    `step` is called often. Raises StorageError, and NotFound for a language that does not exist.
    """
    try:
        utterance, read = _read(said, language, folder, step)
    except BackendError:
        return None
    known = acoustic_net.net()
    states = _states(utterance, read, known)
    aligner = Aligner(states.chain, known.usual)
    mean, first = acoustic_features.usual(heard, known.typical), 0
    chances: list[Array] = []
    for told in acoustic_net.told(heard, known):
        step()
        cepstra = acoustic_features.described(heard, mean, first, first + len(told))[:, :-2]
        aligner.push(told, cepstra)
        chances.append(told.astype(np.float16))
        first += len(told)
    path = aligner.path()
    if path is None:
        return None
    return _told(utterance, states, path, np.concatenate(chances), seconds)


def _read(said: str, language: str, folder: Path, step: Callable[[], None]) -> tuple[Utterance, Heard]:
    """The text as the synthesiser reads it, and how that sounds."""
    choice = voices.choose(language)
    line, spoken = espeak.speak(said, choice, Controls(), path=folder / "text.f32", step=lambda _done, _total: step())
    listener = Listener(RATE)
    for block in line.blocks():
        listener.push(block)
    return line.utterance(spoken), listener.heard()


def _states(utterance: Utterance, read: Heard, known: acoustic_net.Net) -> _States:
    """The chain of the read utterance: each phone as some states, and a pause that may be left out before each word."""
    cepstra = acoustic_features.described(read, acoustic_features.usual(read, known.typical), 0, len(read))[:, :-2]
    silent = cepstra[read.level < read.loud - 45.0]
    quiet = silent.mean(axis=0) if len(silent) else cepstra[0]
    starts = {round(word.start, 3) for word in utterance.words}
    rows: list[tuple[int, Array, bool, int]] = [(0, quiet, True, -1)]
    for number, phone in enumerate(utterance.phones):
        if (not phone.ipa or round(phone.start, 3) in starts) and not rows[-1][2]:
            rows.append((0, quiet, True, -1))
        start = phone.start
        for column, share in classes(phone.ipa) if phone.ipa else ():
            end = start + share * (phone.end - phone.start)
            count = int(np.clip(round((end - start) / STATE), 1 if share < 1.0 else 2, MOST))
            edges = np.linspace(start, end, count + 1) / HOP
            for first, last in pairwise(edges):
                inside = cepstra[int(first) : max(int(np.ceil(last)), int(first) + 1)]
                looks = inside.mean(axis=0) if len(inside) else quiet
                rows.append((column, looks, False, number))
            start = end
    if not rows[-1][2]:
        rows.append((0, quiet, True, -1))
    columns, looks_like, pauses, numbers = zip(*rows, strict=True)
    chain = Chain(np.asarray(columns), np.asarray(looks_like, np.float32), np.asarray(pauses))
    return _States(chain, np.asarray(numbers))


def _told(utterance: Utterance, states: _States, path: Labels, chances: Array, seconds: float) -> Match:
    numbers = states.phones[path]
    edges = np.flatnonzero(np.diff(numbers, prepend=-2))
    phones, times = [], {}
    for first, last in zip(edges, [*edges[1:], len(numbers)], strict=True):
        number = int(numbers[first])
        start, end = round(float(first) * HOP, 5), min(round(float(last) * HOP, 5), seconds)
        if end <= start:
            continue
        known = utterance.phones[number] if number >= 0 else Phone("", 0.0, 0.0)
        phones.append(replace(known, start=start, end=end))
        times[number] = (start, end)
    if phones:
        phones[-1] = replace(phones[-1], end=seconds)
    return Match(
        joined(tuple(phones)), _words(utterance, times), utterance.language, _score(states, path, numbers, chances)
    )


def _words(utterance: Utterance, times: dict[int, tuple[float, float]]) -> tuple[Word, ...]:
    """The words at the times of their phones; one that shares its sounds with another gets its share of them."""
    known = [(utterance.phones[number], times[number]) for number in sorted(times) if number >= 0]
    read = np.asarray([(phone.start + EDGE, phone.end - EDGE) for phone, _ in known]).ravel()
    heard = np.asarray([span for _, span in known]).ravel()
    starts = np.interp([word.start + EDGE for word in utterance.words], read, heard)
    ends = np.interp([word.end - EDGE for word in utterance.words], read, heard)
    return tuple(
        Word(word.text, round(float(start), 5), round(float(max(start, end)), 5))
        for word, start, end in zip(utterance.words, starts, ends, strict=True)
    )


def _score(states: _States, path: Labels, numbers: Labels, chances: Array) -> float:
    """How likely the text's classes are, as a share of the likeliest ones: the geometric mean over sounding frames."""
    sounding = np.flatnonzero(numbers >= 0)
    if not len(sounding):
        return 0.0
    told = chances[sounding].astype(np.float64)
    meant = told[np.arange(len(sounding)), states.chain.classes[path[sounding]]]
    return float(np.exp(np.maximum(meant - told.max(axis=1), HOPELESS).mean()))
