"""SpeechT5's files, one of them missing, damaged or another one: nothing is made up, and it is told what to fetch."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from avatar.errors import Unavailable
from avatar.stage import Placement
from avatar.testing import workbench
from stages.speech import Brief
from stages.speech.speecht5 import SpeechT5
from tests.speech import tiny_speecht5 as tiny

BRIEF = Brief("Hello there.", "speecht5/slt", 1.0, 0.0, 1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny.weights(tmp_path_factory.mktemp("weights"))


class Trap:
    """A pickle that does something when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def _no_layer(folder: Path) -> None:
    path = folder / "tts" / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    del state["speech_decoder_postnet.prob_out.weight"]
    torch.save(state, path)


def _not_numbers(folder: Path) -> None:
    path = folder / "tts" / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    state["speech_decoder_postnet.prob_out.weight"].fill_(float("nan"))
    torch.save(state, path)


def _pointer(folder: Path) -> None:
    (folder / "tts" / "pytorch_model.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")


def _halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _written(path: Path) -> None:
    path.write_bytes(b"{")


def _trap(folder: Path) -> None:
    (folder / "tts" / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Trap(folder / "sprung")}, protocol=2))


def _other_vectors(folder: Path) -> None:
    shutil.rmtree(folder / "xvectors")
    tiny.speakers(folder / "xvectors", width=24)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "network missing": lambda folder: (folder / "tts" / "pytorch_model.bin").unlink(),
    "network cut": lambda folder: _halved(folder / "tts" / "pytorch_model.bin"),
    "network a pointer": _pointer,
    "network a trap": _trap,
    "a layer missing": _no_layer,
    "numbers that are none": _not_numbers,
    "tokenizer missing": lambda folder: (folder / "tts" / "spm_char.model").unlink(),
    "tokenizer cut": lambda folder: _written(folder / "tts" / "spm_char.model"),
    "settings broken": lambda folder: _written(folder / "tts" / "config.json"),
    "vocoder missing": lambda folder: shutil.rmtree(folder / "hifigan"),
    "vocoder cut": lambda folder: _halved(folder / "hifigan" / "pytorch_model.bin"),
    "speakers missing": lambda folder: shutil.rmtree(folder / "xvectors"),
    "speakers cut": lambda folder: _halved(folder / "xvectors" / "spkrec-xvect.zip"),
    "speakers of another network": _other_vectors,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_weights_that_are_not_whole_are_unavailable_and_say_what_to_fetch(
    damage: str, weights: dict[str, Path], tmp_path: Path
) -> None:
    copies = {name: tmp_path / folder.name for name, folder in weights.items()}
    for name, folder in weights.items():
        shutil.copytree(folder, copies[name])
    DAMAGE[damage](tmp_path)
    with pytest.raises(Unavailable, match=r"[Ff]etch") as refused:
        workbench(tmp_path / "bench").perform(SpeechT5(), BRIEF, placement=Placement(weights=copies))
    assert str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "sprung").exists()
