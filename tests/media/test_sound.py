"""Sound in blocks: measured, filtered, limited, written."""

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.errors import BadRequest, StorageError
from avatar.media import mastering, sound

RATE = 22050


def _noise(seconds: float, *, seed: int = 0) -> sound.Samples:
    """Speech-like: noise that swells and pauses, with the low end of a voice."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    times = np.arange(count) / RATE
    tone = sum(np.sin(2 * np.pi * 120 * n * times) / n for n in range(1, 30))
    swell = np.clip(np.sin(2 * np.pi * 0.9 * times) + 0.3, 0, None) * (times % 3 < 2.2)
    breath = np.convolve(rng.standard_normal(count), np.hanning(8) / 2, "same")
    return ((0.05 * breath + 0.15 * np.asarray(tone)) * swell).astype(np.float32)


def _blocks(samples: sound.Samples, size: int = 5000) -> Iterator[sound.Samples]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def _measured(samples: sound.Samples, size: int = 5000) -> float:
    meter = mastering.Loudness(RATE)
    for block in _blocks(samples, size):
        meter.push(block)
    return meter.integrated()


@pytest.mark.parametrize("seconds", [1.3, 7.77, 25.0])
def test_loudness_agrees_with_pyloudnorm(seconds: float) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    samples = _noise(seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pyloudnorm.Meter(RATE).integrated_loudness(samples.astype(np.float64))
    assert _measured(samples) == pytest.approx(expected, abs=0.2)


def test_loudness_agrees_with_ffmpeg(tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    sound.write(path, _blocks(_noise(20)), rate=RATE)
    assert mastering.loudness(path) == pytest.approx(_ebur128(path), abs=0.1)


def _ebur128(path: Path) -> float:
    found = float("nan")
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        graph = av.filter.Graph()
        nodes = [graph.add_abuffer(template=stream), graph.add("ebur128", "metadata=1"), graph.add("abuffersink")]
        for one, two in pairwise(nodes):
            one.link_to(two)
        graph.configure()
        for frame in file.decode(stream):
            graph.push(frame)
            while True:
                try:
                    found = float(graph.pull().metadata["lavfi.r128.I"])
                except av.error.BlockingIOError:
                    break
    return found


def test_loudness_does_not_depend_on_the_blocks() -> None:
    samples = _noise(9.1)
    assert _measured(samples, 777) == pytest.approx(_measured(samples, 200000), abs=1e-3)


def test_a_meter_can_be_read_in_between() -> None:
    samples = _noise(12)
    meter = mastering.Loudness(RATE)
    for block in _blocks(samples):
        meter.push(block)
        meter.integrated()
    assert meter.integrated() == pytest.approx(_measured(samples), abs=1e-6)


def test_silence_has_no_loudness() -> None:
    assert _measured(sound.silence(3, RATE)) == float("-inf")
    assert _measured(sound.silence(0, RATE)) == float("-inf")


@pytest.mark.parametrize("lufs", [-23.0, -16.0, -14.0])
def test_master_reaches_loudness_and_keeps_the_peak(lufs: float, tmp_path: Path) -> None:
    samples = _noise(8)
    path = tmp_path / "out.wav"
    count = mastering.master(lambda: _blocks(samples), path, rate=RATE, lufs=lufs, ceiling=-1.0)
    out = np.concatenate(list(sound.read(path)))
    assert count == len(out) == len(samples)
    assert mastering.loudness(path) == pytest.approx(lufs, abs=0.15)
    assert 20 * np.log10(_oversampled(out).max()) <= -0.95
    lag = int(np.argmax(np.correlate(out[20000:24000], samples[20000:24000], "full"))) - 3999
    assert lag == 0


def _oversampled(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Magnitudes at 8 times the rate, by the transform."""
    count = 1 << (len(samples) + 100).bit_length()
    return np.abs(np.fft.irfft(np.fft.rfft(samples.astype(np.float64), count), 8 * count)) * 8


def test_master_leaves_silence_silent(tmp_path: Path) -> None:
    mastering.master(lambda: [sound.silence(1, RATE)], tmp_path / "out.wav", rate=RATE, lufs=-16.0, ceiling=-1.0)
    assert not np.concatenate(list(sound.read(tmp_path / "out.wav"))).any()


def test_the_limiter_is_transparent_below_its_ceiling_and_the_same_in_any_blocks() -> None:
    samples = _noise(4)
    quiet = np.concatenate(list(mastering.limited(_blocks(samples), rate=RATE, gain=1.0, ceiling=4.0)))
    assert np.array_equal(quiet, samples)
    whole = np.concatenate(list(mastering.limited([samples], rate=RATE, gain=2.0, ceiling=0.5)))
    parts = np.concatenate(list(mastering.limited(_blocks(samples, 333), rate=RATE, gain=2.0, ceiling=0.5)))
    assert len(whole) == len(samples)
    assert np.abs(whole).max() <= 0.5
    assert np.allclose(whole, parts, atol=1e-6)


def test_peaks_between_samples_are_seen() -> None:
    times = np.arange(2000)
    tone = np.sin(np.pi / 2 * times + np.pi / 4).astype(np.float32)  # every sample at 0.707
    assert mastering.peaks(tone)[500:1500].max() == pytest.approx(1.0, abs=0.01)


CURVE = ((20.0, -12.0), (500.0, 0.0), (2000.0, -6.0), (11025.0, -6.0))


def test_the_equaliser_follows_its_curve_without_delay() -> None:
    click = np.zeros(4000, np.float32)
    click[1500] = 1.0
    equaliser = sound.Equaliser(CURVE, RATE)
    heard = np.concatenate((equaliser.push(click), equaliser.flush()))
    assert len(heard) == len(click)
    assert int(np.argmax(heard)) == 1500
    response = 20 * np.log10(np.abs(np.fft.rfft(heard)))
    at = [round(hertz * len(click) / RATE) for hertz in (500, 1000, 2000, 8000)]
    assert response[at] == pytest.approx([0.0, -3.0, -6.0, -6.0], abs=0.5)


@pytest.mark.parametrize("size", [7, 100, 3839, 3840, 3841, 100000])
def test_the_equaliser_does_the_same_in_any_blocks(size: int) -> None:
    samples = _noise(0.25)

    def through(step: int) -> sound.Samples:
        equaliser = sound.Equaliser(CURVE, RATE)
        return np.concatenate([*(equaliser.push(block) for block in _blocks(samples, step)), equaliser.flush()])

    assert np.allclose(through(size), through(4321), atol=1e-6)


def test_wav_round_trip(tmp_path: Path) -> None:
    samples = np.clip(_noise(2), -1, 1)
    path = tmp_path / "a.wav"
    assert sound.write(path, _blocks(samples), rate=RATE) == len(samples)
    back = np.concatenate(list(sound.read(path, block=999)))
    assert np.abs(back - samples).max() < 1e-4


def test_files_that_are_no_sound_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF....WAVE nonsense")
    with pytest.raises(BadRequest, match="WAV"):
        list(sound.read(path))
    path.write_bytes(b"")
    with pytest.raises(BadRequest, match="WAV"):
        list(sound.read(path))


def test_a_full_disk_is_told(tiny_disk: Path) -> None:
    with pytest.raises(StorageError, match="space"):
        sound.write(tiny_disk / "a.wav", _blocks(_noise(20)), rate=RATE)
