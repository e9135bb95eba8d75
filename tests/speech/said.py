"""What the tests of speech share: a text spoken on a workbench, and measures of its sound."""

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Phone, Speech, Utterance
from avatar.testing import workbench
from stages.speech import Brief
from stages.speech.espeak import Espeak

RATE = 22050


@dataclass(frozen=True, slots=True)
class Said:
    """A speech with its bytes opened. `sound` is samples in -1..1."""

    speech: Speech
    utterance: Utterance
    wav: bytes
    sound: NDArray[np.float64]

    def cut(self, start: float, end: float) -> NDArray[np.float64]:
        """The samples of a stretch of time."""
        return self.sound[round(start * RATE) : round(end * RATE)]

    def level(self, phone: Phone) -> float:
        """Root mean square of a phone in dB of full scale."""
        return decibels(self.cut(phone.start, phone.end))


def decibels(samples: NDArray[np.float64]) -> float:
    """Root mean square in dB of full scale; -200 for digital silence."""
    return float(10 * np.log10(np.mean(samples**2) + 1e-20)) if len(samples) else -200.0


def say(folder: Path, text: str, voice: str = "", *, rate: float = 1.0, pitch: float = 0.0, seed: int = 1) -> Said:
    """Speak on a fresh workbench in `folder`."""
    bench = workbench(folder)
    speech = bench.perform(Espeak(), Brief(text, voice, rate, pitch, seed))
    wav = bench.read(speech.sound)
    with wave.open(io.BytesIO(wav)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
    return Said(speech, records.load(Utterance, bench.read(speech.utterance)), wav, samples)
