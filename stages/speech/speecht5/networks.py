"""SpeechT5 and its vocoder as loaded networks: a line of plain letters and a speaker in, sound out.

Knows neither sentences nor files of sound. Sound is float32 at the vocoder's sample rate, 16 kHz as published.
"""

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.errors import BadOutput, OutOfMemory, Unavailable
from avatar.media.sound import Samples
from avatar.stage import Placement
from stages import foreign
from stages.speech.talker import mixed

foreign.ready()

from transformers import (  # noqa: E402 - after the line above
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5Tokenizer,
)
from transformers.utils import logging  # noqa: E402

logging.disable_progress_bar()  # type: ignore[no-untyped-call]

Vector = NDArray[np.float32]

SHORTEST, LONGEST = 2.0, 11.0
"""Frames of 16 ms that a letter takes at least and at most; people take 3 to 6. The longest is never spoken:
a network that comes so far has lost its place in the text."""
MOST_AT_LEAST = 160.0
"""Frames that even a line of a few letters may take."""
TRIES = 3
"""How often a line is begun anew, with other random numbers, when it was lost."""
KNOWN = 20
"""Letters a tokenizer must know at least; one without its file knows none."""


class Dropout:
    """What keeps the network from speaking monotonously: it forgets half of what it just said, as in its training.

    Takes the place of the library's own, which draws from random numbers that the whole process shares.
    """

    def __init__(self, device: str) -> None:
        self.numbers = torch.Generator(device)

    def __call__(self, inputs: torch.Tensor, p: float) -> torch.Tensor:
        """Keep a share of `1 - p` of the inputs (batch, steps, width), the same for the whole batch."""
        kept = torch.empty_like(inputs[0]).bernoulli_(1.0 - p, generator=self.numbers)
        return inputs * kept / (1.0 - p)


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """Tokenizer, text to spectrum, spectrum to sound. One line is spoken at a time."""

    tokenizer: Any
    model: Any
    vocoder: Any
    device: str
    dropout: Dropout
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.vocoder.config.sampling_rate)

    @property
    def width(self) -> int:
        """Numbers that describe a speaker."""
        return int(self.model.config.speaker_embedding_dim)

    def tokens(self, line: str) -> list[int]:
        """What the network reads, one number a letter and one for the end."""
        return list(self.tokenizer(text=line).input_ids)

    def knows(self, letter: str) -> bool:
        """Whether the tokenizer has this letter."""
        return self.tokenizer.convert_tokens_to_ids(letter) not in (self.tokenizer.unk_token_id, None)

    @property
    def longest(self) -> int:
        """Letters of one line, spaces included."""
        return int(self.model.config.max_text_positions) - 20

    def say(self, line: str, speaker: Vector, *, seed: int, step: Callable[[], None]) -> Samples:
        """One line, spoken. `step` is called for every two frames of the spectrum; what it raises ends the work.

        The same line, speaker and seed give the same sound. Raises BadOutput when the network does not find its way
        through the line in `TRIES` attempts, OutOfMemory.
        """
        ids = torch.tensor([self.tokens(line)], device=self.device)
        vector = torch.from_numpy(speaker)[None].to(self.device)
        ratio = self._longest_ratio(ids.shape[1])
        for attempt in range(TRIES):
            with self.lock, torch.inference_mode(), _memory():
                self.dropout.numbers.manual_seed(mixed(seed, attempt))
                with self._told(step):
                    spectrum = self.model.generate_speech(ids, vector, minlenratio=SHORTEST, maxlenratio=ratio)
                if len(spectrum) < self._frames(ids.shape[1], ratio) and bool(torch.isfinite(spectrum).all()):
                    samples: Samples = self.vocoder(spectrum).reshape(-1).float().cpu().numpy()
                    if len(samples) and bool(np.isfinite(samples).all()):
                        return samples
        raise BadOutput("The neural voice lost its way in the text. Try another seed, or a built-in voice.")

    def _longest_ratio(self, tokens: int) -> float:
        most = self.model.config.max_speech_positions * self.model.config.reduction_factor / tokens
        return float(min(max(LONGEST, MOST_AT_LEAST / tokens), most))

    def _frames(self, tokens: int, ratio: float) -> int:
        """Frames after which the network is stopped."""
        factor = int(self.model.config.reduction_factor)
        return int(tokens * ratio / factor) * factor

    @contextmanager
    def _told(self, step: Callable[[], None]) -> Iterator[None]:
        """Call `step` before every step of the network."""
        handle = self.model.speecht5.decoder.prenet.register_forward_pre_hook(lambda *_: step())
        try:
            yield
        finally:
            handle.remove()


@contextmanager
def _memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemory("The neural voice did not fit into the device's memory. Speak on the CPU instead.") from error


def load(placement: Placement) -> Networks:
    """The networks of a placement. Raises Unavailable naming what is missing, damaged or does not fit."""
    device = placement.device
    read = partial(_read, dtype=torch.float32)
    home = folder(placement, "speecht5-tts")
    model = read(SpeechT5ForTextToSpeech, home).to(device)
    vocoder = read(SpeechT5HifiGan, folder(placement, "speecht5-hifigan")).to(device)
    tokenizer = _tokenizer(home)
    if len(tokenizer) > model.config.vocab_size:
        raise Unavailable("SpeechT5's tokenizer is not that of its model. Fetch speecht5-tts again.")
    if vocoder.config.model_in_dim != model.config.num_mel_bins:
        raise Unavailable("The vocoder is not one of SpeechT5's. Fetch speecht5-hifigan again.")
    dropout = Dropout(device)
    model.speecht5.decoder.prenet._consistent_dropout = dropout  # noqa: SLF001 - nothing public draws these numbers
    return Networks(tokenizer, model, vocoder, device, dropout)


def folder(placement: Placement, name: str) -> Path:
    """Where weights of this name are. Raises Unavailable when they are not here."""
    if (found := placement.weights.get(name)) is None or not found.is_dir():
        raise Unavailable(f"The weights {name} are not here. Fetch them.")
    return found


def _read(kind: Any, home: Path, *, dtype: torch.dtype) -> Any:
    """A network whose every parameter comes from its file: what a file lacks, the library would make up."""
    try:
        model, told = kind.from_pretrained(home, local_files_only=True, dtype=dtype, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise Unavailable(f"The weights of {kind.__name__} can't be read. Fetch them again.") from error
    lacking = sorted(told["missing_keys"]) + sorted(str(key) for key in told["mismatched_keys"])
    if lacking:
        raise Unavailable(f"The weights of {kind.__name__} are not whole: {lacking[0]} is missing. Fetch them again.")
    if not all(bool(torch.isfinite(part).all()) for part in model.parameters()):
        raise Unavailable(f"The weights of {kind.__name__} hold numbers that are none. Fetch them again.")
    return model.eval()


def _tokenizer(home: Path) -> Any:
    try:
        tokenizer = SpeechT5Tokenizer.from_pretrained(home, local_files_only=True)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise Unavailable("SpeechT5's tokenizer can't be read. Fetch speecht5-tts again.") from error
    letters = tokenizer.convert_tokens_to_ids(list("abcdefghijklmnopqrstuvwxyz"))
    if sum(letter != tokenizer.unk_token_id for letter in letters) < KNOWN:
        raise Unavailable("SpeechT5's tokenizer is not whole. Fetch speecht5-tts again.")
    return tokenizer
