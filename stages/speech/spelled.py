"""When each word and sound of a line is said by a voice that tells when it says which letter. Knows no network.

The built-in synthesiser reads the line: its sounds are laid into their words through the letters that stand for them.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from avatar.artifacts import Phone, Utterance, Word
from avatar.errors import BackendError
from avatar.face import acoustic
from avatar.face.acoustic_features import Listener
from avatar.face.ctc_retiming import EDGE, JOINED, Placed, owners, spoken
from avatar.face.ctc_spelling import paired
from avatar.media.sound import Samples
from stages.speech import placing, voices
from stages.speech.espeak import perform as espeak
from stages.speech.espeak.library import Controls
from stages.speech.lines import Line

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A line as sound, and when each of its letters, spaces included, or of its sounds is said, in seconds of it."""

    samples: Samples
    letters: tuple[Span, ...] = ()
    phones: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """How a line is read: in which language, where its scratch files go; `step` is called often."""

    language: str
    folder: Path
    step: Callable[[], None]

    def read(self, words: str) -> Utterance:
        """The words' sounds in order. Raises BackendError, StorageError, and what `step` raises."""
        choice, path = voices.choose(self.language), self.folder / "read.f32"
        line, language = espeak.speak(words, choice, Controls(), path=path, step=lambda _done, _total: self.step())
        return line.utterance(language)


def place(said: str, line: Line, told: Told, *, hertz: int, reader: Reader) -> placing.Placed:
    """Phones and words of one spoken line. Where its words can't be read aloud the sounds are told by ear."""
    seconds = round(len(told.samples) / hertz, 5)
    spans = _words(line.wording.text)
    held = _apart([(told.letters[first][0], told.letters[last - 1][1]) for first, last in spans])
    try:
        reading = reader.read(line.wording.text)
    except BackendError:
        reading = None
    if reading is None or len(reading.words) != len(spans):
        return _by_ear(said, line, told, hertz=hertz, spans=held)
    placed: list[Placed] = []
    mine = owners(reading)
    for number, (first, last) in enumerate(spans):
        phones = [index for index, owner in enumerate(mine) if owner == number]
        placed += _laid(reading, phones, line.wording.text[first:last], told.letters[first:last], held[number])
    made = spoken(reading, placed, seconds=seconds)
    return placing.Placed(made.phones, placing.written(said, line, made.words), fits=True, score=1.0)


def _words(text: str) -> list[tuple[int, int]]:
    """Where words are, between spaces."""
    found, start = [], 0
    for word in text.split(" "):
        if any(sign.isalnum() for sign in word):
            found.append((start, start + len(word)))
        start += len(word) + 1
    return found


def _apart(spans: Sequence[Span]) -> list[Span]:
    """The words' times; those that nearly touch meet in the middle."""
    found = list(spans)
    for number in range(1, len(found)):
        (begun, ended), (begins, ends) = found[number - 1], found[number]
        if 0.0 < begins - ended < JOINED:
            middle = 0.5 * (begins + ended)
            found[number - 1], found[number] = (begun, middle), (middle, ends)
    return found


def _laid(reading: Utterance, numbers: Sequence[int], word: str, letters: Sequence[Span], held: Span) -> list[Placed]:
    """A word's sounds within its time, each near the letter that stands for it."""
    if not numbers:
        return []
    phones = [reading.phones[number] for number in numbers]
    signs = [(place, sign) for place, letter in enumerate(word) for sign in latin(letter)]
    known = [(phones[0].start, held[0])]
    for letter, phone in paired("".join(sign for _, sign in signs), tuple(phone.ipa for phone in phones)):
        read, heard = 0.5 * (phones[phone].start + phones[phone].end), 0.5 * sum(letters[signs[letter][0]])
        if read > known[-1][0] + EDGE and known[-1][1] + EDGE < heard < held[1] - EDGE:
            known.append((read, heard))
    known.append((phones[-1].end, held[1]))
    edges = [phones[0].start, *(phone.end for phone in phones)]
    times = np.interp(edges, *np.array(known).T).tolist()
    return [
        Placed(number, number == numbers[0], start, end)
        for number, start, end in zip(numbers, times[:-1], times[1:], strict=True)
    ]


def _by_ear(said: str, line: Line, told: Told, *, hertz: int, spans: Sequence[Span]) -> placing.Placed:
    """Sounds that are heard, words that are told."""
    listener = Listener(hertz)
    listener.push(told.samples)
    phones = acoustic.phones(listener.heard(), seconds=round(len(told.samples) / hertz, 5))
    words = tuple(
        Word(line.wording.text[first:last], round(start, 5), round(end, 5))
        for (first, last), (start, end) in zip(_words(line.wording.text), spans, strict=True)
    )
    return placing.Placed(phones, placing.written(said, line, words), fits=True, score=1.0)


_CYRILLIC = {"е": "E", "ё": "O", "й": "I", "ж": "Z", "ч": "C", "ш": "S", "щ": "S", "ъ": "", "ь": "", "ы": "Y", "х": "H"}


@lru_cache(maxsize=4096)
def latin(letter: str) -> str:
    """The Latin capital that sounds like a letter of any alphabet, by its name; empty for marks and silent letters."""
    if letter.lower() in _CYRILLIC:
        return _CYRILLIC[letter.lower()]
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", letter).upper() if sign.isascii() and sign.isalpha())
    if plain:
        return plain[0]
    name = unicodedata.name(letter, "").split(" ")
    if "LETTER" not in name and "VOWEL" not in name:
        return ""
    return next((sign for sign in name[-1] if sign not in "AEIOU"), name[-1][:1])
