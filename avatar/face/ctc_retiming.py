"""A text's sounds moved to where its letters were guessed in a recording. Knows neither network nor sound.

The text was read before, by a synthesiser or along the recording, so that its sounds have an order and lengths. Letters
that stand for a sound say when it is heard; between them time is stretched evenly. Pauses are those of the recording.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from avatar.artifacts import Phone, Utterance, Word
from avatar.face.ctc import Laid
from avatar.face.ctc_spelling import Spelling, paired

EDGE = 1e-4
"""Seconds by which a word's ends are moved inwards, so that each is that of a phone of its own."""
SLOWEST, FASTEST = 1.8, 0.55
"""How much longer or shorter than in the reading a word's outer sounds are taken to be."""
JOINED = 0.08
"""Seconds between two words up to which they touch."""
LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Grid:
    """When a network's frames are: the middle of frame k is at `first` + k * `hop` seconds."""

    hop: float
    first: float


@dataclass(frozen=True, slots=True)
class _Word:
    """Sounds that are spoken as one: the phones' numbers, and places that are known, (time when read, time heard)."""

    phones: tuple[int, ...]
    anchors: tuple[tuple[float, float], ...]
    heard: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """One sound of a reading, by its number, at its time in the recording; `begins` a word or not."""

    number: int
    begins: bool
    start: float
    end: float


def retimed(reading: Utterance, spelling: Spelling, *, laid: Laid, grid: Grid, seconds: float) -> tuple[Placed, ...]:
    """The reading's sounds at the recording's times, in order, none over another; pauses are left out.

    `spelling` is that of the reading's words, `laid` when each of its symbols is heard, `seconds` how long that is.
    """
    words = _words(reading, spelling, laid, grid)
    spans = _apart([_span(reading.phones, word) for word in words], words, seconds)
    placed: list[Placed] = []
    for word, span in zip(words, spans, strict=True):
        placed += _placed(reading.phones, word, span)
    return tuple(placed)


def spoken(reading: Utterance, placed: Sequence[Placed], *, seconds: float) -> Utterance:
    """The reading with its sounds where they are placed, pauses between them, and its words where their sounds are."""
    phones: list[Phone] = []
    read: list[float] = []
    heard: list[float] = []
    here = 0.0
    for place in placed:
        start, end = (min(max(round(time, 5), here), seconds) for time in (place.start, place.end))
        if end <= start:
            continue
        known = reading.phones[place.number]
        if start > here:
            phones.append(Phone("", here, start))
        phones.append(replace(known, start=start, end=end))
        read += (known.start + EDGE, known.end - EDGE)
        heard += (start, end)
        here = end
    if here < seconds:
        phones.append(Phone("", here, seconds))
    words = _moved(reading.words, read, heard) if read else ()
    return replace(reading, seconds=seconds, phones=tuple(phones), words=words, exact=False)


def _moved(words: Sequence[Word], read: Sequence[float], heard: Sequence[float]) -> tuple[Word, ...]:
    """The words at the times of their sounds; one that shares its sounds with another gets its share of them."""
    starts = np.interp([word.start + EDGE for word in words], read, heard).tolist()
    ends = np.interp([word.end - EDGE for word in words], read, heard).tolist()
    return tuple(
        Word(word.text, round(start, 5), round(max(start, end), 5))
        for word, start, end in zip(words, starts, ends, strict=True)
    )


def owners(reading: Utterance) -> list[int]:
    """The number of the word that each phone belongs to, -1 for pauses and before the first word."""
    starts = [word.start - EDGE for word in reading.words]
    return [bisect_right(starts, 0.5 * (phone.start + phone.end)) - 1 if phone.ipa else -1 for phone in reading.phones]


def _words(reading: Utterance, spelling: Spelling, laid: Laid, grid: Grid) -> list[_Word]:
    sounds, symbols = _grouped(owners(reading)), _grouped(spelling.words)
    middles = (grid.first + grid.hop * 0.5 * (laid.starts + laid.ends - 1)).tolist()
    found: list[_Word] = []
    last_read = last_heard = -1.0
    for number in sorted(sounds.keys() & symbols.keys()):
        phones, places = tuple(sounds[number]), symbols[number]
        names = tuple(reading.phones[phone].ipa for phone in phones)
        signs = "".join(spelling.signs[place] for place in places)
        anchors = []
        for letter, phone in paired(signs, names):
            known = reading.phones[phones[phone]]
            read, heard = 0.5 * (known.start + known.end), middles[places[letter]]
            if read > last_read and heard > last_heard:
                anchors.append((read, heard))
                last_read, last_heard = read, heard
        span = middles[places[0]] - 0.5 * grid.hop, middles[places[-1]] + 0.5 * grid.hop
        if not anchors:
            span = (
                grid.first + grid.hop * (float(laid.starts[places[0]]) - 0.5),
                grid.first + grid.hop * (float(laid.ends[places[-1]]) - 0.5),
            )
        found.append(_Word(phones, tuple(anchors), span))
    return found


def _grouped(owned: Sequence[int]) -> dict[int, list[int]]:
    """The places that belong to each owner, but for those of -1."""
    found: dict[int, list[int]] = {}
    for place, owner in enumerate(owned):
        if owner >= 0:
            found.setdefault(owner, []).append(place)
    return found


def _span(phones: Sequence[Phone], word: _Word) -> tuple[float, float]:
    """When a word begins and ends: its outer sounds reach beyond the outer letters as in the reading, at its pace."""
    if not word.anchors:
        return word.heard
    (first_read, first), (last_read, last) = word.anchors[0], word.anchors[-1]
    pace = 1.0
    if last_read > first_read:
        pace = min(max((last - first) / (last_read - first_read), FASTEST), SLOWEST)
    before = first_read - phones[word.phones[0]].start
    after = phones[word.phones[-1]].end - last_read
    return first - pace * before, last + pace * after


def _apart(spans: Sequence[tuple[float, float]], words: Sequence[_Word], seconds: float) -> list[tuple[float, float]]:
    """The spans in order, none over another; those that nearly touch do, none before 0 or after `seconds`."""
    starts = [max(start, 0.0) for start, _ in spans]
    ends = [min(end, seconds) for _, end in spans]
    for number in range(1, len(spans)):
        gap = starts[number] - ends[number - 1]
        if gap < JOINED:
            low = words[number - 1].anchors[-1][1] if words[number - 1].anchors else starts[number - 1] + LEAST
            high = words[number].anchors[0][1] if words[number].anchors else ends[number] - LEAST
            middle = 0.5 * (starts[number] + ends[number - 1])
            starts[number] = ends[number - 1] = min(max(middle, low), max(high, low))
    return [(start, max(start, end)) for start, end in zip(starts, ends, strict=True)]


def _placed(phones: Sequence[Phone], word: _Word, span: tuple[float, float]) -> list[Placed]:
    """A word's sounds within its span, through its anchors."""
    edges = [phones[word.phones[0]].start, *(phones[place].end for place in word.phones)]
    inside = [(read, heard) for read, heard in word.anchors if span[0] < heard < span[1]]
    known = [(edges[0], span[0]), *inside, (edges[-1], span[1])]
    read, heard = zip(*known, strict=True)
    times = np.interp(edges, read, heard).tolist()
    return [
        Placed(place, place == word.phones[0], start, end)
        for place, start, end in zip(word.phones, times[:-1], times[1:], strict=True)
    ]
