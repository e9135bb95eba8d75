"""The released weights: four checkpoints, an autoencoder and an image encoder in one folder. Knows no film.

denoising_unet.pth  motion_module.pth  reference_unet.pth  pose_guider.pth     or .safetensors once converted
vae/                sd-vae-ft-mse, as diffusers keeps it
image_encoder/      the vision half of CLIP ViT-L/14 of sd-image-variations, as transformers keeps it
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from avatar.errors import Unavailable
from stages.pose.animate_anyone import layout, weights
from stages.pose.animate_anyone.diffusion import SCHEDULE
from stages.pose.animate_anyone.film import Models
from stages.pose.animate_anyone.foreign import AutoencoderKL, CLIPVisionModelWithProjection
from stages.pose.animate_anyone.networks import PoseGuider, UNet


@dataclass(frozen=True, slots=True)
class Sizes:
    """The networks' sizes: the released ones, or those of a `config.json` beside checkpoints of another size."""

    denoising: layout.Layout = layout.DENOISING
    reference: layout.Layout = layout.REFERENCE
    guider: layout.Guider = field(default_factory=layout.Guider)
    schedule: dict[str, object] = field(default_factory=lambda: dict(SCHEDULE))


RELEASED = Sizes()


def sizes(folder: Path) -> Sizes:
    """The sizes of the networks in a folder. Raises `Unavailable` for a configuration that can't be used."""
    path = folder / "config.json"
    if not path.is_file():
        return RELEASED
    try:
        told = json.loads(path.read_text())
        denoised = layout.denoising(told["unet"], told["denoising_additional"])
        guided = layout.guider(told["pose_guider"])
        return Sizes(denoised, layout.spatial(told["unet"]), guided, dict(told.get("scheduler", SCHEDULE)))
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise Unavailable(f"{folder.name}/config.json can't be used ({wrong}). Fetch {folder.name} again.") from wrong


def denoising(made: Sizes = RELEASED) -> UNet:
    """The denoising net."""
    net: UNet = UNet(layout=made.denoising.plain())
    return net


def reference(made: Sizes = RELEASED) -> UNet:
    """The reference net."""
    net: UNet = UNet(layout=made.reference.plain())
    return net


def guider(made: Sizes = RELEASED) -> PoseGuider:
    """The pose guider."""
    sized = made.guider
    net: PoseGuider = PoseGuider(channels=sized.channels, widths=sized.widths, out=sized.out)
    return net


def is_motion(name: str) -> bool:
    """Whether a tensor of the denoising net is kept in motion_module."""
    return "motion_module" in name


def is_still(name: str) -> bool:
    """Whether a tensor of the denoising net is kept in denoising_unet."""
    return not is_motion(name)


def is_any(_name: str) -> bool:
    """Of a net whose tensors are all in one file."""
    return True


PARTS: dict[str, tuple[Callable[..., nn.Module], Callable[[str], bool]]] = {
    "denoising_unet": (denoising, is_still),
    "motion_module": (denoising, is_motion),
    "reference_unet": (reference, is_any),
    "pose_guider": (guider, is_any),
}
"""For each file the net it belongs to and which of the net's tensors it holds."""


def convert(folder: Path) -> tuple[Path, ...]:
    """Turn what is still .pth into float16 .safetensors, half the size, one by one. Raises `Unavailable`."""
    waiting = [(folder / f"{name}.pth", *part) for name, part in PARTS.items() if (folder / f"{name}.pth").is_file()]
    made = sizes(folder)
    return tuple(
        weights.convert(path, model=weights.empty(partial(make, made)), parts=parts) for path, make, parts in waiting
    )


def load(
    folder: Path,
    *,
    vae: Path | None = None,
    encoder: Path | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float16,
) -> Models:
    """All networks of the release on one device. Raises `Unavailable` naming what is missing or does not fit.

    `vae` and `encoder` are the folders of autoencoder and image encoder, where they do not lie below `folder`.
    """

    def files(name: str) -> list[Path]:
        return [weights.found(folder, part) for part in weights.RELEASED[name]]

    made = sizes(folder)
    return Models(
        denoising=_moved(weights.load(partial(denoising, made), files("denoising_unet"), dtype=dtype), device),
        reference=_moved(weights.load(partial(reference, made), files("reference_unet"), dtype=dtype), device),
        guider=_moved(weights.load(partial(guider, made), files("pose_guider"), dtype=dtype), device),
        autoencoder=_moved(_pretrained(AutoencoderKL, vae or folder / "vae", dtype), device),
        encoder=_moved(_pretrained(CLIPVisionModelWithProjection, encoder or folder / "image_encoder", dtype), device),
        schedule=made.schedule,
    )


def _moved(model: Any, device: str) -> Any:
    """On its device; diffusers' own `to` is not typed for one."""
    return model.to(device)


def _pretrained(kind: Any, folder: Path, dtype: torch.dtype) -> Any:
    """A model of a library by its own loader, which knows the names that older files use."""
    if not (folder / "config.json").is_file():
        raise Unavailable(f"{folder.name}/config.json is missing in {folder.parent}. Fetch the AnimateAnyone weights.")
    try:
        model, told = kind.from_pretrained(folder, torch_dtype=dtype, local_files_only=True, output_loading_info=True)
    except (OSError, ValueError, RuntimeError) as wrong:
        raise Unavailable(f"{folder.name} can't be loaded from {folder} ({wrong}). Fetch it again.") from wrong
    missing = sorted(name for name in told["missing_keys"] if not name.endswith(weights.RECOMPUTED))
    if missing:
        raise Unavailable(f"{folder.name} lacks {', '.join(missing[: weights.NAMED])}. Fetch it again.")
    return model.eval().requires_grad_(requires_grad=False)
