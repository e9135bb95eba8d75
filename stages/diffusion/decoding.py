"""Latents to pictures, a few frames at a time, as each pipeline would do it itself. Knows no prompt and no step.

Every `Decode` takes the latents of one item, with a first axis of 1, and how many frames to decode at once; it gives
(n, 3, height, width) in [0, 1], frame by frame in order.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from stages.diffusion.model import Model

Decode = Callable[[Model, Tensor, int], Iterator[Tensor]]


def sd(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
    """Stable Diffusion: latents (1, 4, y, x) to one picture."""
    vae = model.pipe.vae
    yield _shown(vae.decode((latents / vae.config.scaling_factor).to(vae.dtype), return_dict=False)[0])


def svd(model: Model, latents: Tensor, chunk: int) -> Iterator[Tensor]:
    """Stable Video Diffusion: latents (1, frames, 4, y, x). Frames of one chunk see each other."""
    vae = model.pipe.vae
    for part in torch.split(1 / vae.config.scaling_factor * latents[0], chunk):
        yield _shown(vae.decode(part.to(vae.dtype), num_frames=len(part), return_dict=False)[0])


def modelscope(model: Model, latents: Tensor, chunk: int) -> Iterator[Tensor]:
    """ModelScope: latents (1, 4, frames, y, x), each frame by itself."""
    vae = model.pipe.vae
    for part in torch.split(1 / vae.config.scaling_factor * latents[0].transpose(0, 1), chunk):
        yield _shown(vae.decode(part.to(vae.dtype), return_dict=False)[0])


def wan(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
    """Wan: latents (1, c, frames, y, x). Its autoencoder goes through the frames by itself, remembering the last."""
    vae = model.pipe.vae
    rows = latents.to(vae.dtype)
    mean = torch.tensor(vae.config.latents_mean, device=rows.device, dtype=rows.dtype).view(1, -1, 1, 1, 1)
    scale = 1.0 / torch.tensor(vae.config.latents_std, device=rows.device, dtype=rows.dtype).view(1, -1, 1, 1, 1)
    yield _shown(vae.decode(rows / scale + mean, return_dict=False)[0][0].transpose(0, 1))


def ltx(*, timestep: float = 0.05, noise: float = 0.025, seed: int = 0) -> Decode:
    """LTX-Video: latents (1, c, frames, y, x), unpacked. Newer autoencoders begin with a little noise, of `seed`."""

    def decode(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
        vae = model.pipe.vae
        mean, std = (each.view(1, -1, 1, 1, 1).to(latents) for each in (vae.latents_mean, vae.latents_std))
        rows = (latents * std / vae.config.scaling_factor + mean).to(vae.dtype)
        moment = None
        if vae.config.timestep_conditioning:
            drawn = torch.randn(rows.shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=rows.dtype)
            rows = (1.0 - noise) * rows + noise * drawn.to(rows.device)
            moment = torch.tensor([timestep], device=rows.device, dtype=rows.dtype)
        yield _shown(vae.decode(rows, moment, return_dict=False)[0][0].transpose(0, 1))

    return decode


def _shown(pixels: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]; what are no numbers stays none."""
    return (pixels.float() / 2 + 0.5).clamp(0.0, 1.0)
