"""The network: samples in, guesses of letters out. Knows neither files of sound nor words.

Any wav2vec 2.0 with a CTC head in the layout of the hub will do; published is `facebook/wav2vec2-base-960h`.
"""

import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from avatar.errors import BadOutput, Unavailable
from stages import foreign

foreign.ready()

from transformers import Wav2Vec2ForCTC  # noqa: E402 - after the line above
from transformers.utils import logging  # noqa: E402

logging.disable_progress_bar()  # type: ignore[no-untyped-call]

Floats = NDArray[np.float32]

RATE = 16_000
"""Samples a second that all these networks were trained on."""
RECOMPUTED = ("masked_spec_embed",)
"""Tensors that released files lack: they matter for training only."""
FETCH = "Fetch wav2vec2-base-960h again."


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded network. Frame k sees the samples from k * `hop` on, `field` of them.

    `letters` are columns of its guesses by sign; the first two columns are the blank and the gap between words.
    `normal` says whether it wants a sound of mean 0 and variance 1.
    """

    model: Any
    device: str
    columns: tuple[int, ...]
    letters: dict[str, int]
    hop: int
    field: int
    normal: bool

    def frames(self, samples: int) -> int:
        """How many frames so many samples give."""
        return max(0, (samples - self.field) // self.hop + 1)

    def guesses(self, samples: Floats) -> Floats:
        """Natural log of each column's probability, (frames, columns), for at least `field` samples (n,).

        Raises BadOutput for what are no numbers.
        """
        with torch.inference_mode():
            heard = torch.from_numpy(samples)[None].to(self.device)
            chances = torch.log_softmax(self.model(heard).logits[0].float(), dim=-1)
            found: Floats = chances[:, list(self.columns)].cpu().numpy()
        if np.isnan(found).any():
            raise BadOutput(f"wav2vec's guesses are not numbers. {FETCH}")
        return found


def load(folder: Path, *, device: str = "cpu") -> Network:
    """The network of a folder. Raises Unavailable naming what is missing or does not fit."""
    hearing, vocabulary = _read(folder, "preprocessor_config.json"), _read(folder, "vocab.json")
    _read(folder, "config.json")
    if hearing.get("sampling_rate", RATE) != RATE:
        raise Unavailable(f"{folder.name} wants {hearing['sampling_rate']} samples a second, not {RATE}. {FETCH}")
    kind: Any = Wav2Vec2ForCTC  # whose types do not know of the second result
    try:
        model, told = kind.from_pretrained(folder, dtype=torch.float32, local_files_only=True, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, SafetensorError, pickle.UnpicklingError) as wrong:
        raise Unavailable(f"{folder.name} can't be loaded ({type(wrong).__name__}). {FETCH}") from wrong
    missing = sorted(name for name in told["missing_keys"] if not name.endswith(RECOMPUTED))
    if missing or told["mismatched_keys"]:
        named = ", ".join(missing[:8]) or str(next(iter(told["mismatched_keys"])))
        raise Unavailable(f"{folder.name} has no fitting {named}. {FETCH}")
    blank, gap, letters = _alphabet(folder, vocabulary, model.config)
    signs = sorted(letters, key=lambda sign: letters[sign])
    return Network(
        model.eval().requires_grad_(requires_grad=False).to(device),
        device,
        (blank, gap, *(letters[sign] for sign in signs)),
        {sign: column for column, sign in enumerate(signs, start=2)},
        int(model.config.inputs_to_logits_ratio),
        _field(model.config),
        bool(hearing.get("do_normalize", True)),
    )


def _alphabet(folder: Path, vocabulary: dict[str, Any], config: Any) -> tuple[int, int, dict[str, int]]:
    """The blank, the gap between words, and each letter, by their numbers in the vocabulary."""
    tokens = folder / "tokenizer_config.json"
    parting = _read(folder, tokens.name).get("word_delimiter_token", "|") if tokens.is_file() else "|"
    letters = {sign: number for sign, number in vocabulary.items() if len(sign) == 1 and sign != parting}
    if parting not in vocabulary or not letters or max(vocabulary.values()) >= config.vocab_size:
        raise Unavailable(f"The vocabulary of {folder.name} does not fit its network. {FETCH}")
    return int(config.pad_token_id), int(vocabulary[parting]), letters


def _field(config: Any) -> int:
    """Samples that one frame sees, by the widths and steps of its convolutions."""
    width, step = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        width += (kernel - 1) * step
        step *= stride
    return width


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unavailable(f"{name} is missing in {folder.name}. {FETCH}") from None
    except (OSError, ValueError) as wrong:
        raise Unavailable(f"{name} of {folder.name} can't be read. {FETCH}") from wrong
    if not isinstance(found, dict):
        raise Unavailable(f"{name} of {folder.name} is not what it should be. {FETCH}")
    return found
