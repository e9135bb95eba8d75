"""Piper voices as the engine sees them, where piper is installed, with a real graph of some kilobytes."""

from pathlib import Path

import numpy as np
import pytest

from avatar import records
from avatar.artifacts import Phone, Speech, Utterance
from avatar.errors import BadRequest, Unavailable
from avatar.stage import Performer, Placement
from avatar.testing import workbench
from stages.speech import Brief, sounded, spelled
from stages.speech.lines import Line
from stages.speech.piper import VOICES
from stages.speech.piper.networks import told
from stages.speech.wording import Wording

GERMAN = next(voice for voice in VOICES if voice.id == "piper-de-thorsten")
TEXT = "Guten Tag, ich bin die Ada. Das kostet 25 € und ist nicht viel!"


def ask(said: str = TEXT, name: str = "piper:de-thorsten", *, seed: int = 1, rate: float = 1.0) -> Brief:
    return Brief(said, name, rate, 0.0, seed)


def test_signs_become_sounds_with_their_stress_and_stops_become_pauses() -> None:
    spans = [("^", 100), ("ˈ", 50), ("a", 200), ("ː", 100), ("d", 100), ("ə", 100), (" ", 20), ("m", 80), (",", 900),
             ("n", 100), ("$", 50)]  # fmt: skip
    found = [(phone.ipa, phone.start, phone.end, phone.stress) for phone in told(spans, begun=0, rate=1000)]
    assert found == [
        ("aː", 0.1, 0.45, 2),
        ("d", 0.45, 0.55, 0),
        ("ə", 0.55, 0.67, 0),
        ("m", 0.67, 0.75, 0),
        ("n", 1.65, 1.75, 0),
    ]


def test_words_stand_where_their_sounds_are_said(tmp_path: Path) -> None:
    said = "eine Schule"
    line = Line(0, len(said), "sentence", Wording(said, tuple((at, at + 1) for at in range(len(said))), ""))
    names = ["a", "ɪ", "n", "ə", "ʃ", "uː", "l", "ə"]
    phones = tuple(Phone(name, 0.1 + 0.2 * at, 0.3 + 0.2 * at) for at, name in enumerate(names))
    sound = spelled.Told(np.zeros(2 * 16_000, np.float32), (), phones)
    made = sounded.place(said, line, sound, hertz=16_000, reader=spelled.Reader("de", tmp_path, lambda: None))
    assert [phone.ipa for phone in made.phones] == ["", *names, ""]
    (first, second) = made.words
    assert (first.text, second.text) == ("eine", "Schule")
    assert (first.start, first.end) == pytest.approx((0.1, 0.9), abs=0.01)
    assert (second.start, second.end) == pytest.approx((0.9, 1.7), abs=0.01)


def test_each_speaks_for_its_own_id_and_the_family_for_its_text_s_language() -> None:
    assert [voice.id for voice in VOICES if voice.takes(ask())] == ["piper-de-thorsten"]
    assert [voice.id for voice in VOICES if voice.named(ask("Hello, who are you?", "piper"))] == ["piper-en-ljspeech"]
    assert not [voice for voice in VOICES if voice.takes(ask(name=""))]


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Performer[Brief, Speech]:
    from tests.speech import tiny_piper

    return GERMAN.load(Placement(weights=tiny_piper.weights(tmp_path_factory.mktemp("weights"))))


def say(folder: Path, voice: Performer[Brief, Speech], brief: Brief) -> tuple[Speech, Utterance, bytes]:
    bench = workbench(folder)
    made = voice(brief, bench.context)
    return made, records.load(Utterance, bench.read(made.utterance)), bench.read(made.sound)


def test_a_text_becomes_sound_whose_times_are_the_network_s_own(
    voice: Performer[Brief, Speech], tmp_path: Path
) -> None:
    made, utterance, _ = say(tmp_path, voice, ask())
    assert (made.voice, made.language, made.exact, made.sample_rate) == ("piper:de-thorsten", "de", True, 16_000)
    assert [word.text for word in utterance.words] == utterance.text.split()
    assert (utterance.phones[0].start, utterance.phones[-1].end) == (0.0, utterance.seconds)
    assert all(one.end == two.start for one, two in zip(utterance.phones, utterance.phones[1:], strict=False))
    assert any(phone.stress == 2 for phone in utterance.phones)
    assert all(one.end <= two.start + 1e-6 for one, two in zip(utterance.words, utterance.words[1:], strict=False))


def test_the_same_seed_gives_the_same_sound(voice: Performer[Brief, Speech], tmp_path: Path) -> None:
    first = say(tmp_path / "1", voice, ask())[2]
    assert say(tmp_path / "2", voice, ask())[2] == first
    assert say(tmp_path / "3", voice, ask(seed=2))[2] != first


def test_what_it_cannot_say_is_refused(voice: Performer[Brief, Speech], tmp_path: Path) -> None:
    context = workbench(tmp_path).context
    with pytest.raises(BadRequest, match=r"German only.*piper:en-ljspeech"):
        voice(ask("Hello, this is what I am."), context)


def test_damaged_weights_are_told_as_such(tmp_path: Path) -> None:
    from tests.speech import tiny_piper

    found = tiny_piper.weights(tmp_path)
    (found["piper-de-thorsten"] / "voice.onnx").write_bytes(b"no network")
    with pytest.raises(Unavailable, match="Fetch them again"):
        GERMAN.load(Placement(weights=found))
    with pytest.raises(Unavailable, match="not here"):
        GERMAN.load(Placement())
