"""A text spoken by a neural voice, line by line onto the disk. Knows neither the networks behind it nor the store."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Speech, Utterance
from avatar.disk import storage_errors
from avatar.media import mastering, text
from avatar.media.sound import Samples
from avatar.stage import Context
from stages.speech import joined, pauses, placing, sounded, spelled, stretch, wording
from stages.speech.brief import Brief
from stages.speech.espeak.perform import CEILING, LUFS
from stages.speech.espeak.timeline import HEAD, TAIL
from stages.speech.joined import Joined
from stages.speech.lines import Line, Manner, Word, lines
from stages.speech.placing import LANGUAGE, Placed
from stages.speech.spelled import Told

Vector = NDArray[np.float32]

STEPS = 1000
LISTENING, MASTERING = 0.1, 0.05
"""Shares of a line's time that go into finding its words, and of the whole that go into making it equally loud."""
PACE = 2.1
"""Steps of the network that a letter takes about."""
TAKES = 2
"""How often a line is spoken when its words are not found in the sound; the clearer one is kept."""


class Network(Protocol):
    """What speaks one line after another."""

    @property
    def rate(self) -> int:
        """Samples a second."""
        ...

    @property
    def longest(self) -> int:
        """Letters of one line, spaces included."""
        ...

    def knows(self, letter: str) -> bool:
        """Whether it can say this letter."""
        ...

    def say(self, line: str, speaker: Vector, *, seed: int, step: Callable[[], None]) -> Samples:
        """One line as sound; `step` is called often, and what it raises ends the work. Raises BackendError."""
        ...


@runtime_checkable
class Telling(Network, Protocol):
    """A network that knows when it says which letter."""

    def tell(self, line: str, speaker: Vector, *, seed: int, step: Callable[[], None]) -> Told:
        """As `say`, with the letters' times."""
        ...


@dataclass(frozen=True, slots=True)
class Talker:
    """Makes speech of whole texts with a network that speaks lines, in a language and as that words a text."""

    network: Network
    language: str = LANGUAGE
    word: Word = wording.word

    @property
    def exact(self) -> bool:
        """Whether the times are the network's own."""
        return isinstance(self.network, Telling)

    def say(self, brief: Brief, context: Context, *, speaker: Vector, name: str, notes: tuple[str, ...] = ()) -> Speech:
        """The brief's text in this voice.

        Raises BadRequest and TooLarge for what can't be spoken, BadOutput, OutOfMemory, StorageError, Cancelled.
        """
        said = text.clean(brief.text)
        wanted = pauses.places(said, brief.pauses)
        manner = Manner(self.network.longest, self.network.knows, self.word, self.language)
        cut = lines(said, manner, silences=wanted)
        folder, rate, misfits = context.scratch(), self.network.rate, 0
        head, tail = max(HEAD, wanted.get(0, 0.0)), max(TAIL, wanted.get(len(said), 0.0))
        with storage_errors(folder):
            with Joined(folder / "speech.f32", rate=rate, pace=brief.rate, head=head, tail=tail) as track:
                for number, line in enumerate(cut):
                    part = _Part(said, brief, line, folder, _Progress(context, cut, number))
                    spoken, placed = self._clearest(part, speaker, mixed(brief.seed, number))
                    misfits += not placed.fits
                    track.add(spoken, placed, ends=line.ends, silence=line.silence)
                track.finish()
            utterance = track.utterance(said, language=self.language, exact=self.exact)
            return _kept(track, utterance, context, rate=rate, name=name, notes=(*notes, *_notes(cut, misfits)))

    def _clearest(self, part: "_Part", speaker: Vector, seed: int) -> tuple[Samples, Placed]:
        """One line, spoken again with other random numbers where its words are not found in it."""
        takes: list[tuple[Samples, Placed]] = []
        for number in range(TAKES):
            spoken = self._spoken(part, speaker, mixed(seed, number))
            placed = self._placed(part, spoken)
            takes.append((spoken.samples, placed))
            if placed.fits:
                break
        return max(takes, key=lambda take: take[1].score)

    def _spoken(self, part: "_Part", speaker: Vector, seed: int) -> Told:
        """A line at the pace and height that are wanted, with the times of its letters where they are known."""
        network, brief, line, step = self.network, part.brief, part.line.wording.text, part.progress.speaking
        if isinstance(network, Telling):
            told = network.tell(line, speaker, seed=seed, step=step)
        else:
            told = Told(network.say(line, speaker, seed=seed, step=step))
        start, _ = joined.sounding(told.samples, network.rate)
        higher = stretch.pitched(joined.trimmed(told.samples, network.rate), brief.pitch, hertz=network.rate)
        made = stretch.paced(higher, brief.rate, hertz=network.rate)
        pace, length = len(higher) / max(len(made), 1), len(made) / network.rate

        def moved(time: float) -> float:
            return min(max((time - start / network.rate) / pace, 0.0), length)

        letters = tuple((moved(begins), moved(ends)) for begins, ends in told.letters)
        phones = tuple(replace(each, start=moved(each.start), end=moved(each.end)) for each in told.phones)
        return Told(made, letters, phones)

    def _placed(self, part: "_Part", spoken: Told) -> Placed:
        """When a line's words and sounds are said."""
        rate, step = self.network.rate, part.progress.listening
        if spoken.letters or spoken.phones:
            reader = spelled.Reader(self.language, part.folder, step)
            place = spelled.place if spoken.letters else sounded.place
            return place(part.said, part.line, spoken, hertz=rate, reader=reader)
        said, line, samples = part.said, part.line, spoken.samples
        return placing.place(said, line, samples, hertz=rate, folder=part.folder, step=step, language=self.language)


def mixed(*numbers: int) -> int:
    """One seed of several."""
    return int.from_bytes(hashlib.blake2b(repr(numbers).encode(), digest_size=7).digest())


@dataclass(frozen=True, slots=True)
class _Part:
    """One line, and what it belongs to."""

    said: str
    brief: Brief
    line: Line
    folder: Path
    progress: "_Progress"


@dataclass(slots=True)
class _Progress:
    """How far the work is, while line `number` of `cut` is spoken."""

    context: Context
    cut: tuple[Line, ...]
    number: int
    steps: int = 0
    share: float = 0.0

    def _tell(self, share: float) -> None:
        self.share = share = max(share, self.share)
        letters = [len(line.wording.text) for line in self.cut]
        done = sum(letters[: self.number]) + share * letters[self.number]
        self.context.step(int((1.0 - MASTERING) * STEPS * done / sum(letters)), STEPS)

    def speaking(self) -> None:
        """One more step of the network."""
        self.steps += 1
        expected = PACE * len(self.cut[self.number].wording.text)
        self._tell(min(1.0, self.steps / expected) * (1.0 - LISTENING))

    def listening(self) -> None:
        """The line is spoken; its words are looked for."""
        self._tell(1.0 - LISTENING)


def _notes(cut: tuple[Line, ...], misfits: int) -> Iterator[str]:
    if left_out := "".join(dict.fromkeys(sign for line in cut for sign in line.wording.left_out)):
        yield f"The neural voice can't say {left_out[:20]!r} and left it out. A built-in voice may know it."
    if misfits:
        yield (
            f"In {misfits} of {len(cut)} lines the neural voice is hard to understand; lips go by ear there and words "
            "are less sure. Try another seed."
        )


def _kept(
    track: Joined, utterance: Utterance, context: Context, *, rate: int, name: str, notes: tuple[str, ...]
) -> Speech:
    """The finished sound and its times, in the store."""
    folder = context.scratch()
    wav, times = folder / "speech.wav", folder / "utterance.json"

    def again() -> Iterator[Samples]:
        for block in track.blocks():
            context.step(int((1.0 - MASTERING) * STEPS), STEPS)
            yield block

    length = mastering.master(again, wav, rate=rate, lufs=LUFS, ceiling=CEILING)
    language = utterance.language.partition("-")[0]
    times.write_bytes(records.dump(utterance))
    context.step(STEPS, STEPS)
    blobs = context.keep(wav, "audio/wav"), context.keep(times, "application/json")
    return Speech(*blobs, round(length / rate, 5), rate, name, notes, language, exact=utterance.exact)
