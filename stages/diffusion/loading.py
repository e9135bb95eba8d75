"""Pipelines from local folders, every part looked at before it is trusted. Knows no stage and no prompt.

The concrete class is asked, never the automatic one, which loses parts that were passed. Each network is loaded by
itself, so that its library tells which tensors it did not find, and so that an error can name it.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn

from avatar import memory
from avatar.errors import Unavailable
from avatar.stage import Placement
from stages.diffusion import files, placing
from stages.diffusion.foreign import kind
from stages.diffusion.model import Model, computing
from stages.diffusion.source import Source

RECOMPUTED = ("position_ids",)
"""Buffers that old files carry and new networks make themselves."""
OTHER_HALF = ("decoder.", "lm_head.", "vision_model.", "visual_projection.", "text_projection.", "logit_scale")
"""Tensors of the larger model that an encoder was taken from."""
REFUSALS = (OSError, ValueError, RuntimeError, AttributeError, KeyError, TypeError)
"""What the libraries raise, as each line of theirs sees fit, for files that are not what they should be."""
SAMPLED = 48
"""Tensors of a network that are looked at for numbers that are none, spread over all of it."""
NAMED = 4
"""How many tensors an error names."""
LEAST_KNOWN = 0.5
"""Share of a network's vocabulary that its tokenizer must know; one made up for want of its file knows next to none."""


def load(source: Source, placement: Placement, **given: Any) -> Model:
    """The pipeline in the placement's folder, checked and put on its device. `given` parts are taken as they are.

    Raises `Unavailable` naming the file or the part that is missing, damaged or of another model, and `OutOfMemory`.
    """
    folder = placement.weights.get(source.weights)
    if folder is None:
        raise Unavailable(f"The weights {source.weights} are not there. {files.again(source.weights)}")
    passed = {**dict.fromkeys(source.absent), **given}
    found = files.parts(
        folder,
        weights=source.weights,
        pipelines=(source.pipeline, *source.published),
        variant=source.variant,
        without=passed,
    )
    for row in found:
        if row.role == "network":
            dtype = torch.float32 if row.name in source.float32 else computing(placement)
            fresh = _part(row, weights=source.weights, dtype=dtype)
            with device_errors(placement):
                passed[row.name] = placing.early(row.name, fresh, source, placement)
    settings = {"requires_safety_checker": False} if "safety_checker" in source.absent else {}
    with foreign_errors("The pipeline", source.weights):
        pipe = kind("diffusers", source.pipeline).from_pretrained(folder, local_files_only=True, **passed, **settings)
    return seated(pipe, source, placement)


def part(cls: Any, folder: Path, *, weights: str, dtype: torch.dtype, variant: str | None = None) -> Any:
    """One network of class `cls` from its own folder, checked. Raises as `load` does."""
    found, safe = files.network(folder, weights=weights, variant=variant)
    row = files.Part(folder.name, cls.__module__.partition(".")[0], cls.__name__, "network", folder, found, safe)
    return _part(row, weights=weights, dtype=dtype, cls=cls)


def seated(pipe: Any, source: Source, placement: Placement) -> Model:
    """A pipeline, however it was made, checked and put on its device. Raises `Unavailable`, `OutOfMemory`."""
    for name, module in pipe.components.items():
        if isinstance(module, nn.Module):
            checked(name, module, source.weights)
    for name in source.encoders:
        tokenizer = getattr(pipe, name.replace("text_encoder", "tokenizer"), None)
        encoder = getattr(pipe, name, None)
        if tokenizer is not None and encoder is not None and name.startswith("text_encoder"):
            _check_words(tokenizer, encoder, source.weights)
    pipe.set_progress_bar_config(disable=True)
    with device_errors(placement):
        model = Model(pipe, source, placement)
        placing.place(model)
    return model


def checked(name: str, module: nn.Module, weights: str) -> None:
    """Raises `Unavailable` for a network with tensors that were never filled or hold what are no numbers."""
    tensors = dict(module.state_dict())
    empty = [key for key, tensor in tensors.items() if tensor.is_meta]
    if empty:
        raise Unavailable(f"{name} of {weights} lacks {_named(empty)}. {files.again(weights)}")
    floating = [(key, tensor) for key, tensor in tensors.items() if tensor.is_floating_point()]
    for key, tensor in floating[:: max(1, len(floating) // SAMPLED)]:
        wide = tensor.float() if tensor.element_size() == 1 else tensor
        if not bool(torch.isfinite(wide).all()):
            raise Unavailable(f"{key} in {name} of {weights} holds what are no numbers. {files.again(weights)}")


def _part(row: files.Part, *, weights: str, dtype: torch.dtype, cls: Any = None) -> Any:
    cls = cls or kind(row.library, row.kind)
    if cls is None:
        raise Unavailable(f"{row.name} of {weights} is a {row.kind}, which is not known here. {files.again(weights)}")
    with foreign_errors(row.name, weights):
        module, told = cls.from_pretrained(
            row.folder,
            dtype=dtype,
            variant=row.variant,
            use_safetensors=row.safe,
            local_files_only=True,
            output_loading_info=True,
        )
    missing = [key for key in told["missing_keys"] if not key.endswith(RECOMPUTED)]
    strange = [
        key for key in told["unexpected_keys"] if not key.endswith(RECOMPUTED) and not key.startswith(OTHER_HALF)
    ]
    mismatched = [str(key[0] if isinstance(key, tuple) else key) for key in told["mismatched_keys"]]
    for keys, what in (
        (missing, "lacks"),
        (mismatched, "has other shapes in"),
        (strange, "does not know"),
    ):
        if keys:
            raise Unavailable(f"{row.name} of {weights} {what} {_named(sorted(keys))}. {files.again(weights)}")
    return module.eval().requires_grad_(requires_grad=False)


def _check_words(tokenizer: Any, encoder: Any, weights: str) -> None:
    known, wanted = len(tokenizer), int(encoder.config.get_text_config().vocab_size)
    if not LEAST_KNOWN * wanted <= known <= wanted:
        told = f"The tokenizer of {weights} knows {known} tokens instead of {wanted}."
        raise Unavailable(f"{told} {files.again(weights)}")


def _named(keys: list[str]) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"{', '.join(keys[:NAMED])}{more}"


@contextmanager
def device_errors(placement: Placement) -> Iterator[None]:
    """What goes wrong on the way to a device, told as `OutOfMemory`, else as `Unavailable`."""
    try:
        with memory.memory_errors():
            yield
    except (RuntimeError, AssertionError) as wrong:  # the latter where torch was built without the device
        raise Unavailable(f"The device {placement.device} can't be used here. Choose another one.") from wrong


@contextmanager
def foreign_errors(name: str, weights: str) -> Iterator[None]:
    """The many ways in which libraries refuse a folder, told as `Unavailable`; a lack of memory stays what it is."""
    try:
        with memory.memory_errors():
            yield
    except (*REFUSALS, SafetensorError, StrictDataclassError) as wrong:
        told = f"{name} of {weights} can't be loaded ({type(wrong).__name__})."
        raise Unavailable(f"{told} {files.again(weights)}") from wrong
    except (pickle.UnpicklingError, EOFError) as wrong:
        raise Unavailable(f"{name} of {weights} is damaged. {files.again(weights)}") from wrong


__all__ = ["Source", "checked", "load", "part", "seated"]
