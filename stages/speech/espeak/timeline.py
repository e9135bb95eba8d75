"""The sound of a text as it grows on the disk, with phones and words at their places in it.

Knows neither synthesiser nor store. Times are samples until they leave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from avatar.artifacts import Phone, Utterance, Word
from avatar.media import sound, text
from avatar.media.sound import Samples
from stages.speech import languages
from stages.speech.espeak import timing
from stages.speech.espeak.library import RATE

HEAD, TAIL = 0.25, 0.35
"""Seconds of silence before the first sound and after the last."""

PAUSES: dict[text.Ends, float] = {"cut": 0.04, "clause": 0.16, "sentence": 0.32, "paragraph": 0.6}
"""Seconds of silence after a stretch of text, at the voice's own pace."""

WARMTH = (
    (20.0, -12.0), (60.0, -6.0), (100.0, 2.0), (160.0, 3.0), (250.0, 2.0), (500.0, 0.0), (800.0, -0.5),
    (1250.0, -3.5), (2500.0, -4.0), (4000.0, -5.0), (5000.0, -3.5), (6300.0, -2.0), (8000.0, -1.0), (11025.0, -3.0),
)  # fmt: skip
"""Hz and dB: brings espeak-ng's thin, hard spectrum about halfway to that of human speech.

Long-term average spectrum of human speech: Byrne et al., JASA 96 (1994), p. 2108.
"""

_DECAY = RATE // 10  # what espeak-ng adds after the last sound and is kept: echo
_FADE = RATE // 500


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the text for one breath and one voice. Offsets count characters of the whole text.

    `silence` is how many seconds of it are wanted afterwards, where somebody wants a certain length.
    """

    start: int
    end: int
    ends: text.Ends
    language: str
    silence: float | None = None


def seconds(samples: int) -> float:
    """A time in seconds, to the hundredth of a millisecond."""
    return round(samples / RATE, 5)


class TimeLine:
    """Stretches joined with pauses. Use it in a `with` statement; the file at `path` holds raw float32 samples.

    `head` and `tail` are the seconds of silence before the first sound and after the last.
    """

    def __init__(self, said: str, path: Path, *, pace: float, head: float = HEAD, tail: float = TAIL) -> None:
        self.words: list[Word] = []
        self.stretches = 0
        self._phones: list[tuple[str, int, int, int]] = []
        self._said = said
        self._path = path
        self._pace = pace
        self._warmth = sound.Equaliser(WARMTH, RATE)
        self._length = 0
        self._until = 0
        self._tail = tail
        self._owed = round(head * RATE)
        self._decayed = 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _write(self, samples: Samples) -> None:
        self._length += len(samples)
        self._store(self._warmth.push(samples))

    def _store(self, samples: Samples) -> None:
        self._file.write(samples.tobytes())

    def add(self, stretch: Stretch, spans: list[timing.Span], samples: Samples) -> None:
        """Append one stretch, whose phones are `spans`, after the pause that the one before it left. Raises OSError."""
        self.stretches += 1
        if not spans:
            self._owed = max(self._owed, round((stretch.silence or 0.0) * RATE))
            return
        self._write(np.zeros(self._owed, np.float32))
        begin, stop = spans[0].start, spans[-1].end
        offset = self._length - begin
        if spans[0].ipa.startswith(timing.CLOSED) and not timing.silent(samples[begin : begin + _FADE]):
            spans[0].start -= min(timing.CLOSURE, (self._length - self._until) // 2)
        self._place(stretch, spans, offset)
        heard = samples[begin:stop].copy()
        heard[:_FADE] *= np.linspace(0.0, 1.0, min(_FADE, len(heard)), dtype=np.float32)
        self._write(heard)
        usual = PAUSES[stretch.ends] / self._pace
        pause = round((usual if stretch.silence is None else stretch.silence) * RATE)
        decay = samples[stop : stop + min(_DECAY, pause)]
        self._write(decay * np.linspace(1.0, 0.0, len(decay), dtype=np.float32))
        self._decayed, self._owed = len(decay), pause - len(decay)

    def _place(self, stretch: Stretch, spans: list[timing.Span], offset: int) -> None:
        first = spans[0].start + offset
        if first > self._until:
            self._phones.append(("", self._until, first, 0))
        self._phones += [(span.ipa, span.start + offset, span.end + offset, span.stress) for span in spans]
        self._until = spans[-1].end + offset
        part = self._said[stretch.start : stretch.end]
        unspaced = frozenset(at for at, sign in enumerate(part) if languages.unspaced(sign))
        for word in timing.words(spans, text.written(part, 0, len(part)), unspaced):
            times = seconds(word.begins + offset), seconds(word.stops + offset)
            self.words.append(Word(part[word.start : word.end], *times))

    def finish(self) -> None:
        """Append the silence at the end and close the file. Raises OSError."""
        self._write(sound.silence(self._tail - self._decayed / RATE, RATE))
        self._store(self._warmth.flush())
        self._phones.append(("", self._until, self._length, 0))
        self._file.close()

    def blocks(self) -> Iterator[Samples]:
        """The whole sound from its start, in blocks. Only after `finish`."""
        with self._path.open("rb") as file:
            while data := file.read(4 * sound.BLOCK):
                yield np.frombuffer(data, np.float32)

    def utterance(self, language: str) -> Utterance:
        """What was said and when."""
        phones = tuple(Phone(ipa, seconds(start), seconds(end), stress) for ipa, start, end, stress in self._phones)
        return Utterance(seconds(self._length), language, self._said, phones, tuple(self.words), exact=True)
