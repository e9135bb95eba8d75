"""Faster, slower, higher, lower: lengths, pitches, and what must not change."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.face.acoustic_features import Listener
from stages.speech import stretch
from tests.speech.said import RATE, say

Floats = NDArray[np.float32]


def voice(hertz: float, seconds: float = 2.0, rate: int = 16_000) -> Floats:
    """A held vowel: harmonics that fall off."""
    time = np.arange(round(seconds * rate)) / rate
    waves = [np.sin(2 * np.pi * k * hertz * time) / k**1.5 for k in range(1, 12)]
    held: Floats = (0.2 * np.sum(waves, axis=0)).astype(np.float32)
    return held


def pitch(samples: Floats, rate: int = 16_000) -> float:
    """Hz of the highest peak of the spectrum between 60 and 400 Hz."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 18))
    hertz = np.fft.rfftfreq(1 << 18, 1 / rate)
    inside = (hertz > 60) & (hertz < 400)
    return float(hertz[inside][power[inside].argmax()])


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0])
def test_another_pace_changes_the_length_and_not_the_pitch(rate: float) -> None:
    made = stretch.paced(voice(140.0), rate, hertz=16_000)
    assert len(made) == round(32_000 / rate)
    assert pitch(made) == pytest.approx(140.0, rel=0.01)


@pytest.mark.parametrize("semitones", [-12.0, -5.0, 3.0, 12.0])
def test_another_pitch_changes_no_length(semitones: float) -> None:
    made = stretch.pitched(voice(140.0), semitones, hertz=16_000)
    assert len(made) == 32_000
    assert pitch(made) == pytest.approx(140.0 * 2 ** (semitones / 12), rel=0.015)


@pytest.mark.parametrize("rate", [0.6, 1.7])
def test_speech_keeps_its_loudness_and_holds_no_clicks(rate: float, tmp_path: Path) -> None:
    spoken = say(tmp_path, "Hello there, people of the moon. We bring you peace.").sound.astype(np.float32)
    made = stretch.paced(spoken, rate, hertz=RATE)
    assert 10 * np.log10(np.mean(made**2) / np.mean(spoken**2)) == pytest.approx(0.0, abs=1.0)
    assert np.abs(np.diff(made)).max() < 1.5 * np.abs(np.diff(spoken)).max()


def test_slow_speech_has_the_same_sounds_later(tmp_path: Path) -> None:
    spoken = say(tmp_path, "One. Two. Three. Four.").sound.astype(np.float32)
    loud = [_levels(spoken, 1.0), _levels(stretch.paced(spoken, 0.5, hertz=RATE), 2.0)]
    count = min(map(len, loud))
    assert np.corrcoef(loud[0][:count], loud[1][:count])[0, 1] > 0.95


def _levels(samples: Floats, every: float) -> Floats:
    listener = Listener(RATE)
    listener.push(samples)
    level: Floats = np.maximum(listener.heard().level, -60.0)[:: round(every)]
    return level


def test_nothing_changes_where_nothing_is_asked_and_silence_stays_silent() -> None:
    sound = voice(120.0)
    assert np.array_equal(stretch.paced(sound, 1.0, hertz=16_000), sound)
    assert np.array_equal(stretch.pitched(sound, 0.0, hertz=16_000), sound)
    assert not stretch.paced(np.zeros(5000, np.float32), 1.5, hertz=16_000).any()
    assert len(stretch.pitched(np.zeros(0, np.float32), 3.0, hertz=16_000)) == 0
    assert len(stretch.paced(np.ones(7, np.float32), 2.0, hertz=16_000)) == 4


def test_resampling_keeps_what_fits_and_drops_what_does_not() -> None:
    time = np.arange(48_000) / 48_000
    low, high = np.sin(2 * np.pi * 1000 * time), np.sin(2 * np.pi * 12_000 * time)
    made = stretch.resampled((low + high).astype(np.float32), 16_000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert np.abs(made[200:-200] - expected[200:-200]).max() < 0.01
