"""MMS voices as the engine sees them, with a real VITS of some kilobytes in the layout of the hub."""

import io
import json
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from avatar import records
from avatar.artifacts import Speech, Utterance
from avatar.engine import Engine
from avatar.errors import BadOutput, BadRequest, Cancelled, NotFound, Unavailable
from avatar.stage import Performer, Placement
from avatar.store import FolderStore
from avatar.testing import workbench
from hf_spaces_models import MMS
from stages.speech import SPEECH, Brief, spelled
from stages.speech.chance import Chance
from stages.speech.lines import Line
from stages.speech.mms import VOICES, Mms, networks
from stages.speech.placing import Placed
from stages.speech.talker import mixed
from stages.speech.wording import Wording
from tests.speech import tiny_mms as tiny

Voice = Performer[Brief, Speech]
TEXT = "Guten Tag, ich bin die Ada. Das kostet 25 € und ist nicht viel!"
GERMAN = next(voice for voice in VOICES if voice.id == "mms-deu")
NOBODY = np.zeros(0, np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny.weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def voice(weights: dict[str, Path]) -> Voice:
    return GERMAN.load(Placement(weights=weights))


@pytest.fixture(scope="module")
def network(weights: dict[str, Path]) -> networks.Network:
    return networks.load(Placement(weights=weights), "mms-deu")


def ask(said: str = TEXT, name: str = "mms:deu", *, seed: int = 1, **other: Any) -> Brief:
    return Brief(said, name, other.pop("rate", 1.0), other.pop("pitch", 0.0), seed, **other)


def say(folder: Path, voice: Voice, brief: Brief) -> tuple[Speech, Utterance, NDArray[np.int16]]:
    bench = workbench(folder)
    made = voice(brief, bench.context)
    with wave.open(io.BytesIO(bench.read(made.sound))) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return made, records.load(Utterance, bench.read(made.utterance)), sound


def test_a_text_becomes_sound_whose_times_are_the_network_s_own(voice: Voice, tmp_path: Path) -> None:
    made, told, sound = say(tmp_path, voice, ask())
    assert (made.voice, made.language, made.exact, made.sample_rate) == ("mms:deu", "de", True, 16_000)
    assert (told.language, told.exact) == ("de", True)
    assert made.seconds == told.seconds == pytest.approx(len(sound) / 16_000, abs=1e-4)
    assert [word.text for word in told.words] == told.text.split()
    assert all(one.end <= two.start + 1e-6 for one, two in zip(told.words, told.words[1:], strict=False))
    assert (told.phones[0].start, told.phones[-1].end) == (0.0, told.seconds)
    assert all(one.end == two.start for one, two in zip(told.phones, told.phones[1:], strict=False))
    assert {"ç", "ts"} <= {phone.ipa for phone in told.phones}
    assert not made.notes


def test_letters_last_as_long_as_the_network_says(network: networks.Network) -> None:
    told = network.tell("guten tag ihr alle", NOBODY, seed=3, step=lambda: None)
    assert len(told.letters) == len("guten tag ihr alle")
    assert told.letters[0][0] == 0.0
    assert told.letters[-1][1] * network.rate == pytest.approx(len(told.samples), abs=1e-6)
    assert all(one[1] == two[0] for one, two in zip(told.letters, told.letters[1:], strict=False))
    assert all(end > start for start, end in told.letters)


def test_the_sound_is_what_the_library_itself_makes(network: networks.Network) -> None:
    told = network.tell("guten tag", NOBODY, seed=3, step=lambda: None)
    with torch.inference_mode(), Chance(mixed(3, 0)):
        bare = network.model(**network.tokenizer(text="guten tag", return_tensors="pt")).waveform
    assert np.array_equal(told.samples, bare.reshape(-1).numpy())


def test_same_seed_same_bytes_and_another_seed_others(voice: Voice, tmp_path: Path) -> None:
    first = say(tmp_path / "1", voice, ask())[2]
    torch.manual_seed(8)
    assert np.array_equal(say(tmp_path / "2", voice, ask())[2], first)
    after = torch.rand(3)
    torch.manual_seed(8)
    assert torch.equal(torch.rand(3), after)
    assert not np.array_equal(say(tmp_path / "3", voice, ask(seed=2))[2], first)


def test_pace_moves_words_with_the_sound(voice: Voice, tmp_path: Path) -> None:
    usual = say(tmp_path / "1", voice, ask())[1]
    slow = say(tmp_path / "2", voice, ask(rate=0.5))[1]
    first, last = (np.array([word.start for word in told.words[:2]]) - 0.25 for told in (usual, slow))
    assert last == pytest.approx(2.0 * first, abs=0.09)
    assert slow.words[1].end - 0.25 == pytest.approx(2.0 * (usual.words[1].end - 0.25), abs=0.09)


def test_commas_that_the_network_does_not_know_become_pauses(voice: Voice, tmp_path: Path) -> None:
    told = say(tmp_path, voice, ask())[1]
    tag, ich = (next(word for word in told.words if word.text == name) for name in ("Tag,", "ich"))
    assert 0.03 < ich.start - tag.end < 0.3


def test_sounds_stand_near_the_letters_that_stand_for_them() -> None:
    said = "schule"
    letters = [(0.1 * number, 0.1 * (number + 1)) for number in range(len(said))]
    made = placed("de", said, letters)
    times = {phone.ipa: (phone.start, phone.end) for phone in made.phones}
    assert times["ʃ"][0] == 0.0
    assert times["l"][0] < letters[4][0] + 0.05 < times["l"][1] + 0.05
    assert made.words[0].end == pytest.approx(0.6, abs=1e-3)


@pytest.mark.parametrize(("language", "word", "sound", "letter"), [("ru", "мама", "m", 2), ("hi", "नमन", "m", 1)])
def test_other_scripts_find_their_sounds_too(language: str, word: str, sound: str, letter: int) -> None:
    spans = [(0.2 * number, 0.2 * (number + 1)) for number in range(len(word))]
    made = placed(language, word, spans)
    held = [phone for phone in made.phones if phone.ipa.startswith(sound)][-1]
    assert held.start < 0.5 * sum(spans[letter]) < held.end


def placed(
    language: str, word: str, letters: list[tuple[float, float]], how: type[spelled.Reader] = spelled.Reader
) -> Placed:
    sources = tuple((number, number + 1) for number in range(len(word)))
    line = Line(0, len(word), "sentence", Wording(word, sources, ""))
    told = spelled.Told(np.zeros(round(letters[-1][1] * 16_000), np.float32), tuple(letters))
    with tempfile.TemporaryDirectory() as folder:
        reader = how(language, Path(folder), lambda: None)
        return spelled.place(word, line, told, hertz=16_000, reader=reader)


def test_a_line_that_can_not_be_read_aloud_keeps_its_words() -> None:
    class Mute(spelled.Reader):
        def read(self, words: str) -> Utterance:
            raise Unavailable("There is no such language. Choose another.")

    made = placed("de", "schule", [(0.1 * number, 0.1 * (number + 1)) for number in range(6)], Mute)
    assert [(word.text, word.start, word.end) for word in made.words] == [("schule", 0.0, 0.6)]


def test_a_job_that_is_called_off_stops_within_a_line(network: networks.Network) -> None:
    expected = network.tell("guten tag", NOBODY, seed=1, step=lambda: None).samples
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 4:
            raise Cancelled("no longer wanted")

    with pytest.raises(Cancelled):
        network.tell("guten tag", NOBODY, seed=1, step=step)
    assert steps == 4
    assert np.array_equal(network.tell("guten tag", NOBODY, seed=1, step=lambda: None).samples, expected)


def test_numbers_that_are_none_are_no_sound(weights: dict[str, Path]) -> None:
    network = networks.load(Placement(weights=weights), "mms-deu")
    with torch.no_grad():
        network.model.decoder.conv_post.weight.fill_(float("nan"))
    with pytest.raises(BadOutput):
        network.tell("guten tag", NOBODY, seed=1, step=lambda: None)


TAKEN = {
    ("Guten Tag, ich bin die Ada.", "mms:deu"): "mms-deu",
    ("Hello, I am Ada.", "mms:deu"): "mms-deu",
    ("Guten Tag, ich bin die Ada.", "mms"): "mms-deu",
    ("Bonjour, je suis Ada et vous ?", "mms"): "mms-fra",
    ("Привет, меня зовут Ада.", "MMS"): "mms-rus",
    ("Guten Tag, ich bin die Ada.", "de"): "",
    ("Guten Tag, ich bin die Ada.", ""): "",
    ("Hello, I am Ada.", "speecht5/slt"): "",
}


@pytest.mark.parametrize("case", TAKEN)
def test_each_speaks_for_its_own_id_and_the_family_for_its_text_s_language(case: tuple[str, str]) -> None:
    assert [voice.id for voice in VOICES if voice.takes(ask(*case))] == ([TAKEN[case]] if TAKEN[case] else [])
    assert [voice.id for voice in VOICES if voice.named(ask(*case))] == ([TAKEN[case]] if TAKEN[case] else [])


def test_a_voice_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(NotFound, match="Did you mean mms:"):
        GERMAN.takes(ask(name="mms:ger"))


def test_what_it_cannot_say_is_refused_before_it_speaks(voice: Voice, tmp_path: Path) -> None:
    context = workbench(tmp_path).context
    with pytest.raises(BadRequest, match=r"speaks German only.*Choose the voice mms:eng"):
        voice(ask("Hello, this is what I am."), context)
    with pytest.raises(BadRequest, match="can't read Cyrillic letters"):
        voice(ask("Привет, меня зовут Ада.", language="de"), context)
    with pytest.raises(BadRequest, match="rate"):
        voice(ask(rate=5.0), context)


def test_without_its_weights_a_built_in_voice_speaks_and_it_is_told(tmp_path: Path) -> None:
    def place(_stage: str, backend: str) -> Placement | None:
        return Placement() if backend == "espeak" else None

    store = FolderStore(tmp_path / "store", budget=10**8)
    walk = Engine(store, place=place).walk(store.session())
    made = walk(SPEECH, ask())
    assert made.voice == "de"
    assert "mms:deu could not speak here" in made.notes[0]
    assert [(event.backend, event.to) for event in walk.fallbacks] == [("mms-deu", "espeak")]


def cut(home: Path) -> None:
    (home / "model.safetensors").write_bytes((home / "model.safetensors").read_bytes()[:1000])


def without_decoder(home: Path) -> None:
    tensors = load_file(home / "model.safetensors")
    save_file(
        {name: part for name, part in tensors.items() if "conv_pre" not in name},
        home / "model.safetensors",
        metadata={"format": "pt"},
    )


def romanised(home: Path) -> None:
    told = json.loads((home / "tokenizer_config.json").read_text())
    (home / "tokenizer_config.json").write_text(json.dumps(told | {"is_uroman": True}))


def without_letters(home: Path) -> None:
    (home / "vocab.json").write_text('{"|": 0, "a": 1, " ": 2}')


def other_letters(home: Path) -> None:
    (home / "vocab.json").write_text(json.dumps({chr(1000 + number): number for number in range(99)}))


@pytest.mark.parametrize("damage", [cut, without_decoder, romanised, without_letters, other_letters])
def test_damaged_weights_are_told_as_such(damage: Callable[[Path], None], tmp_path: Path) -> None:
    found = tiny.weights(tmp_path)
    damage(found["mms-deu"])
    with pytest.raises(Unavailable, match="Fetch them again"):
        GERMAN.load(Placement(weights=found))


def test_weights_that_are_not_here_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="mms-deu are not here"):
        GERMAN.load(Placement(weights={"mms-deu": tmp_path / "nowhere"}))


def test_naming_it_loads_no_heavy_library() -> None:
    script = (
        "import sys, stages.speech as s; from stages.speech.mms import VOICES;"
        "[v.takes(s.Brief('Hallo.', 'mms', 1.0, 0.0, 1)) for v in VOICES];"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_language_of_the_catalogue_has_its_voice() -> None:
    assert {voice.id for voice in VOICES} == {f"mms-{code}" for code, _ in MMS}
    assert all(isinstance(voice, Mms) and voice.needs.weights == (voice.id,) for voice in VOICES)
