"""A script as a real film, made by the whole pipeline on its floors, with all that is in it opened."""

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Film, Utterance
from avatar.engine import Engine
from avatar.request import parse
from avatar.stage import Stage
from avatar.store import FolderStore
from stages import pipeline

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Filmed:
    """What became of a script: its words, its sound (samples in -1..1), its film's files."""

    said: Utterance
    voice: Array
    rate: int
    film: Film | None
    folder: Path
    store: FolderStore

    def loudness(self, start: float, end: float) -> float:
        """Root mean square of a stretch of the sound, in dB of full scale."""
        samples = self.voice[round(start * self.rate) : round(end * self.rate)]
        return float(10 * np.log10(np.mean(samples**2) + 1e-20))

    def text(self, name: str) -> str:
        """One of the film's text files."""
        return self.bytes(name).decode()

    def bytes(self, name: str) -> bytes:
        """One of the film's files."""
        assert self.film is not None
        return self.store.session().path(getattr(self.film, name)).read_bytes()

    def frames(self) -> int:
        """How many pictures can be decoded."""
        assert self.film is not None
        with av.open(str(self.store.session().path(self.film.video))) as file:
            return sum(1 for _ in file.decode(video=0))


def filmed(folder: Path, text: str, **wishes: Any) -> Filmed:
    """Make it: 256 x 256, Ada, seed 3."""
    store = FolderStore(folder, budget=10**9)
    session = store.session()
    walk = Engine(store).walk(session)

    def floors(stage: Stage[Any, Any], brief: Any, /) -> Any:
        floor = next(backend for backend in reversed(stage.chain) if backend.needs.floor)
        return walk(Stage(stage.name, stage.gives, (floor,)), brief)

    ask = parse({"text": text, "avatar": "ada", "seed": 3, "width": 256, "height": 256, **wishes})
    outcome = pipeline.render(ask, floors)
    assert outcome.speech
    said = records.load(Utterance, session.path(outcome.speech.utterance).read_bytes())
    with wave.open(str(session.path(outcome.speech.sound))) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float64) / 32768
        rate = sound.getframerate()
    return Filmed(said, samples, rate, outcome.film, folder, store)
