"""When a recording says what: by its text where that fits, else by what can be read from it. Knows no picture."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from avatar.artifacts import Utterance
from avatar.errors import BackendError
from avatar.face import ctc, ctc_refining, ctc_retiming, ctc_spelling
from avatar.face.ctc_retiming import Grid
from avatar.face.ctc_spelling import Spelling
from stages.lips.wav2vec.hearing import Listened

SURE = 0.8
"""Least mean chance of the letters that are read without a text: below it they are guessed at. A small network that
gets every third letter wrong has 0.53 to 0.68."""
FEWEST = 3
"""Letters that must be read at least."""
BREATH = 0.5
"""Seconds between two words read from the sound that part two sentences."""


class Read(Protocol):
    """How a text becomes sounds with times; see `stages.reading`."""

    def __call__(self, said: str, /) -> Utterance:
        """Raises BackendError for what can't be read."""
        ...


@dataclass(frozen=True, slots=True)
class Timed:
    """What is said when, and sentences on what its hearer should know. `heard` is false where nothing was found out."""

    utterance: Utterance
    heard: bool
    notes: tuple[str, ...] = ()


def timed(given: Utterance, listened: Listened, *, letters: Mapping[str, int], grid: Grid, read: Read) -> Timed:
    """The utterance at the times that are heard; as it was given, with a note, where no English can be made out."""
    notes: tuple[str, ...] = ()
    if given.words:
        laid = _laid(given, listened, letters)
        if laid.fits:
            return Timed(_moved(given, laid, listened, grid=grid, seconds=given.seconds), heard=True)
        notes = (f"The text does not fit the sound (score {laid.score:.2f} of 1); what was heard is used instead.",)
    if said := transcript(listened, letters, grid):
        with suppress(BackendError):
            reading = read(said)
            laid = _laid(reading, listened, letters)
            if laid.fits:
                return Timed(_moved(reading, laid, listened, grid=grid, seconds=given.seconds), heard=True, notes=notes)
    how = "by the times of its text" if given.words else "by the sound alone"
    return Timed(given, heard=False, notes=(f"No English could be made out in the sound; the lips follow it {how}.",))


def transcript(listened: Listened, letters: Mapping[str, int], grid: Grid) -> str:
    """What is said, in sentences, read from the guesses; empty where they are no more than guesses."""
    reading = ctc.read(listened.guesses)
    found = sum(symbol > ctc.GAP for symbol in reading.symbols)
    if found < FEWEST or reading.sure < SURE:
        return ""
    laid = ctc.align(listened.guesses, reading.symbols)
    if laid is None:
        return ""
    signs = {symbol: sign.lower() for sign, symbol in letters.items()}
    words: list[str] = [""]
    last = 0
    for symbol, start, end in zip(reading.symbols, laid.starts.tolist(), laid.ends.tolist(), strict=True):
        if symbol == ctc.GAP:
            words.append("")
            continue
        if not words[-1] and len(words) > 1 and (start - last) * grid.hop > BREATH:
            words[-2] += "."
        words[-1] += signs[symbol]
        last = end
    return _sentences(words)


def _sentences(words: list[str]) -> str:
    """Words as they are written: capitals where sentences begin, and for the one word that always has one."""
    said: list[str] = []
    for word in words:
        begins = not said or said[-1].endswith(".")
        alone = word.split("'")[0].rstrip(".") == "i"
        said.append(word[:1].upper() + word[1:] if begins or alone else word)
    return " ".join(said).rstrip(".") + "."


@dataclass(frozen=True, slots=True)
class _Laid:
    """A reading's letters along the guesses; none where they do not fit in."""

    spelling: Spelling
    laid: ctc.Laid | None

    @property
    def fits(self) -> bool:
        return self.laid is not None and self.laid.fits

    @property
    def score(self) -> float:
        return self.laid.score if self.laid else 0.0


def _laid(reading: Utterance, listened: Listened, letters: Mapping[str, int]) -> _Laid:
    spelling = ctc_spelling.spelled([word.text for word in reading.words], letters)
    return _Laid(spelling, ctc.align(listened.guesses, spelling.symbols))


def _moved(reading: Utterance, found: _Laid, listened: Listened, *, grid: Grid, seconds: float) -> Utterance:
    """The reading at the times that are heard."""
    if found.laid is None:
        return reading
    near = ctc_retiming.retimed(reading, found.spelling, laid=found.laid, grid=grid, seconds=seconds)
    exact = ctc_refining.refined(reading.phones, near, heard=listened.heard, seconds=seconds)
    return ctc_retiming.spoken(reading, exact, seconds=seconds)
