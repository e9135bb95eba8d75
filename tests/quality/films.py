"""Small talking films with known faults: a plain face, tones for sounds, and a mouth that may be late or wrong."""

import wave
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance
from avatar.face import coarticulation
from avatar.face.lips_ipa import sounds
from avatar.face.noise import Grid
from avatar.face.tracks import COLUMN, Track
from avatar.media.encode import Encoder, Format
from avatar.media.publish import publish
from avatar.quality import Rig
from avatar.quality.hearing import HOP, Hearing
from avatar.quality.sync import LEVELS
from stages.film.canvas import Planes
from stages.lips.phonemes import laid_over
from stages.motion.idle import living
from tests.film.figures import SIZE, puppet
from tests.lips.spoken import recorded

FPS = 25
RATE = 24_000
PITCH = 120.0


@dataclass(frozen=True)
class Made:
    """A film's file and its rig."""

    path: Path
    rig: Rig


def spoken(seconds: float) -> Utterance:
    """The first sentences of a recording, ended by a pause."""
    whole = recorded("en-us")
    phones = [phone for phone in whole.phones if phone.end <= seconds - 0.5]
    phones.append(Phone("", phones[-1].end, seconds))
    return replace(whole, seconds=seconds, phones=tuple(phones))


def moved(said: Utterance, late: float, drift: float = 0.0) -> Utterance:
    """The same said later by `late` seconds, and by `drift` more each second."""

    def when(at: float) -> float:
        return at * (1.0 + drift) + late

    shifted = [Phone(p.ipa, when(p.start), when(p.end), p.stress) for p in said.phones]
    return replace(said, phones=tuple(shifted))


def level(said: Utterance, times: NDArray[np.floating]) -> NDArray[np.float64]:
    """Amplitude of the sound at `times`: each phone as loud as its kind."""
    amplitude = np.zeros(len(times))
    for phone in said.phones:
        for part in sounds(phone.ipa)[:1]:
            amplitude[(times >= phone.start) & (times < phone.end)] = 0.25 * LEVELS[part.manner] ** 2
    return amplitude


def hearing(said: Utterance) -> Hearing:
    """What would be heard of it, without a file."""
    times = (np.arange(round(said.seconds / HOP)) + 0.5) * HOP
    return Hearing(0.0, said.seconds, 0.5 * level(said, times) ** 2, -16.0, -3.0)


def sound(path: Path, said: Utterance) -> Path:
    """A WAV in which each phone hums as loud as its kind."""
    times = np.arange(round(said.seconds * RATE), dtype=np.float64) / RATE
    smooth = np.convolve(level(said, times), np.hanning(RATE // 200) / np.hanning(RATE // 200).sum(), mode="same")
    hum = sum(np.sin(2 * np.pi * PITCH * k * times) / k for k in range(1, 9))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((12_000 * smooth * hum).astype("<i2").tobytes())
    return path


def track(said: Utterance, *, late: float = 0.0, drift: float = 0.0, fps: int = FPS) -> Track:
    """A living face that says it, its mouth late."""
    frames = round(said.seconds * fps)
    mouth = coarticulation.mouth(moved(said, late, drift), fps=fps, frames=frames, seed=1)
    return laid_over(living(Grid(frames, fps), seed=1, head=1.0, blink=1.0, look=1.0), mouth)


def film(folder: Path, rows: Track, said: Utterance, *, rig_rows: Track | None = None, noise: float = 0.0) -> Made:
    """The film of a track; its rig tells `rig_rows`, the truth by default. `noise` is laid over every frame's luma."""
    figure, chance = puppet(), np.random.default_rng(5)
    growing, final = folder / "growing.mp4", folder / "film.mp4"
    with Encoder(growing, Format(SIZE, SIZE, FPS, 20.0), sound(folder / "sound.wav", said)) as encoder:
        for row in rows:
            encoder.add(_noisy(figure.draw(row), noise, chance))
    publish(growing, final)
    told = rows if rig_rows is None else rig_rows
    return Made(final, Rig(figure.landmarks(told), told, said))


def _noisy(frame: Planes, noise: float, chance: np.random.Generator) -> Planes:
    if noise:
        frame.luma[:] = np.clip(frame.luma + chance.normal(0.0, noise, frame.luma.shape), 16, 235).astype(np.uint8)
    return frame


def without(rows: Track, *names: str) -> Track:
    """The same track with these columns at rest."""
    changed = rows.copy()
    changed[:, [COLUMN[name] for name in names]] = 0.0
    return changed
