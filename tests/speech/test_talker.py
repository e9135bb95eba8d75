"""Whole texts through a voice that speaks line by line and can be understood: espeak-ng in a network's place."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Speech, Utterance
from avatar.errors import BackendError, BadOutput
from avatar.testing import Bench, workbench
from stages.speech import Brief, stretch
from stages.speech.talker import Talker
from tests.speech.said import RATE, say

Floats = NDArray[np.float32]
ANYONE = np.ones(1, np.float32)
TEXT = "Dr. Smith paid $25 for 3 kg of apples.\n\nHe was not amused, and went home early in the evening."


@dataclass
class Reader:
    """Says lines, each after what `slips` holds for it: something else that is said at first."""

    slips: dict[str, str] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    rate: int = 16_000
    longest: int = 500

    def knows(self, letter: str) -> bool:
        return letter.isascii()

    def say(self, line: str, speaker: Floats, *, seed: int, step: Callable[[], None]) -> Floats:
        self.seeds.append(seed)
        self.said.append(line)
        step()
        with tempfile.TemporaryDirectory() as folder:
            sound = say(Path(folder), self.slips.pop(line, line), "en-us+m3").sound.astype(np.float32)
        return stretch.resampled(sound, round(len(sound) * self.rate / RATE))


def speak(bench: Bench, reader: Reader, said: str = TEXT, **other: float) -> tuple[Speech, Utterance]:
    brief = Brief(said, "speecht5/slt", other.get("rate", 1.0), other.get("pitch", 0.0), 1)
    made = Talker(reader).say(brief, bench.context, speaker=ANYONE, name="reader")
    return made, records.load(Utterance, bench.read(made.utterance))


def test_words_are_heard_when_they_are_said_to_be(tmp_path: Path) -> None:
    made, told = speak(workbench(tmp_path / "bench"), Reader())
    assert [word.text for word in told.words] == told.text.split()
    assert not made.notes
    first, second = (line.split() for line in told.text.split("\n\n"))
    gap = told.words[len(first)].start - told.words[len(first) - 1].end
    assert 0.4 < gap < 0.9
    alone = say(
        tmp_path / "alone", "He was not amused, and went home early in the evening.", "en-us+m3"
    ).utterance.words
    shift = told.words[len(first)].start - alone[0].start
    errors = [abs(word.start - shift - true.start) for word, true in zip(told.words[len(first) :], alone, strict=True)]
    assert np.median(errors) < 0.03
    assert len(second) == len(alone)


@pytest.mark.parametrize(("rate", "pitch"), [(0.6, 0.0), (1.6, 0.0), (1.0, 4.0)])
def test_words_are_found_at_any_pace_and_height(rate: float, pitch: float, tmp_path: Path) -> None:
    usual = speak(workbench(tmp_path / "1"), Reader())[1]
    made, told = speak(workbench(tmp_path / "2"), Reader(), rate=rate, pitch=pitch)
    assert not made.notes
    assert told.words[-1].end / usual.words[-1].end == pytest.approx(1 / rate, rel=0.1)


def test_a_line_that_comes_out_wrong_is_spoken_again(tmp_path: Path) -> None:
    right = speak(workbench(tmp_path / "1"), Reader())[0]
    line = "He was not amused, and went home early in the evening."
    reader = Reader({line: "Go on. Do go on, my old boy! Who knows you?"})
    made, _ = speak(workbench(tmp_path / "2"), reader)
    assert reader.said.count(line) == 2
    assert len(set(reader.seeds)) == 3
    assert made.seconds == pytest.approx(right.seconds, abs=0.05)
    assert not made.notes


def test_a_line_that_never_comes_out_right_is_told(tmp_path: Path) -> None:
    class Babbler(Reader):
        def say(self, line: str, speaker: Floats, *, seed: int, step: Callable[[], None]) -> Floats:
            return super().say("Go on. Do go on, my old boy! Who knows you?", speaker, seed=seed, step=step)

    made, told = speak(workbench(tmp_path), Babbler(), "He was not amused, and went home early in the evening.")
    assert "1 of 1 lines" in made.notes[0]
    assert [word.text for word in told.words] == told.text.split()


def test_what_the_network_refuses_is_passed_on(tmp_path: Path) -> None:
    class Refuser(Reader):
        def say(self, line: str, speaker: Floats, *, seed: int, step: Callable[[], None]) -> Floats:
            raise BadOutput("It lost its way. Try again.")

    with pytest.raises(BackendError):
        speak(workbench(tmp_path), Refuser())
