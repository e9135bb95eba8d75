"""Speech written down: what the network's letters say, as words."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from avatar.errors import BadRequest
from tests.lips.networks import COLUMNS, telling

pytest.importorskip("torch", reason="wav2vec needs torch")


def told(text: str, *, frames: int = 99) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Guesses that say each letter for two frames, with a blank between."""
    guesses = np.full((frames, 2 + len(COLUMNS)), -12.0, np.float32)
    guesses[:, 0] = -0.01
    for number, sign in enumerate(text):
        at = 3 * number + 1
        guesses[at : at + 2, 0] = -12.0
        guesses[at : at + 2, 1 if sign == " " else COLUMNS[sign]] = -0.01
    return guesses


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Two seconds of noise."""
    path = tmp_path / "speech.wav"
    wavfile.write(path, 16_000, np.random.default_rng(0).normal(0, 3000, 32_000).astype(np.int16))
    return path


def test_letters_become_words(sound: Path) -> None:
    from stages.lips.wav2vec.dictation import written

    assert written(sound, telling(told("HELLO ADA"))) == "Hello ada"


def test_silence_is_refused(sound: Path) -> None:
    from stages.lips.wav2vec.dictation import written

    with pytest.raises(BadRequest, match="No words"):
        written(sound, telling(told("")))
