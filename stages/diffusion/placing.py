"""Where a pipeline's parts live: on the device, at home in host memory, or on their way. Knows no prompt, no picture.

    none        all on the device
    tiles       the same, the autoencoder works tile by tile
    model       the part that works is on the device, the others at home
    group       a few blocks of it are
    sequential  a layer of it is

A pipeline that ran out of memory is softened: one step down this ladder, for the work at hand. See `easing`.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from traceback import clear_frames
from typing import Any

import torch
from torch import nn

from avatar.memory import give_back, lacking
from avatar.stage import Offload, Placement
from stages.diffusion.easing import WAYS, Ease
from stages.diffusion.foreign import (
    HookRegistry,
    apply_group_offloading,
    apply_layerwise_casting,
)
from stages.diffusion.model import Model, computing
from stages.diffusion.source import Source

STORED = torch.float8_e4m3fn
KEPT_WIDE = ("embed", "shared", "norm", r"\bwo$", "^proj_in$", "^proj_out$", "position", "bias")
"""Parts of networks whose weights stay 16 bits wide: few bytes, or read by their width."""
GROUP = {"num_blocks_per_group": 1}
GROUP_HOOKS = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")

TILED = "Memory ran short: the picture was decoded tile by tile."
AT_HOME = "Memory ran short: the text encoder left the device while the picture was drawn."
SOFTER: dict[Offload, tuple[Offload, str]] = {
    "none": ("model", "Memory ran short: only the part at work was kept on the device."),
    "tiles": ("model", "Memory ran short: only the part at work was kept on the device."),
    "model": ("group", "Memory ran short: a few blocks at a time were kept on the device."),
    "group": ("sequential", "Memory ran short: one layer at a time was kept on the device."),
}


def early(name: str, part: nn.Module, source: Source, placement: Placement) -> nn.Module:
    """A part fresh from its file, made narrow where the placement wants it, and on the device where it will stay."""
    if placement.precision == "fp8" and name not in source.float32 and "vae" not in name:
        _narrow(part, computing(placement))
    return part.to(placement.device) if placement.offload in ("none", "tiles") else part


def place(model: Model) -> None:
    """Put the parts where the model's `offload` wants them."""
    if model.offload != "none" and model.source.tiles:
        tile(model)
    if model.offload in ("none", "tiles"):
        for part in model.networks().values():
            part.to(model.device)
    elif model.offload == "model":
        model.pipe.enable_model_cpu_offload(device=model.device)
    else:
        _grouped(model)
    model.placed = True


def ready(model: Model, ease: Ease) -> None:
    """Have the model as it was planned, but for what `ease` holds back: before each work, which may have changed it.

    Where there is no room any more for it to be as planned, it stays as it was, and that is told. Raises a lack of
    memory when that is not there either.
    """
    _narrowed(model)
    held = model.eased
    where = (ease.offload or model.placement.offload, ease.parked)
    if where != (model.offload, bool(model.parked)) or not model.placed:
        before = (model.offload, bool(model.parked))
        try:
            _move(model, *where)
        except (RuntimeError, MemoryError) as error:
            if not lacking(error):
                raise
            clear_frames(error.__traceback__)
            _move(model, *before)
            notes = tuple(dict.fromkeys((*ease.notes, *held.notes)))
            ease = replace(ease, offload=before[0], parked=before[1], notes=notes)
    if ease.tiled or (model.offload != "none" and model.source.tiles):
        tile(model)
    else:
        untile(model)
    model.eased = ease


@contextmanager
def as_before(model: Model, kind: Hashable, beat: Callable[[], None]) -> Iterator[None]:
    """The model for one work of this kind alone, begun where the last one got through; where this one does is kept."""
    with model.alone(beat):
        ready(model, WAYS.of(kind))
        yield
        WAYS.keep(kind, model.eased)


def hold_back(model: Model, *, decoding: bool = False) -> bool:
    """Less at once for the work at hand: tiles, where it is decoding, else a step down. False when nothing is left."""
    if decoding and tile(model):
        model.eased = model.eased.more(TILED, tiled=True)
        return True
    why = soften(model)
    if why:
        model.eased = model.eased.more(why, offload=model.offload, parked=bool(model.parked))
    return bool(why)


def tile(model: Model) -> bool:
    """Let the autoencoder work tile by tile and picture by picture. False where it can't, or does so already."""
    vae = getattr(model.pipe, "vae", None)
    able = [getattr(vae, name) for name in ("enable_tiling", "enable_slicing") if hasattr(vae, name)]
    if not able or model.tiled:
        return False
    for enable in able:
        try:
            enable()
        except NotImplementedError:  # named, but not for this autoencoder
            return False
    model.tiled = True
    return True


def untile(model: Model) -> None:
    """Let it work on whole pictures again, and on all of them at once."""
    if model.tiled:
        model.pipe.vae.disable_tiling()
        model.pipe.vae.disable_slicing()
        model.tiled = False


def soften(model: Model) -> str:
    """One step down the ladder; how, in a sentence. Empty at its foot, and on a processor, whose memory is home."""
    if model.device.type == "cpu" and model.offload in ("none", "tiles"):
        return ""
    if model.offload in ("none", "tiles") and park(model):
        return AT_HOME
    if model.offload not in SOFTER:
        return ""
    offload, why = SOFTER[model.offload]
    _move(model, offload, parked=False)
    return why


def park(model: Model) -> bool:
    """Take the text encoders out of the pipeline and home. False where there are none in it."""
    found = {name: part for name, part in model.networks().items() if name.startswith("text_encoder")}
    for name, part in found.items():
        model.parked[name] = part.to("cpu")
        setattr(model.pipe, name, None)
    give_back()
    return bool(found)


def unpark(model: Model, *, device: torch.device | None = None) -> None:
    """Put them back into the pipeline, on a device where one is given."""
    for name, part in model.parked.items():
        setattr(model.pipe, name, part.to(device) if device is not None else part)
    model.parked.clear()


def unplace(model: Model) -> None:
    """All parts at home, and no hook on them that would move them."""
    model.placed = False
    model.pipe.remove_all_hooks()
    for part in model.networks().values():
        forget: Any = getattr(part, "disable_cache", None)
        if forget is not None and getattr(part, "is_cache_enabled", False):
            forget()
        _ungrouped(part)
        part.to("cpu")


def widen(model: Model) -> bool:
    """Let the autoencoder compute in float32 from now on. False where it does already."""
    vae: Any = getattr(model.pipe, "vae", None)
    if vae is None or vae.dtype is torch.float32:
        return False
    if model.offload in ("group", "sequential"):
        _ungrouped(vae)
        vae.to(model.device)
    model.narrow = vae.dtype
    vae.to(torch.float32)
    return True


def _narrowed(model: Model) -> None:
    """Take back that the autoencoder was widened: its weights were made of narrow ones, and become the same again."""
    if model.narrow is not None:
        model.pipe.vae.to(model.narrow)
        model.narrow = None
        model.placed = model.placed and model.offload not in ("group", "sequential")


def _move(model: Model, offload: Offload, parked: bool) -> None:  # noqa: FBT001 - the place, as it is compared
    """Place the parts anew, with the text encoders in the pipeline or out of it."""
    unpark(model)
    unplace(model)
    model.compiling.undo()
    model.graphs.forget()
    model.offload = offload
    if parked:
        park(model)
    place(model)
    give_back()


def _narrow(part: nn.Module, compute: torch.dtype) -> None:
    enable: Any = getattr(part, "enable_layerwise_casting", None)
    if enable is not None:
        enable(storage_dtype=STORED, compute_dtype=compute)
    else:
        apply_layerwise_casting(part, storage_dtype=STORED, compute_dtype=compute, skip_modules_pattern=KEPT_WIDE)


def _grouped(model: Model) -> None:
    """Blocks of the networks that work at every step; layers of the others, which have no blocks at their top."""
    fast = model.device.type == "cuda"
    for name, part in model.networks().items():
        blockwise = model.offload == "group" and name in model.source.denoisers
        how: dict[str, Any] = {"offload_type": "block_level", **GROUP} if blockwise else {"offload_type": "leaf_level"}
        if fast and blockwise:
            how |= {"use_stream": True, "low_cpu_mem_usage": True}
        apply_group_offloading(part, onload_device=model.device, offload_device=torch.device("cpu"), **how)


def _ungrouped(part: nn.Module) -> None:
    for inner in part.modules():
        registry = getattr(inner, "_diffusers_hook", None)
        if isinstance(registry, HookRegistry):
            for name in GROUP_HOOKS:
                registry.remove_hook(name, recurse=False)
