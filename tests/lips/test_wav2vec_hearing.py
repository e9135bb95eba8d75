"""A sound heard in pieces: at any rate, of any length, as in one go."""

from pathlib import Path

import numpy as np
import pytest

from avatar.media import video
from tests.lips.networks import echoing
from tests.speech.recordings import wav

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_a_sound_is_heard_at_the_right_time_at_any_rate(rate: int, tmp_path: Path) -> None:
    from stages.lips.wav2vec.hearing import listen

    sound = np.zeros(2 * rate, np.float32)
    sound[rate : rate + rate // 10] = 0.5 * np.sin(2 * np.pi * 300 * np.arange(rate // 10) / rate)
    path = tmp_path / "sound.wav"
    path.write_bytes(wav(sound, rate=rate))
    found = listen(path, echoing(), lambda _share: None)
    assert len(found.guesses) == 99
    assert len(found.heard) == 200
    loud = np.flatnonzero(found.heard.level > found.heard.loud - 20)
    assert loud[0] * 0.01 == pytest.approx(1.0, abs=0.021)
    assert loud[-1] * 0.01 == pytest.approx(1.09, abs=0.021)


@pytest.mark.parametrize("seconds", [29.9, 30.02, 31.0, 61.5, 95.0])
def test_pieces_give_what_the_whole_gives(seconds: float, tmp_path: Path) -> None:
    from stages.lips.wav2vec.hearing import listen

    network = echoing()
    sound = np.random.default_rng(0).normal(0.1, 0.1, round(seconds * 16000)).astype(np.float32)
    path = tmp_path / "sound.wav"
    path.write_bytes(wav(sound, rate=16000))
    shares: list[float] = []
    found = listen(path, network, shares.append)
    whole = network.guesses(np.concatenate(list(video.samples(path, 16000))))
    assert found.guesses.shape == whole.shape
    assert np.abs(found.guesses - whole).max() < 1e-3
    assert shares == sorted(shares)


def test_two_hours_are_held_in_no_more_memory_than_ten_minutes() -> None:
    import tracemalloc

    from stages.lips.wav2vec.hearing import BESIDE, PIECE, pieces

    network, block = echoing(), np.zeros(48_000, np.float32)
    peaks = []
    for seconds in (600, 7200):
        frames = network.frames(seconds * 16_000)
        tracemalloc.start()
        kept, longest = 0, 0
        for first, last, before, heard in pieces((block for _ in range(seconds // 3)), network, frames):
            assert (first, before) == (kept, min(kept, BESIDE))
            kept, longest = last, max(longest, network.frames(len(heard)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert kept == frames
        assert longest <= PIECE + 3 * BESIDE
    assert peaks[1] < 1.05 * peaks[0] < 20e6
