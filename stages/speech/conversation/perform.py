"""Turns of several speakers joined to one sound and one time line. Knows no voice and no text.

Silence at the ends of turns gives way to the pause that people leave between them, unless more was asked for. A turn is
as loud as all others already; the whole is brought to the house's loudness once more.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from avatar import records
from avatar.artifacts import Phone, Speech, Turn, Utterance, Word
from avatar.disk import storage_errors
from avatar.media import mastering, sound
from avatar.media.sound import Samples
from avatar.stage import Context
from stages.speech.brief import Brief
from stages.speech.conversation import mixing
from stages.speech.espeak.perform import CEILING, LUFS
from stages.speech.espeak.timeline import HEAD, TAIL

GAP = 0.34
"""Seconds from one speaker's last sound to the next one's first: longer than the 0.2 s that people leave on average
(Stivers et al. 2009, PNAS 106:10587), since viewers must look from one to the other."""
SLACK = 0.03
"""Seconds more of silence at a turn's ends than there usually are, from which on it was asked for."""
LEAD, DECAY = 0.04, 0.1
"""Seconds of a turn's sound that are kept before its first phone and after its last."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A turn in the whole: its sound from `begin` to `end` is heard from `at` on. Seconds."""

    speaker: str
    said: Utterance
    begin: float
    end: float
    at: float

    @property
    def shift(self) -> float:
        """What its own times are later by in the whole."""
        return self.at - self.begin

    @property
    def first(self) -> float:
        """When its first phone sounds."""
        return _sounding(self.said)[0] + self.shift

    @property
    def last(self) -> float:
        """When its last phone has sounded."""
        return _sounding(self.said)[1] + self.shift


def perform(brief: Brief, context: Context, /) -> Speech:
    """The conversation, or one speaker's part of it, with the same times. Raises `StorageError` and `Cancelled`."""
    said = [records.load(Utterance, context.path(part.speech.utterance).read_bytes()) for part in brief.parts]
    placed, seconds = places(said, [part.speaker for part in brief.parts])
    heard = [(part, one) for part, one in zip(brief.parts, placed, strict=True) if brief.only in ("", part.speaker)]
    rate = max(part.speech.sample_rate for part in brief.parts)
    sources = [(context.path(part.speech.sound), one) for part, one in heard]
    utterance = whole([one for _, one in heard], seconds)
    wav, times = context.scratch() / "speech.wav", context.scratch() / "utterance.json"

    def again() -> Iterator[Samples]:
        return mixing.blocks(sources, seconds, rate=rate, step=context.step)

    with storage_errors(wav):
        if brief.only:
            sound.write(wav, again(), rate=rate)
        else:
            mastering.master(again, wav, rate=rate, lufs=LUFS, ceiling=CEILING)
        times.write_bytes(records.dump(utterance))
    blobs = context.keep(wav, "audio/wav"), context.keep(times, "application/json")
    voices = ", ".join(dict.fromkeys(part.speech.voice for part, _ in heard))
    notes = tuple(dict.fromkeys(note for part, _ in heard for note in part.speech.notes))
    return Speech(*blobs, seconds, rate, voices, notes, utterance.language, utterance.exact)


def places(said: Sequence[Utterance], speakers: Sequence[str]) -> tuple[tuple[Placed, ...], float]:
    """Where each turn is heard, and how long the whole lasts."""
    found: list[Placed] = []
    asked, end = 0.0, 0.0
    for speaker, one in zip(speakers, said, strict=True):
        first, last = _sounding(one)
        before, after = first, one.seconds - last
        if found:
            wanted = asked + (before if before > HEAD + SLACK else 0.0)
            start = end + max(GAP, wanted)
        else:
            start = max(HEAD, before)
        begin, stop = max(0.0, first - LEAD), min(one.seconds, last + DECAY)
        found.append(Placed(speaker, one, begin, stop, round(start - (first - begin), 5)))
        end, asked = start + last - first, after if after > TAIL + SLACK else 0.0
    return tuple(found), round(end + max(TAIL, asked), 5)


def whole(placed: Sequence[Placed], seconds: float) -> Utterance:
    """What these turns say in a whole of so many seconds, silence where nobody of them speaks."""
    text, until = "", 0.0
    turns: list[Turn] = []
    phones: list[Phone] = []
    words: list[Word] = []
    for one in placed:
        text += "\n" * bool(text)
        turns.append(Turn(one.speaker, len(text), round(one.first, 5), round(one.last, 5)))
        text += one.said.text
        phones.append(Phone("", until, round(one.first, 5)))
        phones += [_moved(phone, one) for phone in _kept(one.said)]
        words += [Word(word.text, *_times(word, one)) for word in one.said.words]
        until = phones[-1].end
    phones.append(Phone("", until, seconds))
    languages = Counter(one.said.language for one in placed)
    exact = all(one.said.exact for one in placed)
    return Utterance(seconds, languages.most_common(1)[0][0], text, tuple(phones), tuple(words), exact, tuple(turns))


def _sounding(said: Utterance) -> tuple[float, float]:
    """From the first sound to the last."""
    times = [(phone.start, phone.end) for phone in said.phones if phone.ipa] or [(0.0, said.seconds)]
    return times[0][0], times[-1][1]


def _kept(said: Utterance) -> Iterator[Phone]:
    """All phones from the first sound to the last."""
    first, last = _sounding(said)
    return (phone for phone in said.phones if phone.start >= first - 1e-9 and phone.end <= last + 1e-9)


def _moved(phone: Phone, one: Placed) -> Phone:
    start, end = _times(phone, one)
    return replace(phone, start=start, end=end)


def _times(span: Phone | Word, one: Placed) -> tuple[float, float]:
    return round(span.start + one.shift, 5), round(span.end + one.shift, 5)
