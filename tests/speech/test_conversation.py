"""Several speakers' turns as one sound: times, pauses, silence, loudness."""

import io
import wave
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Blob, Speech, Utterance
from avatar.media import mastering, sound
from avatar.script import Pause
from avatar.testing import Bench, workbench
from stages.speech import SPEECH, Brief, Part, together
from stages.speech.conversation import Joiner
from stages.speech.espeak import Espeak

NOTHING = Blob("0" * 64, "audio/wav", 1)
TEXTS = (("Ada", "Good evening, Ben.", "+f3"), ("Ben", "Hello!", "+m3"), ("Ada", "Shall we go on?", "+f3"))


def opened(bench: Bench, speech: Speech) -> tuple[Utterance, NDArray[np.float64]]:
    with wave.open(io.BytesIO(bench.read(speech.sound))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
    return records.load(Utterance, bench.read(speech.utterance)), samples


def spoken(bench: Bench, **changes: object) -> tuple[Part, ...]:
    briefs = [(name, Brief(text, voice, 1.0, 0.0, 1)) for name, text, voice in TEXTS]
    return tuple(
        Part(name, bench.perform(Espeak(), replace(brief, **changes)))  # type: ignore[arg-type]  # fields of Brief
        for name, brief in briefs
    )


def test_turns_follow_each_other_and_each_is_heard_alone(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    parts = spoken(bench)
    whole, samples = opened(bench, bench.perform(Joiner(), together(parts)))
    ada, her = opened(bench, bench.perform(Joiner(), together(parts, only="Ada")))
    ben, his = opened(bench, bench.perform(Joiner(), together(parts, only="Ben")))
    assert whole.text == "Good evening, Ben.\nHello!\nShall we go on?"
    assert [turn.speaker for turn in whole.turns] == ["Ada", "Ben", "Ada"]
    assert [whole.text[turn.at :].split()[0] for turn in whole.turns] == ["Good", "Hello!", "Shall"]
    assert (ada.text, ben.text) == ("Good evening, Ben.\nShall we go on?", "Hello!")
    assert ada.turns[1].start == whole.turns[2].start
    assert ben.turns == (replace(whole.turns[1], at=0),)
    assert len(samples) == len(her) == len(his)
    assert whole.seconds == ada.seconds == pytest.approx(len(samples) / 22050, abs=1e-3)
    for said in (whole, ada, ben):
        edges = [(phone.start, phone.end) for phone in said.phones]
        assert edges[0][0] == 0.0
        assert edges[-1][1] == said.seconds
        assert all(one[1] == other[0] for one, other in pairwise(edges))
    assert [word.text for word in whole.words] == whole.text.split()
    gaps = [later.start - turn.end for turn, later in pairwise(whole.turns)]
    assert gaps == pytest.approx([0.34, 0.34], abs=1e-4)
    start, end = (round(22050 * at) for at in (ben.turns[0].start - 0.04, ben.turns[0].end + 0.1))
    assert not his[:start].any()
    assert not her[start:end].any()
    assert np.sqrt((his[start:end] ** 2).mean()) > 0.02


def test_a_pause_that_was_asked_for_stays(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    parts = list(spoken(bench))
    letters = sum(map(str.isalnum, TEXTS[0][1]))
    brief = Brief(TEXTS[0][1], "+f3", 1.0, 0.0, 1, pauses=(Pause(letters, 1.5),))
    parts[0] = Part("Ada", bench.perform(Espeak(), brief))
    whole, _ = opened(bench, bench.perform(Joiner(), together(tuple(parts))))
    assert whole.turns[1].start - whole.turns[0].end == pytest.approx(1.5, abs=0.05)


def test_voices_of_other_rates_are_joined_equally_loud(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    parts = list(spoken(bench))
    file = tmp_path / "low.wav"
    low = np.concatenate(list(sound.read(bench.context.path(parts[1].speech.sound))))[: 22050 // 2 * 2 : 2]
    sound.write(file, [low], rate=11025)
    said = replace(parts[1].speech, sound=bench.blob(file.read_bytes(), "audio/wav"), sample_rate=11025)
    parts[1] = Part("Ben", said)
    made = bench.perform(Joiner(), together(tuple(parts)))
    whole, samples = opened(bench, made)
    assert made.sample_rate == 22050
    assert len(samples) == pytest.approx(22050 * whole.seconds, abs=1)
    assert mastering.loudness(bench.context.path(made.sound)) == pytest.approx(-16.0, abs=0.2)
    ben = whole.turns[1]
    heard = samples[round(22050 * ben.start) : round(22050 * (ben.start + 0.2))]
    assert np.sqrt((heard**2).mean()) > 0.02


def test_only_the_joiner_joins() -> None:
    brief = together((Part("Ada", Speech(NOTHING, NOTHING, 1.0, 22050, "en")),))
    assert [backend.id for backend in SPEECH.chain if backend.takes(brief)] == ["joiner"]  # type: ignore[attr-defined]
    assert not Joiner().takes(Brief("Hello.", "", 1.0, 0.0, 1))
