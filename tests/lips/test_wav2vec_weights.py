"""Weights of wav2vec in the layout of the hub: what loads, and what is told of what does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from avatar.errors import BadOutput, Unavailable
from avatar.stage import Placement
from stages.lips.wav2vec import Wav2vec
from tests.lips.networks import saved

pytest.importorskip("torch")
pytest.importorskip("transformers")

WEIGHTS = "wav2vec2-base-960h"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("weights") / WEIGHTS)


def placed(folder: Path) -> Placement:
    return Placement(weights={WEIGHTS: folder})


def broken(tiny: Path, folder: Path, **files: Any) -> Path:
    """A copy of the weights in which some files, named without `.json`, are others; None leaves one out."""
    folder.mkdir()
    for path in tiny.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for name, content in files.items():
        path = folder / (name if name == "model.safetensors" else f"{name}.json")
        if content is None:
            path.unlink()
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"vocab": None}, "vocab.json is missing"),
        ({"config": None}, "config.json is missing"),
        ({"preprocessor_config": None}, "preprocessor_config.json is missing"),
        ({"preprocessor_config": {"sampling_rate": 8000}}, "8000 samples"),
        ({"vocab": "{"}, "can't be read"),
        ({"vocab": "[1]"}, "not what it should be"),
        ({"vocab": {"A": 5}}, "vocabulary"),
        ({"vocab": {"|": 4, "A": 500}}, "vocabulary"),
        ({"model.safetensors": None}, "can't be loaded"),
        ({"model.safetensors": "half a file"}, "can't be loaded"),
    ],
)
def test_weights_that_do_not_fit_are_told(tiny: Path, tmp_path: Path, files: dict[str, Any], says: str) -> None:
    with pytest.raises(Unavailable, match=says) as caught:
        Wav2vec().load(placed(broken(tiny, tmp_path / "broken", **files)))
    assert str(tmp_path) not in str(caught.value)


def test_a_network_without_letters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="lm_head"):
        Wav2vec().load(placed(saved(tmp_path / "base", head=False)))


def test_the_tensor_that_the_published_file_lacks_is_not_missed(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = broken(tiny, tmp_path / "published")
    state = load_file(folder / "model.safetensors")
    assert state.pop("wav2vec2.masked_spec_embed", None) is not None
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    Wav2vec().load(placed(folder))


def test_guesses_that_are_no_numbers_are_refused(tiny: Path) -> None:
    import numpy as np

    from stages.lips.wav2vec.network import load

    network = load(tiny)
    sound = np.zeros(16000, np.float32)
    assert network.guesses(sound).shape == (network.frames(16000), 29) == (49, 29)
    sound[800] = np.nan
    with pytest.raises(BadOutput, match="not numbers"):
        network.guesses(sound)
