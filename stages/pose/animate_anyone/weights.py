"""Checkpoints: read by the released key names, every tensor accounted for, converted once. Knows no architecture.

A model is made without memory (on the meta device) and given its tensors, so nothing is held twice.
"""

import pickle
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar
from zipfile import is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from avatar.errors import Unavailable
from stages.pose.animate_anyone import stream

M = TypeVar("M", bound=nn.Module)

RECOMPUTED = (".pos_encoder.pe", "position_ids")
"""Buffers that old files may lack or carry: the model makes them itself."""

RELEASED = {
    "denoising_unet": ("denoising_unet", "motion_module"),
    "reference_unet": ("reference_unet",),
    "pose_guider": ("pose_guider",),
}
"""The files that each network's tensors come from, without their endings."""

NAMED = 8
"""How many wrong tensors an error names before it counts the rest."""


def found(folder: Path, name: str) -> Path:
    """A checkpoint by its name, converted or as released. Raises `Unavailable`."""
    for ending in (".safetensors", ".pth"):
        path = folder / f"{name}{ending}"
        if path.is_file():
            return path
    raise Unavailable(f"{name}.safetensors (or .pth) is missing in {folder}. Fetch the AnimateAnyone weights.")


def read(path: Path) -> dict[str, Tensor]:
    """All tensors of a .safetensors or .pth file, on the CPU, mapped rather than loaded. Raises `Unavailable`."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as opened:
                return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dictionary
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zipfile(path))
    except (SafetensorError, OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as wrong:
        raise Unavailable(f"{path.name} can't be read ({wrong}). Fetch it again.") from wrong
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise Unavailable(f"{path.name} holds something else than a dictionary of tensors. Fetch it again.")
    return state


def merged(paths: Iterable[Path]) -> dict[str, Tensor]:
    """The tensors of several files. Raises `Unavailable` when two files hold the same one."""
    state: dict[str, Tensor] = {}
    for path in paths:
        more = read(path)
        twice = sorted(state.keys() & more.keys())
        if twice:
            raise Unavailable(f"{path.name} holds again {_named(twice)}. Fetch the files again.")
        state |= more
    return state


def empty(make: Callable[[], M]) -> M:
    """A model with shapes but no memory, but for what it computes itself on the CPU."""
    with torch.device("meta"):
        return make()


def faults(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    """What is wrong with the tensors of `state` where those of `wanted` belong, one phrase each, by name."""
    result = [f"{name} is missing" for name in wanted if name not in state and not name.endswith(RECOMPUTED)]
    result += [f"{name} is not known" for name in state if name not in wanted and not name.endswith(RECOMPUTED)]
    for name, tensor in state.items():
        shape = wanted[name].shape if name in wanted else tensor.shape
        if tensor.shape != shape:
            result.append(f"{name} is {_shape(tensor.shape)} instead of {_shape(shape)}")
        elif tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            result.append(f"{name} holds NaN or infinite numbers")
    return result


def checked(model: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Raises `Unavailable` naming every tensor that is missing, not known, of a wrong shape or not finite."""
    wrong = faults(model.state_dict(), state)
    if wrong:
        raise Unavailable(f"{source} does not fit the model: {_named(wrong)}. Fetch it again.")


def fill(model: M, state: Mapping[str, Tensor], *, source: str, dtype: torch.dtype) -> M:
    """The model, with or without memory so far, with exactly the tensors of `state`. Raises `Unavailable`."""
    checked(model, state, source=source)
    known = model.state_dict()
    own = {name: tensor.to(dtype) for name, tensor in {**known, **state}.items() if name in known}
    model.load_state_dict(own, assign=True)
    return model.eval().requires_grad_(requires_grad=False)


def load(make: Callable[[], M], paths: Iterable[Path], *, dtype: torch.dtype) -> M:
    """A model from checkpoint files. Raises `Unavailable` naming every tensor that does not fit."""
    files = tuple(paths)
    return fill(empty(make), merged(files), source=" + ".join(path.name for path in files), dtype=dtype)


def convert(source: Path, *, model: nn.Module, parts: Callable[[str], bool] = lambda _name: True) -> Path:
    """Turn a .pth into a float16 .safetensors beside it, check it by reading it back, and remove the .pth.

    Tensors go one by one, so that memory holds the mapped source and little more.
    `model` (on the meta device) says what tensors belong; `parts` which of them are this file's. Position codes stay
    float32. Raises `Unavailable` when a tensor does not fit or does not fit into float16, OSError
    when the disk is full; the source is then kept.
    """
    state = read(source)
    whole = model.state_dict()
    others = [name for name in state if name in whole and not parts(name)]
    wrong = [f"{name} belongs to another file" for name in others]
    wrong += faults({name: whole[name] for name in whole if parts(name) or name in others}, state)
    if wrong:
        raise Unavailable(f"{source.name} does not fit the model: {_named(wrong)}. Fetch it again.")
    target, partial = source.with_suffix(".safetensors"), source.with_suffix(".partial.safetensors")
    large = [name for name, tensor in state.items() if not _fits(tensor.to(_kind(name, tensor)))]
    if large:
        raise Unavailable(f"{source.name} can't be kept in float16: {_named(large)} would overflow. Fetch it again.")
    try:
        stream.write(partial, state, kind=lambda name: _kind(name, state[name]))
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    if not _same(partial, state):
        partial.unlink()
        raise Unavailable(f"{target.name} was not written as it should be. Look after the disk and convert again.")
    partial.replace(target)
    source.unlink()
    return target


def _kind(name: str, tensor: Tensor) -> torch.dtype:
    """What a tensor is kept as: position codes and whole numbers as they are."""
    return tensor.dtype if name.endswith(RECOMPUTED) or not tensor.is_floating_point() else torch.float16


def _fits(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _same(path: Path, state: Mapping[str, Tensor]) -> bool:
    """Whether a file holds exactly these tensors as they are kept, each opened anew: what was seen leaves memory."""
    with safe_open(path, "pt") as opened:
        names = set(opened.keys())
    return names == state.keys() and all(
        torch.equal(_one(path, name), tensor.to(_kind(name, tensor))) for name, tensor in state.items()
    )


def _one(path: Path, name: str) -> Tensor:
    with safe_open(path, "pt") as opened:
        tensor: Tensor = opened.get_tensor(name)
        return tensor


def _shape(shape: torch.Size) -> str:
    return "x".join(str(side) for side in shape) or "a single number"


def _named(items: list[str]) -> str:
    rest = len(items) - NAMED
    return "; ".join(items[:NAMED]) + (f"; and {rest} more" if rest > 0 else "")
