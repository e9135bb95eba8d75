"""Pocket TTS as the engine sees it, with real networks of a few kilobytes in the layout of the hub."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Speech, Utterance
from avatar.engine import Engine
from avatar.errors import BadOutput, BadRequest, Cancelled, Unavailable
from avatar.stage import Performer, Placement
from avatar.store import FolderStore
from avatar.testing import Bench, workbench
from stages.speech import SPEECH, Brief
from stages.speech.pocket import Pocket, networks
from stages.speech.speecht5 import SpeechT5Clone
from tests.speech import tiny_pocket as tiny
from tests.speech.recordings import spoken, wav

Floats = NDArray[np.float32]
LINE = "Hello there, my friends."


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny.weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def network(weights: dict[str, Path]) -> networks.Network:
    return networks.load(Placement(weights=weights))


@pytest.fixture(scope="module")
def voice(network: networks.Network) -> Floats:
    return network.voice(spoken().sound.astype(np.float32)[: 4 * network.rate])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


@pytest.fixture(scope="module")
def perform(weights: dict[str, Path]) -> Performer[Brief, Speech]:
    return Pocket().load(Placement(weights=weights))


def ask(bench: Bench, text: str = LINE, name: str = "pocket", *, seed: int = 1, sample: bool = True) -> Brief:
    reference = bench.blob(wav(spoken().sound.astype(np.float32)), "audio/wav") if sample else None
    return Brief(text, name, 1.0, 0.0, seed, reference=reference)


def test_a_text_is_said_after_a_voice_sample_at_24_khz(perform: Performer[Brief, Speech], bench: Bench) -> None:
    made = perform(ask(bench, f"{LINE} It costs $5."), bench.context)
    told = records.load(Utterance, bench.read(made.utterance))
    assert (made.sample_rate, made.voice, made.language, made.exact) == (24_000, "cloned", "en", False)
    assert [word.text for word in told.words] == told.text.split()
    assert (told.phones[0].start, told.phones[-1].end) == (0.0, told.seconds)


def test_the_same_voice_and_seed_give_the_same_sound(network: networks.Network, voice: Floats) -> None:
    first = network.say(LINE, voice, seed=1, step=lambda: None)
    torch.manual_seed(8)
    assert np.array_equal(network.say(LINE, voice, seed=1, step=lambda: None), first)
    after = torch.rand(3)
    torch.manual_seed(8)
    assert torch.equal(torch.rand(3), after)
    assert not np.array_equal(network.say(LINE, voice, seed=2, step=lambda: None), first)
    assert not np.array_equal(network.say(LINE, voice[::-1].copy(), seed=1, step=lambda: None), first)
    assert np.array_equal(network.voice(spoken().sound.astype(np.float32)[: 4 * network.rate]), voice)


def test_letters_outside_its_alphabet_are_not_known(network: networks.Network) -> None:
    assert all(network.knows(letter) for letter in "aZ.,'- ")
    assert not any(network.knows(letter) for letter in "é你😀")


def test_a_job_that_is_called_off_stops_at_the_next_frame(network: networks.Network, voice: Floats) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise Cancelled("no longer wanted")

    with pytest.raises(Cancelled):
        network.say(LINE, voice, seed=1, step=step)
    assert steps == 3
    assert len(network.say(LINE, voice, seed=1, step=lambda: None))


def test_a_network_that_does_not_end_is_stopped(tmp_path: Path, voice: Floats) -> None:
    lost = networks.load(Placement(weights=tiny.weights(tmp_path, stop=tiny.GOES_ON)))
    with pytest.raises(BadOutput, match="lost its way"):
        lost.say("Hi.", voice, seed=1, step=lambda: None)


def test_it_speaks_only_for_who_names_it_with_a_sample(bench: Bench) -> None:
    assert Pocket().takes(ask(bench))
    assert Pocket().named(ask(bench))
    assert not Pocket().takes(ask(bench, name=""))
    assert not Pocket().takes(ask(bench, sample=False))
    assert SpeechT5Clone().takes(ask(bench, name=""))


def test_other_languages_are_refused(perform: Performer[Brief, Speech], bench: Bench) -> None:
    with pytest.raises(BadRequest, match="speaks English only"):
        perform(ask(bench, "Guten Tag, ich bin nicht die Ada."), bench.context)


def test_without_its_weights_the_next_voice_speaks_and_it_is_told(bench: Bench, tmp_path: Path) -> None:
    def place(_stage: str, backend: str) -> Placement | None:
        return Placement() if backend == "espeak" else None

    store = FolderStore(tmp_path / "other", budget=10**8)
    walk = Engine(store, place=place).walk(store.session())
    made = walk(SPEECH, ask(bench))
    assert made.voice == "en-us"
    assert walk.fallbacks[0].backend == "pocket"


def cut(weights: dict[str, Path]) -> None:
    path = weights["pocket-tts"] / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])


def without_template(weights: dict[str, Path]) -> None:
    (weights["pocket-tts"] / "chat_template.jinja").unlink()


def without_tokenizer(weights: dict[str, Path]) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (weights["pocket-tts"] / name).unlink()


def another_codec(weights: dict[str, Path]) -> None:
    tiny.codec(weights["pocket-tts-audio-tokenizer"], latent_dim=6)


@pytest.mark.parametrize("damage", [cut, without_template, without_tokenizer, another_codec])
def test_damaged_weights_are_told_as_such(damage: Callable[[dict[str, Path]], None], tmp_path: Path) -> None:
    found = tiny.weights(tmp_path)
    damage(found)
    with pytest.raises(Unavailable, match=r"Fetch .* again"):
        Pocket().load(Placement(weights=found))


def test_weights_that_are_not_here_are_named() -> None:
    with pytest.raises(Unavailable, match="pocket-tts are not here"):
        Pocket().load(Placement())
