"""SpeechT5 as the engine sees it, with real networks of a few kilobytes in the layout of the hub."""

import io
import subprocess
import sys
import threading
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Speech, Utterance
from avatar.engine import Engine
from avatar.errors import BadOutput, BadRequest, Cancelled, NotFound
from avatar.events import Progressed
from avatar.media import mastering
from avatar.script import Pause
from avatar.stage import Performer, Placement
from avatar.store import FolderStore
from avatar.testing import workbench
from hf_spaces_models import RECIPES
from stages.speech import SPEECH, Brief
from stages.speech.espeak import Espeak
from stages.speech.speecht5 import SpeechT5, SpeechT5Clone, networks
from stages.speech.talker import mixed
from stages.speech.voices import voices
from tests.speech import tiny_speecht5 as tiny

Voice = Performer[Brief, Speech]
TEXT = "Hello there, Dr. Smith! I paid $5 for it."


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny.weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def voice(weights: dict[str, Path]) -> Voice:
    return SpeechT5().load(Placement(weights=weights))


@pytest.fixture(scope="module")
def lost(weights: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weights of a network that never stops."""
    return weights | {"speecht5-tts": tiny.model(tmp_path_factory.mktemp("lost") / "tts", stop=tiny.GOES_ON)}


def ask(said: str = TEXT, speaker: str = "speecht5/slt", *, seed: int = 1, **other: Any) -> Brief:
    return Brief(said, speaker, other.pop("rate", 1.0), other.pop("pitch", 0.0), seed, **other)


def say(folder: Path, voice: Voice, brief: Brief) -> tuple[Speech, Utterance, bytes]:
    bench = workbench(folder)
    made = voice(brief, bench.context)
    return made, records.load(Utterance, bench.read(made.utterance)), bench.read(made.sound)


def samples(wav: bytes) -> NDArray[np.float32]:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32768)


def test_a_text_becomes_sound_with_all_its_words(voice: Voice, tmp_path: Path) -> None:
    made, told, wav = say(tmp_path, voice, ask(f"{TEXT}\n\nAnd this is another paragraph, my friends."))
    (tmp_path / "speech.wav").write_bytes(wav)
    assert made.seconds == told.seconds == pytest.approx(len(samples(wav)) / 16_000, abs=1e-4)
    assert (made.sample_rate, made.voice, told.language, told.exact) == (16_000, "speecht5/slt", "en-us", False)
    assert [word.text for word in told.words] == told.text.split()
    assert all(one.end <= two.start + 1e-6 for one, two in zip(told.words, told.words[1:], strict=False))
    assert told.phones[0].start == 0.0
    assert told.phones[-1].end == told.seconds
    assert all(one.end == two.start for one, two in zip(told.phones, told.phones[1:], strict=False))
    assert mastering.loudness(tmp_path / "speech.wav") == pytest.approx(-16.0, abs=2.5)  # random networks only crackle


def test_same_seed_same_bytes_and_another_seed_others(voice: Voice, tmp_path: Path) -> None:
    first = say(tmp_path / "1", voice, ask())[2]
    say(tmp_path / "2", voice, ask("Something else in between."))
    assert say(tmp_path / "3", voice, ask())[2] == first
    assert say(tmp_path / "4", voice, ask(seed=2))[2] != first
    assert say(tmp_path / "5", voice, ask(speaker="speecht5/bdl"))[2] != first


def test_jobs_at_the_same_time_do_not_hear_each_other(voice: Voice, tmp_path: Path) -> None:
    briefs = [ask("Hello there, you.", f"speecht5/{name}") for name in ("slt", "bdl")]
    alone = [say(tmp_path / f"a{number}", voice, brief)[2] for number, brief in enumerate(briefs)]
    together: dict[int, bytes] = {}
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            torch.manual_seed(3)
            torch.rand(2)

    def work(number: int) -> None:
        together[number] = say(tmp_path / f"t{number}", voice, briefs[number])[2]

    noise = threading.Thread(target=disturb)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    noise.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    noise.join()
    assert [together[number] for number in range(2)] == alone


def test_speaking_leaves_torchs_own_random_numbers_as_they_were(voice: Voice, tmp_path: Path) -> None:
    torch.manual_seed(8)
    expected = torch.rand(3)
    torch.manual_seed(8)
    say(tmp_path, voice, ask("Hello there, you."))
    assert torch.equal(torch.rand(3), expected)


def test_pace_pauses_and_pitch_are_heard(voice: Voice, tmp_path: Path) -> None:
    usual = say(tmp_path / "1", voice, ask())[0].seconds
    assert say(tmp_path / "2", voice, ask(rate=2.0))[0].seconds < usual - 0.5
    assert say(tmp_path / "3", voice, ask(pitch=5.0))[0].seconds == pytest.approx(usual, abs=0.2)
    paused, told, _ = say(tmp_path / "4", voice, ask(pauses=(Pause(len("HellothereDrSmith"), 3.0),)))
    assert paused.seconds > usual + 2.0
    assert max(phone.end - phone.start for phone in told.phones if not phone.ipa) == pytest.approx(3.0, abs=0.3)


def test_a_long_text_is_cut_below_what_the_network_can_read(voice: Voice, tmp_path: Path) -> None:
    words = " ".join(f"{number * 1234567}" for number in range(6, 13))
    made, told, _ = say(tmp_path, voice, ask(f"These are numbers {words} and that is all."))
    assert [word.text for word in told.words] == told.text.split()
    assert made.seconds > 5


def test_progress_is_told_and_reaches_its_end(voice: Voice, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    voice(ask(), bench.context)
    told = [(event.done, event.total) for event in bench.events if isinstance(event, Progressed)]
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_cancelling_is_heard_within_a_line_and_leaves_the_voice_usable(weights: dict[str, Path]) -> None:
    nets = networks.load(Placement(weights=weights))
    speaker = tiny.SPEAKER
    expected = nets.say("Hello there.", speaker, seed=1, step=lambda: None)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise Cancelled("no longer wanted")

    with pytest.raises(Cancelled):
        nets.say("Hello there.", speaker, seed=1, step=step)
    assert steps == 5
    assert np.array_equal(nets.say("Hello there.", speaker, seed=1, step=lambda: None), expected)
    assert steps == 5


def test_a_job_that_is_called_off_stops(voice: Voice, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        voice(ask(), bench.context)


def test_a_network_that_loses_its_way_is_stopped_and_the_built_in_voice_speaks(
    lost: dict[str, Path], tmp_path: Path
) -> None:
    def place(_stage: str, backend: str) -> Placement | None:
        return {"speecht5": Placement(weights=lost), "espeak": Placement()}.get(backend)

    store = FolderStore(tmp_path / "store", budget=10**8)
    walk = Engine(store, place=place).walk(store.session())
    made = walk(SPEECH, ask("Hello there, you.", "speecht5/bdl"))
    assert made.voice == "en-us+m3"
    assert "speecht5/bdl could not speak here" in made.notes[0]
    assert [(event.backend, event.to) for event in walk.fallbacks] == [("speecht5", "espeak")]
    assert "lost its way" in walk.fallbacks[0].why


def test_the_sound_is_what_the_library_itself_makes(weights: dict[str, Path]) -> None:
    nets = networks.load(Placement(weights=weights))
    speaker = tiny.SPEAKER
    found = nets.say("Hello there.", speaker, seed=1, step=lambda: None)
    nets.dropout.numbers.manual_seed(mixed(1, 0))
    ids = torch.tensor([nets.tokens("Hello there.")])
    with torch.inference_mode():
        bare = nets.model.generate_speech(
            ids, torch.from_numpy(speaker)[None], minlenratio=networks.SHORTEST, vocoder=nets.vocoder
        )
    assert np.array_equal(found, bare.numpy())


def test_the_network_forgets_as_much_as_in_its_training() -> None:
    kept = networks.Dropout("cpu")(torch.ones(1, 200, 200), 0.25)
    assert sorted(set(kept.flatten().tolist())) == pytest.approx([0.0, 4 / 3])
    assert float((kept == 0).float().mean()) == pytest.approx(0.25, abs=0.02)


def test_numbers_that_are_none_are_no_sound(weights: dict[str, Path]) -> None:
    nets = networks.load(Placement(weights=weights))
    with torch.no_grad():
        nets.vocoder.conv_post.bias.fill_(float("nan"))
    with pytest.raises(BadOutput):
        nets.say("Hello there.", tiny.SPEAKER, seed=1, step=lambda: None)


def test_what_it_cannot_say_is_refused_before_it_speaks(voice: Voice, tmp_path: Path) -> None:
    context = workbench(tmp_path).context
    with pytest.raises(BadRequest, match=r"English only.*Choose the voice de"):
        voice(ask("Guten Tag, ich bin nicht die Ada."), context)
    with pytest.raises(BadRequest, match="English only"):
        voice(ask("你好，我叫艾达。"), context)
    with pytest.raises(NotFound, match="speecht5/slt"):
        voice(ask(speaker="speecht5/stl"), context)
    with pytest.raises(BadRequest, match="rate"):
        voice(ask(rate=5.0), context)
    with pytest.raises(BadRequest, match="pitch"):
        voice(ask(pitch=30.0), context)
    with pytest.raises(BadRequest, match="Latin letters"):
        voice(ask("你好，我叫艾达。", language="en"), context)


def test_letters_it_does_not_know_are_left_out_and_told(voice: Voice, tmp_path: Path) -> None:
    made, told, _ = say(tmp_path, voice, ask("This is how you say hello to them: 你好, my friends."))
    assert "'你好'" in made.notes[0]
    assert "你好," not in [word.text for word in told.words]


TAKEN = {
    ("Hello, I am Ada.", "speecht5/bdl"): True,
    ("Guten Tag, ich bin die Ada.", "speecht5/bdl"): True,
    ("Hello, I am Ada.", ""): True,
    ("Hello, I am Ada.", "old woman"): True,
    ("Hello, I am Ada.", "a little child"): False,
    ("Hello, I am Ada.", "en-us"): False,
    ("Hello, I am Ada.", "+f2"): False,
    ("Hello, I am Ada.", "german"): False,
    ("Guten Tag, ich bin die Ada.", ""): False,
    ("Guten Tag, ich bin die Ada.", "female"): False,
}


@pytest.mark.parametrize("case", TAKEN)
def test_it_speaks_for_its_own_voices_and_english_for_those_who_named_none(case: tuple[str, str]) -> None:
    assert SpeechT5().takes(ask(*case)) is TAKEN[case]
    assert SpeechT5().named(ask(*case)) is case[1].startswith("speecht5")
    assert not SpeechT5Clone().takes(ask(*case))
    assert Espeak().takes(ask(*case))


@pytest.mark.parametrize(
    ("hint", "speaker"), [("", "slt"), ("young woman", "slt"), ("old woman", "clb"), ("man", "bdl"), ("old man", "rms")]
)
def test_hints_choose_a_fitting_speaker(hint: str, speaker: str, voice: Voice, tmp_path: Path) -> None:
    assert voice(ask("Hello.", hint), workbench(tmp_path).context).voice == f"speecht5/{speaker}"


def test_neural_voices_are_listed_with_the_others() -> None:
    listed = {one.id for one in voices()}
    assert {"speecht5/slt", "speecht5/bdl", "en-us", "de", "+f2"} <= listed
    assert len(listed) == len(voices())


def test_needs_are_those_of_the_catalogue() -> None:
    assert SpeechT5().needs == RECIPES["speecht5"].needs
    assert SpeechT5Clone().needs == RECIPES["speecht5-clone"].needs


def test_naming_it_loads_no_heavy_library() -> None:
    script = (
        "import sys, stages.speech as s; b = s.SPEECH.chain[2]; b.takes(s.Brief('Hi there.', '', 1.0, 0.0, 1));"
        "print(sorted({'torch', 'transformers', 'speechbrain', 'torchaudio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
