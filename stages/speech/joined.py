"""Spoken lines joined with pauses on the disk, phones and words at their places. Knows no network and no store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from avatar.artifacts import Phone, Utterance, Word
from avatar.face.lips_score import joined
from avatar.media import sound, text
from avatar.media.sound import Samples
from stages.speech.espeak.timeline import HEAD, PAUSES, TAIL
from stages.speech.placing import LANGUAGE, Placed

QUIET = 42.0
"""Decibels below a line's loud passages down to which it is speech; what is softer at its ends is cut."""
KEPT = (0.03, 0.07)
"""Seconds that are kept before its first sound and after its last."""
FADE = 0.005
FRAME = 0.01


class Joined:
    """Lines, one after the other. Use it in a `with` statement; the file at `path` holds raw float32 samples."""

    def __init__(self, path: Path, *, rate: int, pace: float, head: float = HEAD, tail: float = TAIL) -> None:
        self._path = path
        self._rate = rate
        self._pace = pace
        self._length = 0
        self._phones: list[Phone] = []
        self._words: list[Word] = []
        self._owed = head
        self._tail = tail

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _now(self) -> float:
        return round(self._length / self._rate, 5)

    def _pause(self, seconds: float) -> None:
        if seconds <= 0.0:
            return
        before = self._now()
        self._write(sound.silence(seconds, self._rate))
        self._phones.append(Phone("", before, self._now()))

    def _write(self, samples: Samples) -> None:
        self._file.write(samples.tobytes())
        self._length += len(samples)

    def add(self, samples: Samples, placed: Placed, *, ends: text.Ends, silence: float = 0.0) -> None:
        """Append a trimmed line after the pause that the one before it left, and owe one of at least `silence` seconds.

        Raises OSError.
        """
        self._pause(self._owed)
        at = self._now()
        self._write(samples)
        end = self._now()
        later = [
            replace(phone, start=round(phone.start + at, 5), end=round(phone.end + at, 5)) for phone in placed.phones
        ]
        later[-1] = replace(later[-1], end=end)
        self._phones += later
        self._words += [
            Word(word.text, round(word.start + at, 5), min(round(word.end + at, 5), end)) for word in placed.words
        ]
        self._owed = max(0.0, max(PAUSES[ends] / self._pace, silence) - sum(KEPT))

    def finish(self) -> None:
        """Append the silence at the end and close the file. Raises OSError."""
        self._pause(self._tail)
        self._file.close()

    def blocks(self) -> Iterator[Samples]:
        """The whole sound from its start, in blocks. Only after `finish`."""
        with self._path.open("rb") as file:
            while data := file.read(4 * sound.BLOCK):
                yield np.frombuffer(data, np.float32)

    def utterance(self, said: str, *, language: str = LANGUAGE, exact: bool = False) -> Utterance:
        """What was said and when; `exact` where the voice itself told, else as it was found in the sound."""
        return Utterance(self._now(), language, said, joined(tuple(self._phones)), tuple(self._words), exact=exact)


def trimmed(samples: Samples, rate: int) -> Samples:
    """A line without the silence at its ends, faded there, so that it can be laid beside silence."""
    start, end = sounding(samples, rate)
    if end - start < 3 * round(FRAME * rate):
        return samples
    kept = samples[start:end].copy()
    ramp = np.linspace(0.0, 1.0, round(FADE * rate), dtype=np.float32)
    kept[: len(ramp)] *= ramp
    kept[-len(ramp) :] *= ramp[::-1]
    return kept


def sounding(samples: Samples, rate: int) -> tuple[int, int]:
    """The samples of a line that are no silence, with a little around them; all of a very short one."""
    size = round(FRAME * rate)
    frames = len(samples) // size
    if frames < 3:
        return 0, len(samples)
    level = 10.0 * np.log10(np.mean(samples[: frames * size].reshape(frames, size) ** 2, axis=1) + 1e-12)
    loud = np.flatnonzero(level > np.percentile(level, 95) - QUIET)
    start = max(0, int(loud[0]) * size - round(KEPT[0] * rate))
    return start, min(len(samples), (int(loud[-1]) + 1) * size + round(KEPT[1] * rate))
