"""Pocket TTS and its codec as loaded networks: a line of text and a voice in, sound out.

Knows neither sentences nor files of sound. Sound is float32 at the codec's sample rate, 24 kHz as published. A voice is
what the codec makes of somebody speaking: (frames, numbers).
"""

import math
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
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
from stages.speech.talker import mixed

foreign.ready()

from transformers import (  # noqa: E402 - after the line above
    AutoTokenizer,
    PocketTTSAudioTokenizerModel,
    PocketTTSFeatureExtractor,
    PocketTTSForConditionalGeneration,
    PocketTTSProcessor,
)
from transformers.utils import logging  # noqa: E402

logging.disable_progress_bar()  # type: ignore[no-untyped-call]

Vector = NDArray[np.float32]

MODEL, CODEC = "pocket-tts", "pocket-tts-audio-tokenizer"
LONGEST = 180
"""Letters of one line: it was made for 50 tokens at once, of about four letters each."""
TRIES = 3
"""How often a line is begun anew, with other random numbers, when it did not come to an end."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Processor and model. One line is spoken at a time."""

    processor: Any
    model: Any
    device: str
    knows: Callable[[str], bool]
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.processor.feature_extractor.sampling_rate)

    @property
    def longest(self) -> int:
        """Letters of one line, spaces included."""
        return LONGEST

    def voice(self, speech: Samples) -> Vector:
        """What the codec makes of somebody speaking, at `rate`; the same speech gives the same numbers.

        Raises BadOutput when nothing comes of it, OutOfMemory.
        """
        asked = self._prompt("a", voiced=True)
        with self.lock, torch.inference_mode(), _memory():
            told = self.processor(text=asked, audio=[speech], sampling_rate=self.rate, return_tensors="pt")
        found: Vector = told["audio_prompt_latents"][0].float().cpu().numpy()
        if not len(found) or not np.isfinite(found).all():
            raise BadOutput("The voice sample gave no voice. Send another one.")
        return found

    def say(self, line: str, speaker: Vector, *, seed: int, step: Callable[[], None]) -> Samples:
        """One line, spoken. `step` is called for every 80 ms of it; what it raises ends the work.

        The same line, voice and seed give the same sound. Raises BadOutput when it does not come to an end in `TRIES`
        attempts, OutOfMemory.
        """
        with torch.inference_mode():
            voices = [torch.from_numpy(speaker)]
            asked = self._prompt(line, voiced=True)
            given = self.processor(text=asked, audio_prompt_latents=voices, return_tensors="pt").to(self.device)
        most = self._longest_sound(given["input_ids"])
        for attempt in range(TRIES):
            with (
                self.lock,
                torch.inference_mode(),
                _memory(),
                Chance(mixed(seed, attempt), device=self.device),
                self._told(step),
            ):
                made = self.model.generate(**given, max_new_tokens=most, return_dict_in_generate=True)
                frames = int(made.audio_latents_mask.sum())
                samples = self._heard(made.audio_latents[0, :frames])
            if frames < most and len(samples) and np.isfinite(samples).all():
                return samples
        raise BadOutput("The neural voice lost its way in the text. Try another seed, or a built-in voice.")

    def _heard(self, latents: torch.Tensor) -> Samples:
        samples: Samples = self.processor.decode(latents).float().cpu().numpy()
        return samples

    def _prompt(self, line: str, *, voiced: bool) -> str:
        """The line as the network wants to be asked, with a place for the voice."""
        content: list[dict[str, str]] = [{"type": "audio"}] if voiced else []
        content.append({"type": "text", "text": line})
        return str(self.processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False))

    def _longest_sound(self, ids: torch.Tensor) -> int:
        """Frames after which a line that does not end is lost: as many as the library itself allows a text."""
        config = self.model.config
        others = (config.audio_prompt_bos_token_id, config.audio_prompt_token_id, config.audio_bos_token_id)
        count = sum(int(number) not in others for number in ids[0])
        return math.ceil((count / 3 + 2) * config.frame_rate)

    @contextmanager
    def _told(self, step: Callable[[], None]) -> Iterator[None]:
        """Call `step` before every step of the network."""
        handle = self.model.model.layers[0].register_forward_pre_hook(lambda *_: step())
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


def load(placement: Placement) -> Network:
    """The networks of a placement. Raises Unavailable naming what is missing, damaged or does not fit."""
    home, codec = (_folder(placement, name) for name in (MODEL, CODEC))
    device = placement.device
    model = _read(PocketTTSForConditionalGeneration, home).to(device)
    heard = _read(PocketTTSAudioTokenizerModel, codec).to(device)
    if heard.config.latent_dim != model.config.latent_dim:
        raise Unavailable("The codec is not that of Pocket TTS. Fetch pocket-tts-audio-tokenizer again.")
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(home, local_files_only=True)
        extractor: Any = PocketTTSFeatureExtractor(
            sampling_rate=heard.config.sampling_rate,
            frame_size=heard.config.frame_size,
            pad_to_multiple_of=heard.config.frame_size,
        )
        template = (home / "chat_template.jinja").read_text(encoding="utf-8")
        kind: Any = PocketTTSProcessor
        processor = kind(extractor, tokenizer, heard, chat_template=template)
    except (OSError, ValueError, RuntimeError, TypeError, AttributeError, KeyError) as error:
        raise Unavailable("Pocket TTS's tokenizer can't be read. Fetch pocket-tts again.") from error
    if len(tokenizer) > model.config.vocab_size:
        raise Unavailable("Pocket TTS's tokenizer is not that of its model. Fetch pocket-tts again.")
    unknown = tokenizer.unk_token_id

    @cache
    def knows(letter: str) -> bool:
        found = tokenizer.encode(letter, add_special_tokens=False)
        return bool(found) and unknown not in found

    return Network(processor, model, device, knows)


def _folder(placement: Placement, name: str) -> Path:
    if (found := placement.weights.get(name)) is None or not found.is_dir():
        raise Unavailable(f"The weights {name} are not here. Fetch them.")
    return found


def _read(kind: Any, home: Path) -> Any:
    """A network whose every parameter comes from its file: what a file lacks, the library would make up."""
    try:
        model, told = kind.from_pretrained(home, local_files_only=True, dtype=torch.float32, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError, pickle.UnpicklingError) as error:
        raise Unavailable(f"The weights of {kind.__name__} can't be read. Fetch them again.") from error
    lacking = [*sorted(told["missing_keys"]), *sorted(str(key) for key in told["mismatched_keys"])]
    lacking = [key for key in lacking if not key.startswith(("loss_weighting.", "latent_stats_num"))]
    if lacking:
        raise Unavailable(f"The weights of {kind.__name__} are not whole: {lacking[0]} is missing. Fetch them again.")
    if not all(bool(torch.isfinite(part).all()) for part in model.parameters()):
        raise Unavailable(f"The weights of {kind.__name__} hold numbers that are none. Fetch them again.")
    return model.eval().requires_grad_(requires_grad=False)
