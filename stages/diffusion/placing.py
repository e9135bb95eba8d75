"""Where a pipeline's parts live: on the device, at home in host memory, or on their way. Knows no prompt, no picture.

    none        all on the device
    tiles       the same, the autoencoder works tile by tile
    model       the part that works is on the device, the others at home
    group       a few blocks of it are
    sequential  a layer of it is

A pipeline that ran out of memory is softened: one step down this ladder, for as long as it stays loaded.
"""

from typing import Any

import torch
from torch import nn

from avatar.memory import give_back
from avatar.stage import Offload, Placement
from stages.diffusion.foreign import (
    FirstBlockCacheConfig,
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
        remember(model)
    elif model.offload == "model":
        model.pipe.enable_model_cpu_offload(device=model.device)
    else:
        _grouped(model)


def remember(model: Model) -> None:
    """Let transformers take over what hardly changes between steps, where the source wants it and they can.

    Not beside blocks that travel: both take the place of a block's own call. Forgotten after each job.
    """
    for part in model.denoisers().values() if model.source.cached else ():
        enable: Any = getattr(part, "enable_cache", None)
        if enable is not None and not getattr(part, "is_cache_enabled", False):
            enable(FirstBlockCacheConfig(threshold=model.source.cached))


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


def soften(model: Model) -> str:
    """One step down the ladder; how, in a sentence. Empty at its foot, and on a processor, whose memory is home."""
    if model.device.type == "cpu" and model.offload in ("none", "tiles"):
        return ""
    if model.offload in ("none", "tiles") and park(model):
        return AT_HOME
    if model.offload not in SOFTER:
        return ""
    unpark(model)
    unplace(model)
    model.compiling.undo()
    model.graphs.forget()
    model.offload, why = SOFTER[model.offload]
    place(model)
    give_back()
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
    vae.to(torch.float32)
    return True


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
