"""A Piper voice as a loaded network: a line of text in, sound and its sounds' times out, where the voice tells them.

Knows neither sentences nor files of sound. Its random numbers are drawn within the network, from a seed that is fixed
when it is set up: so it is set up anew for each text.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.errors import BadOutput, Unavailable
from avatar.media.sound import Samples
from avatar.stage import Placement
from stages.speech.spelled import Told

Vector = NDArray[np.float32]

LONGEST = 400
PAUSE = 0.045
"""Seconds from which the silence of a stop is a pause; shorter ones belong to the sound before it."""
SEEDING = threading.Lock()
SEEDS = 2**31
STRESS = {"ˈ": 2, "ˌ": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What a voice is set up from: its network as bytes, and how it wants its text."""

    network: bytes
    config: Any

    def begun(self, seed: int) -> "Network":
        """The voice at the beginning of a text; the same seed gives the same sounds in the same order."""
        import onnxruntime
        from piper import PiperVoice

        with SEEDING:
            onnxruntime.set_seed(seed % SEEDS)
            session = onnxruntime.InferenceSession(self.network, providers=["CPUExecutionProvider"])
        return Network(PiperVoice(session=session, config=self.config))


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A voice that reads one text, line after line."""

    voice: Any

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.voice.config.sample_rate)

    @property
    def longest(self) -> int:
        """Letters of one line, spaces included."""
        return LONGEST

    def knows(self, _letter: str) -> bool:
        """Whether it can say this letter: what it can't, the synthesiser that it reads leaves out."""
        return True

    def say(self, line: str, speaker: Vector, *, seed: int, step: Callable[[], None]) -> Samples:
        """One line as sound."""
        return self.tell(line, speaker, seed=seed, step=step).samples

    def tell(self, line: str, _speaker: Vector, *, seed: int, step: Callable[[], None]) -> Told:
        """One line, spoken, and when each of its sounds is said; `step` is called for every sentence of it.

        Raises BadOutput when no speech comes of it.
        """
        from piper import SynthesisConfig

        how = SynthesisConfig(normalize_audio=False)
        pieces: list[Samples] = []
        phones: list[Phone] = []
        known, begun = True, 0
        step()
        for chunk in self.voice.synthesize(line, how, include_alignments=True):
            step()
            pieces.append(chunk.audio_float_array.astype(np.float32))
            if chunk.phoneme_alignments is None:
                known = False
            else:
                spans = ((each.phoneme, int(each.num_samples)) for each in chunk.phoneme_alignments)
                phones += told(spans, begun=begun, rate=self.rate)
            begun += len(pieces[-1])
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        if not len(samples) or not np.isfinite(samples).all():
            raise BadOutput("The neural voice found nothing to say. Write it in words, or choose a built-in voice.")
        return Told(samples, (), tuple(phones) if known else ())


def told(spans: Iterable[tuple[str, int]], *, begun: int, rate: int) -> Iterator[Phone]:
    """Phones of signs that each last so many samples, from sample `begun` on: stress, marks and stops are no sounds."""
    name, stress, start, here = "", 0, begun, begun
    waiting = 0
    for sign, samples in spans:
        here += samples
        if sign in STRESS or category(sign)[0] not in "LM":
            if name and (sign in STRESS or samples >= PAUSE * rate):
                yield Phone(name, start / rate, (here - samples) / rate, stress)
                name, start = "", here - samples
            if not name and sign not in STRESS:
                start, waiting = here, 0
            waiting = STRESS.get(sign, waiting)
        elif name and category(sign) in ("Lm", "Mn"):
            name += sign
        else:
            if name:
                yield Phone(name, start / rate, (here - samples) / rate, stress)
                start = here - samples
            name, stress, waiting = sign, waiting, 0
    if name:
        yield Phone(name, start / rate, here / rate, stress)


def load(placement: Placement, name: str) -> Voice:
    """The voice of a placement. Raises Unavailable naming what is missing or damaged."""
    if (home := placement.weights.get(name)) is None or not home.is_dir():
        raise Unavailable(f"The weights {name} are not here. Fetch them.")
    from google.protobuf.message import DecodeError
    from onnxruntime.capi import onnxruntime_pybind11_state as refusals
    from piper.config import PiperConfig

    wrong = (refusals.InvalidProtobuf, refusals.InvalidGraph, refusals.Fail, refusals.RuntimeException, DecodeError)
    try:
        network = _telling(home / "voice.onnx")
        config = PiperConfig.from_dict(json.loads((home / "voice.onnx.json").read_text(encoding="utf-8")))
        found = Voice(network, config)
        found.begun(0)
    except (OSError, ValueError, KeyError, TypeError, *wrong) as error:
        raise Unavailable(f"The weights {name} can't be read. Fetch them again.") from error
    return found


def _telling(path: Path) -> bytes:
    """The network with the lengths of its sounds among what it gives, where the package onnx is there to see to it."""
    try:
        import onnx
        from piper.patch_voice_with_alignment import add_alignment_output
    except ImportError:
        return path.read_bytes()
    model = onnx.load(str(path))
    try:
        add_alignment_output(model)
    except ValueError:  # it gives them already, or has none
        return path.read_bytes()
    return bytes(model.SerializeToString())
