"""VITS as a loaded network: a line of letters in, sound and the letters' times out.

Knows neither sentences nor files of sound. Sound is float32 at the network's sample rate, 16 kHz as published. Any VITS
of one voice in the layout of the hub that reads letters will do; published are `facebook/mms-tts-deu` and its kin.
"""

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from avatar.errors import BadOutput, OutOfMemory, Unavailable
from avatar.media.sound import Samples
from avatar.stage import Placement
from stages import foreign
from stages.speech.chance import Chance
from stages.speech.spelled import Told
from stages.speech.talker import mixed

foreign.ready()

from transformers import VitsModel, VitsTokenizer  # noqa: E402 - after the line above
from transformers.utils import logging  # noqa: E402

logging.disable_progress_bar()  # type: ignore[no-untyped-call]

Vector = NDArray[np.float32]

LONGEST = 400
"""Letters of one line, spaces included; it learned from sentences, and its memory grows with their length."""
LONGEST_LETTER = 1.5
"""Seconds that a letter may take on average; a network that drawls so has lost its way."""
TRIES = 3
KNOWN = 15
"""Letters a tokenizer must know at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Tokenizer and model. One line is spoken at a time."""

    tokenizer: Any
    model: Any
    device: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.model.config.sampling_rate)

    @property
    def longest(self) -> int:
        """Letters of one line, spaces included."""
        return LONGEST

    @property
    def hop(self) -> int:
        """Samples of a frame."""
        return int(np.prod(self.model.config.upsample_rates))

    def knows(self, letter: str) -> bool:
        """Whether the tokenizer has this letter."""
        return letter in self.tokenizer.encoder

    def say(self, line: str, speaker: Vector, *, seed: int, step: Callable[[], None]) -> Samples:
        """One line as sound."""
        return self.tell(line, speaker, seed=seed, step=step).samples

    def tell(self, line: str, _speaker: Vector, *, seed: int, step: Callable[[], None]) -> Told:
        """One line, spoken, and when each of its letters is said; what `step` raises ends the work.

        The same line and seed give the same sound. Raises BadOutput when no speech comes of it, OutOfMemory.
        """
        ids = list(self.tokenizer(text=line).input_ids)
        blanks = bool(self.tokenizer.add_blank)
        if len(ids) != (2 * len(line) + 1 if blanks else len(line)):
            raise BadOutput("The voice's tokenizer reads other letters than it says. Fetch its weights again.")
        for attempt in range(TRIES):
            found, samples = self._spoken(ids, mixed(seed, attempt), step)
            seconds = len(samples) / self.rate
            if len(samples) and np.isfinite(samples).all() and seconds <= LONGEST_LETTER * max(len(line), 4):
                return Told(samples, _letters(found * self.hop / self.rate, blanks=blanks))
        raise BadOutput("The neural voice lost its way in the text. Try another seed, or a built-in voice.")

    def _spoken(self, ids: list[int], seed: int, step: Callable[[], None]) -> tuple[NDArray[np.float64], Samples]:
        """How many frames each token takes, and the sound."""
        step()
        with self.lock, torch.inference_mode(), _memory(), Chance(seed, device=self.device), self._told(step) as heard:
            made = self.model(torch.tensor([ids], device=self.device))
            frames = torch.ceil(torch.exp(heard[-1]) / self.model.speaking_rate).reshape(-1)
            samples: Samples = made.waveform.reshape(-1).float().cpu().numpy()
        return frames.double().cpu().numpy(), samples

    @contextmanager
    def _told(self, step: Callable[[], None]) -> Iterator[list[torch.Tensor]]:
        """Call `step` before every layer that takes long; the list gets what the network says of durations."""
        heard: list[torch.Tensor] = []
        model = self.model
        slow = (
            *model.text_encoder.encoder.layers,
            *model.flow.flows,
            *model.decoder.upsampler,
            *model.decoder.resblocks,
        )
        handles = [part.register_forward_pre_hook(lambda *_: step()) for part in slow]
        handles.append(model.duration_predictor.register_forward_hook(lambda *told: heard.append(told[-1])))
        try:
            yield heard
        finally:
            for handle in handles:
                handle.remove()


def _letters(seconds: NDArray[np.float64], *, blanks: bool) -> tuple[tuple[float, float], ...]:
    """When each letter is said, by how long each token takes; what is between two letters they share."""
    edges = np.concatenate([[0.0], np.cumsum(seconds)])
    if blanks:
        middles = 0.5 * (edges[:-1] + edges[1:])[::2]
        edges = np.concatenate([edges[:1], middles[1:-1], edges[-1:]])
    return tuple((float(start), float(end)) for start, end in pairwise(edges))


@contextmanager
def _memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemory("The neural voice did not fit into the device's memory. Speak on the CPU instead.") from error


def load(placement: Placement, name: str) -> Network:
    """The network of a placement. Raises Unavailable naming what is missing, damaged or does not fit."""
    if (home := placement.weights.get(name)) is None or not home.is_dir():
        raise Unavailable(f"The weights {name} are not here. Fetch them.")
    try:
        kind: Any = VitsModel
        model, told = kind.from_pretrained(home, local_files_only=True, dtype=torch.float32, output_loading_info=True)
        tokenizer = _tokenizer(home)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError, pickle.UnpicklingError) as error:
        raise Unavailable(f"The weights {name} can't be read. Fetch them again.") from error
    lacking = [*sorted(told["missing_keys"]), *sorted(str(key) for key in told["mismatched_keys"])]
    lacking = [key for key in lacking if not key.startswith("posterior_encoder.")]  # for training only
    if lacking:
        raise Unavailable(f"The weights {name} are not whole: {lacking[0]} is missing. Fetch them again.")
    if max(tokenizer.encoder.values()) >= model.config.vocab_size:
        raise Unavailable(f"The tokenizer of {name} is not that of its model. Fetch them again.")
    if not all(bool(torch.isfinite(part).all()) for part in model.parameters()):
        raise Unavailable(f"The weights {name} hold numbers that are none. Fetch them again.")
    return Network(tokenizer, model.eval().requires_grad_(requires_grad=False).to(placement.device), placement.device)


def _tokenizer(home: Path) -> Any:
    """One that reads letters as they are. Raises ValueError for another."""
    tokenizer: Any = VitsTokenizer.from_pretrained(home, local_files_only=True)
    if tokenizer.is_uroman or tokenizer.phonemize or sum(len(sign) == 1 for sign in tokenizer.encoder) < KNOWN:
        raise ValueError("it wants its text in another form")
    return tokenizer
