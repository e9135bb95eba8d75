"""The hallway's voices: which can speak here, and how each sounds."""

import io
import wave
from pathlib import Path

import pytest

from avatar.engine import Engine
from avatar.errors import NotFound, Unavailable
from avatar.stage import Placement
from avatar.store import FolderStore
from hallway import voices
from tests.speech import tiny_mms


def engine(folder: Path, **weights: dict[str, Path]) -> Engine:
    def place(_stage: str, backend: str) -> Placement | None:
        found = weights.get(backend.replace("-", "_"))
        return Placement(weights=found) if found else Placement() if backend == "espeak" else None

    return Engine(FolderStore(folder / "store", budget=10**8), place=place, why=lambda *_: "Fetch its weights.")


def heard(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getnframes() / file.getframerate()


@pytest.mark.parametrize("voice", ["en-us", "de+f3", "+m3", "ja", "cmn", "sw"])
def test_built_in_voices_are_heard_in_their_own_language(voice: str, tmp_path: Path) -> None:
    works = engine(tmp_path)
    first = voices.sample(voice, engine=works)
    assert 1.0 < heard(first) < 8.0
    assert voices.sample(voice, engine=works) == first


def test_a_neural_voice_is_heard_where_its_weights_are(tmp_path: Path) -> None:
    works = engine(tmp_path, mms_deu=tiny_mms.weights(tmp_path / "weights"))
    assert heard(voices.sample("mms:deu", engine=works)) > 1.0


@pytest.mark.parametrize("voice", ["mms:deu", "mms:hin", "speecht5/slt"])
def test_a_neural_voice_without_weights_says_so(voice: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"{voice} can't speak here. Fetch its weights"):
        voices.sample(voice, engine=engine(tmp_path))


def test_who_has_no_voice_of_its_own_and_who_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="after a voice sample"):
        voices.sample("pocket", engine=engine(tmp_path))
    with pytest.raises(NotFound):
        voices.sample("klingonese", engine=engine(tmp_path))
    with pytest.raises(NotFound):
        voices.sample("mms:xxx", engine=engine(tmp_path))


def test_voices_say_whether_they_can_speak_here(tmp_path: Path) -> None:
    works = engine(tmp_path, mms_deu={"mms-deu": tmp_path})
    ready = {card.id: card.ready for card in voices.voices(works.place)}
    assert ready["mms:deu"]
    assert ready["de"]
    assert ready["+f2"]
    assert not ready["mms:fra"]
    assert not ready["speecht5/slt"]
    assert all(card.ready for card in voices.voices())


def test_every_greeting_is_in_a_language_that_is_spoken() -> None:
    tags = {card.language for card in voices.voices()} | {card.language.partition("-")[0] for card in voices.voices()}
    assert set(voices.GREETINGS) <= tags
