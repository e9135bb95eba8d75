"""A text cut into lines that a neural voice can say at once, each in plain letters. Knows no network and no sound.

Offsets count characters of the cleaned text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from avatar.errors import BadRequest
from avatar.media import text
from stages.speech import wording
from stages.speech.wording import Wording

SHORT = 30
"""Letters below which a sentence is said together with its neighbour: alone, networks stumble over it."""
_WEAKER = {":": ",", ";": ",", "!": ".", "?": "."}

NONE: Mapping[int, float] = MappingProxyType({})

Knows = Callable[[str], bool]
Word = Callable[[str], Wording]

_STOPS = re.compile(r"[,;:.!?…—–،؛।॥]+[\"'”’»)\]]*(?=\s)")
_STRONG = frozenset(".!?…।॥")


@dataclass(frozen=True, slots=True)
class Line:
    """`said[start:end]` as it is spoken, what separates it from the next, and the silence that is wanted after it."""

    start: int
    end: int
    ends: text.Ends
    wording: Wording
    silence: float = 0.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice wants its text: at most so many letters at once, which letters, worded how, in which language."""

    longest: int
    knows: Knows
    word: Word = wording.word
    language: str = "en"


def lines(said: str, manner: Manner, *, silences: Mapping[int, float] = NONE) -> tuple[Line, ...]:
    """The text in lines as the voice wants them; one that knows no commas says what is between stops by itself.

    `silences` are seconds that are wanted before some offsets. Raises BadRequest when nothing of it can be said.
    """
    parts = _joined(said, silences, manner.language)
    if not manner.knows(","):
        parts = (part for one in parts for part in _between_stops(said, one))
    found = [line for one in parts for line in _worded(said, one, manner)]
    for at, seconds in silences.items():
        number = max((index for index, line in enumerate(found) if line.start < at < len(said)), default=None)
        if number is not None:
            found[number] = replace(found[number], silence=max(found[number].silence, seconds))
    if not found:
        raise BadRequest("There is nothing that this voice can say: it knows Latin letters only. Choose another voice.")
    return tuple(found)


def _joined(said: str, silences: Mapping[int, float], language: str) -> Iterator[text.Sentence]:
    """Sentences, cut where silence is wanted, and else short ones together with those beside them."""
    waiting: text.Sentence | None = None
    for sentence in _cut(said, silences, language):
        if waiting is None:
            waiting = sentence
        elif _together(waiting, sentence) and not any(waiting.start < at <= sentence.start for at in silences):
            waiting = replace(sentence, start=waiting.start)
        else:
            yield waiting
            waiting = sentence
    if waiting:
        yield waiting


def _cut(said: str, silences: Mapping[int, float], language: str) -> Iterator[text.Sentence]:
    for sentence in text.sentences(said, language=language):
        start = sentence.start
        for at in sorted(silences):
            if start < at < sentence.end and text.speakable(said[start:at]) and text.speakable(said[at : sentence.end]):
                yield text.Sentence(start, at, "cut")
                start = at
        yield replace(sentence, start=start)


def _between_stops(said: str, sentence: text.Sentence) -> Iterator[text.Sentence]:
    """A sentence, or several that were joined, cut after each stop."""
    start = sentence.start
    for stop in _STOPS.finditer(said, sentence.start, sentence.end):
        here, rest = said[start : stop.end()], said[stop.end() : sentence.end]
        if text.speakable(here) and text.speakable(rest) and text.aloud(f"{here} a")[len(here) - 1] != " ":
            yield text.Sentence(start, stop.end(), "sentence" if set(stop.group()) & _STRONG else "clause")
            start = stop.end() + 1
    yield text.Sentence(start, sentence.end, sentence.ends)


def _together(first: text.Sentence, second: text.Sentence) -> bool:
    short = min(first.end - first.start, second.end - second.start) < SHORT
    return short and first.ends != "paragraph" and second.end - first.start <= text.LONGEST


def _worded(said: str, sentence: text.Sentence, manner: Manner) -> Iterator[Line]:
    """The sentence as one line, or as several where it takes too many letters to say it."""
    start, end = sentence.start, sentence.end
    written = said[start:end]
    clean = "".join(old if old == "." else new for old, new in zip(written, text.aloud(written), strict=True))
    worded = _fitted(manner.word(clean), manner.knows)
    if len(worded.text) <= manner.longest:
        if text.speakable(worded.text):
            yield Line(start, end, sentence.ends, worded)
        return
    middle = start + _halfway(written)
    yield from _worded(said, text.Sentence(start, middle, "cut"), manner)
    yield from _worded(said, text.Sentence(middle, end, sentence.ends), manner)


def _halfway(written: str) -> int:
    """The space nearest to the middle; the middle itself where there is none."""
    spaces = [at for at, sign in enumerate(written) if sign.isspace() and 0 < at < len(written) - 1]
    return min(spaces, key=lambda at: abs(at - len(written) // 2), default=max(1, len(written) // 2))


def _fitted(worded: Wording, knows: Knows) -> Wording:
    """The wording in letters that the voice knows: weaker stops for unknown ones, small letters for capitals."""
    kept: list[tuple[str, tuple[int, int]]] = []
    left_out = dict.fromkeys(worded.left_out)
    for sign, source in zip(worded.text, worded.sources, strict=True):
        told = next((one for one in (sign, sign.lower(), _WEAKER.get(sign, " ")) if one == " " or knows(one)), " ")
        if told == " " and sign.isalpha():
            left_out[sign] = None
        if told != " " or (kept and kept[-1][0] != " "):
            kept.append((told, source))
    while kept and kept[-1][0] == " ":
        kept.pop()
    return Wording("".join(sign for sign, _ in kept), tuple(source for _, source in kept), "".join(left_out))
