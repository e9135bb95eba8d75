"""Voices taken from a sample: SpeechBrain's encoder, what a sample must be, and SpeechT5 speaking after it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Speech
from avatar.errors import BadRequest, Cancelled, TooLarge, Unavailable, UnsupportedMedia
from avatar.stage import Performer, Placement
from avatar.testing import Bench, workbench
from stages.speech import SPEECH, Brief
from stages.speech.espeak import Espeak
from stages.speech.speecht5 import SpeechT5, SpeechT5Clone
from stages.speech.speecht5 import sample as samples
from stages.speech.speecht5.encoder import Encoder
from tests.shared import shared
from tests.speech import tiny_speecht5, tiny_xvector
from tests.speech.recordings import spoken, wav
from tests.speech.said import RATE, say

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("weights")
    return tiny_speecht5.weights(folder) | {"spkrec-xvect-voxceleb": tiny_xvector.encoder(folder / "encoder")}


@pytest.fixture(scope="module")
def perform(weights: dict[str, Path]) -> Performer[Brief, Speech]:
    return SpeechT5Clone().load(Placement(weights=weights))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def clip() -> Floats:
    return spoken().sound.astype(np.float32)


def brief(bench: Bench, sound: Floats, text: str = "Hello there, my friends.") -> Brief:
    return Brief(text, "", 1.0, 0.0, 3, reference=bench.blob(wav(sound), "audio/wav"))


def noisy(decibels: float) -> Floats:
    """The clip, so many dB above white noise."""
    noise = np.random.default_rng(0).standard_normal(len(clip()))
    mixed: Floats = (clip() + 10 ** (-decibels / 20) * np.sqrt(np.mean(clip() ** 2)) * noise).astype(np.float32)
    return mixed


def taken(folder: Path, sound: Floats) -> samples.Sample:
    path = folder / "clip.wav"
    path.write_bytes(wav(sound))
    return samples.take(path, folder, lambda: None)


def test_somebody_else_sounds_different_and_the_same_person_the_same(
    bench: Bench, perform: Performer[Brief, Speech], tmp_path: Path
) -> None:
    other = say(tmp_path / "other", "Guten Tag, ich bin ein ganz anderer Mensch, und das hört man.", "de+m2")
    first = perform(brief(bench, clip()), bench.context)
    again = perform(brief(bench, clip()), bench.context)
    else_ = perform(brief(bench, other.sound.astype(np.float32)), bench.context)
    assert bench.read(first.sound) == bench.read(again.sound) != bench.read(else_.sound)
    assert first.voice == "cloned"


def test_vectors_are_those_of_speechbrain_itself_and_the_same_every_time(weights: dict[str, Path]) -> None:
    import torch
    from speechbrain.inference.classifiers import EncoderClassifier
    from speechbrain.utils.fetching import FetchConfig, LocalStrategy

    folder = weights["spkrec-xvect-voxceleb"]
    encoder = Encoder(folder, width=tiny_speecht5.WIDTH)
    oracle: Any = EncoderClassifier.from_hparams(
        source=str(folder),
        overrides={"pretrained_path": str(folder)},
        run_opts={"device": "cpu"},
        local_strategy=LocalStrategy.NO_LINK,
        fetch_config=FetchConfig(allow_network=False),
    )
    speech = clip()[: 4 * 16000]
    found = encoder.vector(speech)
    whole = oracle.encode_batch(torch.from_numpy(speech)[None]).reshape(-1)
    expected = whole.numpy() / np.linalg.norm(whole.numpy())
    assert float(found @ expected) > 0.99999
    assert np.array_equal(found, encoder.vector(speech))
    assert np.array_equal(found, Encoder(folder, width=tiny_speecht5.WIDTH).vector(speech))
    assert np.isclose(np.linalg.norm(found), 1.0, atol=1e-5)


def test_drawing_random_numbers_elsewhere_changes_no_vector(weights: dict[str, Path]) -> None:
    import torch

    encoder = Encoder(weights["spkrec-xvect-voxceleb"], width=tiny_speecht5.WIDTH)
    found = encoder.vector(clip()[:48000])
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    assert np.array_equal(found, encoder.vector(clip()[:48000]))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_an_encoder_that_is_not_whole_is_unavailable(damage: str, weights: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    whole = (weights["spkrec-xvect-voxceleb"] / "embedding_model.ckpt").read_bytes()
    if damage == "other":
        tiny_xvector.encoder(folder, width=24)
    else:
        folder.mkdir()
    if damage == "cut":
        (folder / "embedding_model.ckpt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unavailable, match="Fetch spkrec-xvect-voxceleb again|can't be read"):
        SpeechT5Clone().load(Placement(weights=weights | {"spkrec-xvect-voxceleb": folder}))


def test_a_sample_is_cut_to_its_speech_at_the_encoders_rate(tmp_path: Path) -> None:
    silence = np.zeros(3 * RATE, np.float32)
    whole = taken(tmp_path, np.concatenate((silence, clip(), silence)))
    alone = taken(tmp_path, clip())
    assert abs(len(whole.samples) - len(alone.samples)) < 1.5 * samples.RATE
    assert abs(len(alone.samples) / samples.RATE - len(clip()) / RATE) < 0.05
    assert not alone.notes


@pytest.mark.parametrize("name", ["RD_Radio31_000", "RD_Radio40_000", "chinese_poem1"])
def test_real_recordings_are_usable_samples(name: str, tmp_path: Path) -> None:
    found = samples.take(shared(f"samples/speech/{name}.wav"), tmp_path, lambda: None)
    assert 4.0 < len(found.samples) / samples.RATE < 9.0
    assert not found.notes


def test_voices_touched_by_noise_are_told(tmp_path: Path) -> None:
    assert "noise" in taken(tmp_path, noisy(12.0)).notes[0]


def tones(*hertz: float) -> Floats:
    time = np.arange(8 * RATE) / RATE
    held: Floats = np.sum([0.1 * np.sin(2 * np.pi * one * time) for one in hertz], axis=0).astype(np.float32)
    return held


def melody() -> Floats:
    drawn, notes = np.random.default_rng(1), []
    time = np.arange(RATE // 4) / RATE
    for _ in range(32):
        pitch = 220 * 2 ** (int(drawn.integers(0, 24)) / 12)
        waves = [0.2 * np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3, 4)]
        notes.append(np.sum(waves, axis=0) * np.exp(-6 * time))
    return np.concatenate(notes).astype(np.float32)


UNUSABLE: dict[str, tuple[Callable[[], Floats], str]] = {
    "short": (lambda: clip()[: 2 * RATE], "too few"),
    "long": (lambda: np.tile(clip(), 12), "Cut out the best 30 s"),
    "clipped": (lambda: np.clip(40 * clip(), -1, 1), "clipped"),
    "silent": (lambda: np.zeros(5 * RATE, np.float32), "silent"),
    "noise": (lambda: 0.1 * np.random.default_rng(0).standard_normal(5 * RATE).astype(np.float32), "No speech"),
    "hum": (lambda: np.sign(tones(50.0)) * np.float32(0.1), "No speech"),
    "chord": (lambda: tones(220.0, 277.0, 330.0), "No speech"),
    "melody": (melody, "Noise or music covers"),
    "covered": (lambda: noisy(6.0), "Noise or music covers"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_sample_without_a_usable_voice_is_refused_with_what_to_do(
    case: str, bench: Bench, perform: Performer[Brief, Speech]
) -> None:
    sound, message = UNUSABLE[case]
    with pytest.raises(BadRequest, match=message) as refused:
        perform(brief(bench, sound()), bench.context)
    assert str(refused.value).count(". ") >= 1


def test_a_sample_that_is_no_sound_or_goes_on_for_hours_is_refused(
    bench: Bench, perform: Performer[Brief, Speech], tmp_path: Path
) -> None:
    nonsense = Brief("Hello.", "", 1.0, 0.0, 3, reference=bench.blob(b"not a sound", "audio/wav"))
    with pytest.raises(UnsupportedMedia):
        perform(nonsense, bench.context)
    with pytest.raises(TooLarge):
        taken(tmp_path, np.tile(clip(), 60))


def test_only_english_is_spoken_after_a_sample(bench: Bench, perform: Performer[Brief, Speech]) -> None:
    with pytest.raises(BadRequest, match=r"English only.*\(de\)"):
        perform(brief(bench, clip(), "Guten Tag, ich bin nicht die Ada."), bench.context)


def test_cancelling_is_heard_while_the_sample_is_read(bench: Bench, perform: Performer[Brief, Speech]) -> None:
    asked = brief(bench, clip())
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        perform(asked, bench.context)


def test_where_it_cannot_be_done_the_built_in_voice_speaks_and_says_so(bench: Bench) -> None:
    made = bench.perform(Espeak(), brief(bench, clip()))
    assert "could not be taken on" in made.notes[0]


def test_a_sample_asks_for_nobody_else(bench: Bench) -> None:
    asked = brief(bench, clip())
    assert SpeechT5Clone().takes(asked)
    assert SpeechT5Clone().named(asked)
    assert not SpeechT5().takes(asked)
    chain = [backend.id for backend in SPEECH.chain]
    assert chain.index("upload") < chain.index("speecht5-clone") < chain.index("speecht5") < chain.index("espeak")
