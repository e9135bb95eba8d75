"""When each word of a line is said by a voice that tells when it says which sound. Knows no network.

The built-in synthesiser reads the line too; where both say the same sounds, its words find their times.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from avatar.artifacts import Phone, Utterance, Word
from avatar.errors import BackendError
from avatar.face.ctc_retiming import EDGE
from avatar.face.lips_score import joined
from stages.speech import placing
from stages.speech.lines import Line
from stages.speech.spelled import Reader, Span, Told

Sign = tuple[str, float, float]
"""One sign of a sound's name, and its share of the sound's time."""


def place(said: str, line: Line, told: Told, *, hertz: int, reader: Reader) -> placing.Placed:
    """Phones and words of one spoken line. Raises StorageError, and what the reader's `step` raises."""
    seconds = round(len(told.samples) / hertz, 5)
    phones = joined(tuple(_covering(told.phones, seconds)))
    try:
        reading = reader.read(line.wording.text)
    except BackendError:
        reading = None
    sounding = [phone for phone in phones if phone.ipa]
    if reading is None or not sounding:
        span = (sounding[0].start, sounding[-1].end) if sounding else (0.0, seconds)
        return placing.Placed(phones, placing.spread(said, line, span), fits=True, score=1.0)
    return placing.Placed(phones, placing.written(said, line, _words(reading, phones)), fits=True, score=1.0)


def _covering(phones: Sequence[Phone], seconds: float) -> Iterator[Phone]:
    """The phones from 0 to the end, with pauses where there are none."""
    here = 0.0
    for phone in phones:
        start, end = (min(max(round(time, 5), here), seconds) for time in (phone.start, phone.end))
        if end <= start:
            continue
        if start > here:
            yield Phone("", here, start)
        yield replace(phone, start=start, end=end)
        here = end
    if here < seconds:
        yield Phone("", here, seconds)


def _words(reading: Utterance, phones: Sequence[Phone]) -> tuple[Word, ...]:
    """The reading's words at the times at which the same sounds are said."""
    read, heard = _signs(reading.phones), _signs(phones)
    same = SequenceMatcher(None, [sign for sign, *_ in read], [sign for sign, *_ in heard], autojunk=False)
    known: list[Span] = [(read[0][1], heard[0][1])]
    for block in same.get_matching_blocks():
        for number in range(block.size):
            (_, began, ended), (_, begins, ends) = read[block.a + number], heard[block.b + number]
            known += [(began + EDGE, begins), (ended - EDGE, ends)]
    known.append((read[-1][2], heard[-1][2]))
    before, after = np.maximum.accumulate(np.array(known), axis=0).T
    found = []
    for word in reading.words:
        start, end = np.interp([word.start + EDGE, word.end - EDGE], before, after).tolist()
        found.append(Word(word.text, round(start, 5), round(max(start, end), 5)))
    return tuple(found)


def _signs(phones: Sequence[Phone]) -> list[Sign]:
    found: list[Sign] = []
    for phone in phones:
        edges = np.linspace(phone.start, phone.end, len(phone.ipa) + 1).tolist()
        found += list(zip(phone.ipa, edges[:-1], edges[1:], strict=True))
    return found
