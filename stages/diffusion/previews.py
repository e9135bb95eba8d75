"""Rough pictures of latents, for who watches a picture or a film come into being. Knows no prompt and no stage.

Latents of four channels get their colours by a linear fit to the autoencoder of Stable Diffusion 1.4, source:
https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204; later ones, SVD's too, keep its
latents. Of all others the middle frame, made small, goes through the model's own autoencoder.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avatar.media import glimpses
from avatar.memory import lacking
from avatar.stage import Context
from stages.diffusion.decoding import Decode
from stages.diffusion.model import Model
from stages.diffusion.orders import Picture, Watch

COLOURS = ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473))
"""Red, green and blue of each channel."""

APART = 0.2
"""Seconds before the first and from one to the next, at the least: nobody sees more."""
CHEAP, RARELY = 0.002, 15.0
"""Seconds that one may take for `APART` to be enough, a hundredth of it; and how often `APART` is waited at most after
dearer ones, which cost more than a step of a quick model."""


def apart(cost: float) -> float:
    """Seconds from one, which took `cost`, to the next."""
    return APART * min(max(1.0, cost / CHEAP), RARELY)


def watch(contexts: Sequence[Context], whose: Sequence[int]) -> Watch:
    """Shows each asker the first of his items; `whose` is the number of the context that each item is made for."""

    def show(item: int, shown: Picture) -> None:
        contexts[whose[item]].glimpse(glimpses.jpeg(shown))

    return Watch(show, whose)


def rough(model: Model, latents: Tensor, decode: Decode, size: Mapping[str, Any]) -> Picture | None:
    """R'G'B' (y, x, 3) of the first item, of its middle frame. None where that would be dear.

    `latents` as the pipeline tells them at a step; `size` are its `width`, `height` and `num_frames`.
    """
    if latents.ndim == 3:
        latents = _unpacked(model.pipe, latents[:1], size)
        latents = _scaled(model.pipe.vae, latents) if model.source.raw else latents
    if fit(latents):
        return picture(latents)
    if latents.ndim != 5 or model.offload not in ("none", "tiles"):
        return None
    try:
        return _decoded(model, latents, decode)
    except (RuntimeError, MemoryError) as error:
        if not lacking(error):
            raise
        return None


def fit(latents: Tensor) -> bool:
    """Whether there are colours for latents of this kind."""
    return latents.ndim in (4, 5) and 4 in latents.shape[1:3]


def picture(latents: Tensor) -> Picture:
    """RGB (y, x, 3) of the first item, of its middle frame: latents (n, 4, y, x), (n, f, 4, y, x) or (n, 4, f, y, x).

    Noise in them is taken back to the strength of a picture, so that early steps are grey rather than glaring.
    """
    first = latents[0].float()
    if first.ndim == 4:
        first = first if first.shape[1] == 4 else first.transpose(0, 1)
        first = first[len(first) // 2]
    calm = first / first.std().clamp(min=1.0)
    mixed = calm.permute(1, 2, 0) @ torch.tensor(COLOURS, device=calm.device)
    return _bytes(mixed / 2 + 0.5)


def _decoded(model: Model, latents: Tensor, decode: Decode) -> Picture:
    """Latents (n, c, f, y, x) by the autoencoder, whose picture is `glimpses.SIDE` pixels long at most."""
    middle = latents[0, :, latents.shape[2] // 2].float()
    most = max(1, glimpses.SIDE // _pixels(model.pipe))
    share = min(1.0, most / max(middle.shape[1:]))
    size = [max(1, round(side * share)) for side in middle.shape[1:]]
    small = functional.interpolate(middle[None], size=size, mode="area")[:, :, None]
    frames = next(iter(decode(model, small.to(latents), 1)))
    return _bytes(frames[0].permute(1, 2, 0))


def _unpacked(pipe: Any, latents: Tensor, size: Mapping[str, Any]) -> Tensor:
    """LTX's rows of latents (1, f * y * x, c) as (1, c, f, y, x)."""
    frames = (size["num_frames"] - 1) // pipe.vae_temporal_compression_ratio + 1
    high, wide = (size[side] // pipe.vae_spatial_compression_ratio for side in ("height", "width"))
    return latents[:, -frames * high * wide :].reshape(1, frames, high, wide, -1).permute(0, 4, 1, 2, 3)


def _scaled(vae: Any, latents: Tensor) -> Tensor:
    """Latents (1, c, f, y, x) of a network as their autoencoder has them."""
    mean, std = (each.view(1, -1, 1, 1, 1).to(latents) for each in (vae.latents_mean, vae.latents_std))
    scaled: Tensor = latents * std / vae.config.scaling_factor + mean
    return scaled


def _pixels(pipe: Any) -> int:
    """Pixels to one latent."""
    names = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
    return next(int(getattr(pipe, name)) for name in names if hasattr(pipe, name))


def _bytes(mixed: Tensor) -> Picture:
    shown: Picture = (mixed.nan_to_num().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return np.ascontiguousarray(shown)
