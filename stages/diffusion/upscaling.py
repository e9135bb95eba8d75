"""LTX-Video's second pass: a film of two thirds is made twice as large, as latents, and denoised a little once more.

So its makers film with the distilled model; what comes out is somewhat too large, and is scaled to what was asked for.
Knows no stage and no prompt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from avatar.stage import Placement
from stages.diffusion import files, loading
from stages.diffusion.foreign import LTXLatentUpsamplerModel
from stages.diffusion.model import Model, computing
from stages.diffusion.shots import Slate

UPSCALER = "ltx-upscaler"
FILE = "ltxv-spatial-upscaler-0.9.8.safetensors"
SHARE, TWICE, GRAIN = 2 / 3, 2, 32
"""Of the film's size in the first pass, by how much that grows, and what its sides are multiples of."""
MOMENTS = (1000, 909.4, 725, 421.9)
"""Of 1000, when the network is asked again. `STRENGTH` skips the first, which the library wants to be there."""
STRENGTH = 0.999
STEPS = len(MOMENTS) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Upscaler:
    """The loaded network, on the device where all of the model is, else at home."""

    network: Any

    @classmethod
    def load(cls, folder: Path, placement: Placement, *, shapes: Mapping[str, Any]) -> "Upscaler":
        """Raises `Unavailable` for a damaged file, `OutOfMemory`."""
        files.check_safetensors(folder / FILE, weights=UPSCALER)
        with loading.foreign_errors("The upscaler", UPSCALER):
            with torch.device("meta"):
                network: Any = LTXLatentUpsamplerModel(**shapes)
            network.load_state_dict(load_file(folder / FILE), strict=True, assign=True)
        loading.checked("The upscaler", network, UPSCALER)
        network.eval().requires_grad_(requires_grad=False)
        with loading.device_errors(placement):
            home = placement.device if placement.offload in ("none", "tiles") else "cpu"
            return cls(network.to(home, computing(placement)))

    def refine(self, model: Model, latents: Tensor, call: Mapping[str, Any]) -> dict[str, Any]:
        """What the pipeline is told for the second pass, after the `latents` of the `call` for the first."""
        device = model.device
        self.network.to(device)
        larger = upsampled(latents.to(device), vae=model.pipe.vae, network=self.network)
        if model.offload not in ("none", "tiles"):
            self.network.to("cpu")
        return {
            **call,
            "width": TWICE * call["width"],
            "height": TWICE * call["height"],
            "timesteps": list(MOMENTS),
            "denoise_strength": STRENGTH,
            "latents": larger,
        }


def first(slate: Slate) -> dict[str, int]:
    """Width and height of the first pass."""
    figures = slate.settled
    return {
        side: max(GRAIN, int(size * SHARE) // GRAIN * GRAIN)
        for side, size in (("width", figures.width), ("height", figures.height))
    }


def remarks(slate: Slate) -> tuple[str, ...]:
    """What is to be told of a film made in two passes."""
    width, height = first(slate).values()
    return (f"It was filmed at {width} x {height} pixels, then refined at {TWICE * width} x {TWICE * height}.",)


def upsampled(latents: Tensor, *, vae: Any, network: nn.Module) -> Tensor:
    """Latents (n, c, f, y, x) as (n, c, f, 2y, 2x), with the mean and spread of each channel kept.

    As `LTXLatentUpsamplePipeline` does it, which would want all of its parts in one place.
    """
    mean, std = (each.view(1, -1, 1, 1, 1).to(latents) for each in (vae.latents_mean, vae.latents_std))
    small = latents * std / vae.config.scaling_factor + mean
    kind: Any = network
    small = small.to(kind.dtype)
    large = network(small)
    spread, middle = torch.std_mean(large, dim=(2, 3, 4), keepdim=True)
    wanted, at = torch.std_mean(small, dim=(2, 3, 4), keepdim=True)
    large = (large - middle) / spread * wanted + at
    found: Tensor = (large.to(latents) - mean) * vae.config.scaling_factor / std
    return found
