"""Latents to pictures, a few frames at a time, as each pipeline would do it itself. Knows no prompt and no step.

Every `Decode` takes the latents of one item, with a first axis of 1, and how many frames to decode at once; it gives
(n, 3, height, width) in [0, 1], frame by frame in order.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from stages.diffusion.foreign import unpatchify
from stages.diffusion.model import Model

PIECE = 8
"""Frames that are handed on at once of a film that was decoded as a whole."""

TILE, STRIDE = 120, 96
"""Frames of LTX-Video's tiles in time, beside the first, and from one's beginning to the next; those between blend."""

Decode = Callable[[Model, Tensor, int], Iterator[Tensor]]


def sd(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
    """Stable Diffusion: latents (1, 4, y, x) to one picture."""
    vae = model.pipe.vae
    yield _shown(vae.decode((latents / vae.config.scaling_factor).to(_numbers(vae)), return_dict=False)[0])


def svd(model: Model, latents: Tensor, chunk: int) -> Iterator[Tensor]:
    """Stable Video Diffusion: latents (1, frames, 4, y, x). Frames of one chunk see each other."""
    vae = model.pipe.vae
    for part in torch.split(1 / vae.config.scaling_factor * latents[0], chunk):
        yield _shown(vae.decode(part.to(_numbers(vae)), num_frames=len(part), return_dict=False)[0])


def modelscope(model: Model, latents: Tensor, chunk: int) -> Iterator[Tensor]:
    """ModelScope: latents (1, 4, frames, y, x), each frame by itself."""
    vae = model.pipe.vae
    for part in torch.split(1 / vae.config.scaling_factor * latents[0].transpose(0, 1), chunk):
        yield _shown(vae.decode(part.to(_numbers(vae)), return_dict=False)[0])


def wan(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
    """Wan: latents (1, c, frames, y, x), one after the other, its autoencoder remembering the last.

    So memory does not grow with the film, unless it works tile by tile: then a whole film of each tile is held.
    """
    vae = model.pipe.vae
    rows = latents.to(_numbers(vae))
    mean = torch.tensor(vae.config.latents_mean, device=rows.device, dtype=rows.dtype).view(1, -1, 1, 1, 1)
    scale = 1.0 / torch.tensor(vae.config.latents_std, device=rows.device, dtype=rows.dtype).view(1, -1, 1, 1, 1)
    rows = rows / scale + mean
    if vae.use_tiling and _tiled(vae, *rows.shape[-2:]):
        yield from _pieces(vae.decode(rows, return_dict=False)[0])
        return
    for frames in _causally(vae, rows):
        yield _shown(frames[0].transpose(0, 1))


def _tiled(vae: Any, high: int, wide: int) -> bool:
    """Whether so many latents are more than one tile."""
    pixels = vae.spatial_compression_ratio
    return bool(high > vae.tile_sample_min_height // pixels or wide > vae.tile_sample_min_width // pixels)


def _causally(vae: Any, rows: Tensor) -> Iterator[Tensor]:
    """Frames (1, 3, n, h, w) of each latent in turn, as `AutoencoderKLWan` itself decodes them before it joins them."""
    if hook := getattr(vae, "_hf_hook", None):  # which carries it to its device before `decode`, and only then
        hook.pre_forward(vae)
    vae.clear_cache()
    try:
        hidden = vae.post_quant_conv(rows)
        for number in range(hidden.shape[2]):
            first = {"first_chunk": True} if number == 0 else {}
            one = hidden[:, :, number : number + 1]
            frames = vae.decoder(one, feat_cache=vae._feat_map, feat_idx=[0], **first)  # noqa: SLF001 - the only way to it
            if vae.config.patch_size is not None:
                frames = unpatchify(frames, patch_size=vae.config.patch_size)  # type: ignore[no-untyped-call]
            yield frames.clamp(-1.0, 1.0)
    finally:
        vae.clear_cache()


def ltx(*, timestep: float = 0.05, noise: float = 0.025, seed: int = 0) -> Decode:
    """LTX-Video: latents (1, c, frames, y, x), unpacked. Newer autoencoders begin with a little noise, of `seed`.

    A film of more than `TILE` frames and one is decoded tile after tile, so that memory does not grow with it.
    """

    def decode(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
        vae = model.pipe.vae
        mean, std = (each.view(1, -1, 1, 1, 1).to(latents) for each in (vae.latents_mean, vae.latents_std))
        rows = (latents * std / vae.config.scaling_factor + mean).to(_numbers(vae))
        moment = None
        if vae.config.timestep_conditioning:
            drawn = torch.randn(rows.shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=rows.dtype)
            rows = (1.0 - noise) * rows + noise * drawn.to(rows.device)
            moment = torch.tensor([timestep], device=rows.device, dtype=rows.dtype)
        for frames in in_time(vae, rows, moment):
            yield from _pieces(frames)
            del frames  # before the next tile comes

    return decode


def in_time(vae: Any, rows: Tensor, moment: Tensor | None) -> Iterator[Tensor]:
    """Frames (1, 3, n, h, w) of LTX-Video's autoencoder, in tiles that overlap in time and blend there.

    Its decoder looks both ways. A tile's first latent gives one frame alone, which is the last of that latent's: it was
    in the tile before, and what follows it lies where it does there. (The library's own tiles keep that frame and drop
    their last, so that all frames after the first tile come one too late.)
    """
    ratio = vae.temporal_compression_ratio
    many, step = TILE // ratio + 1, STRIDE // ratio
    tail: Tensor | None = None
    for start in range(0, rows.shape[2], step):
        ends = start + many >= rows.shape[2]
        frames = vae.decode(rows[:, :, start : start + many], moment, return_dict=False)[0]
        if tail is not None:
            frames = vae.blend_t(tail, frames[:, :, 1:], TILE - STRIDE)
        kept = frames.shape[2] - (0 if ends else TILE - STRIDE)
        yield frames[:, :, :kept]
        if ends:
            return
        tail = frames[:, :, kept:].clone()
        del frames


def ltx2(model: Model, latents: Tensor, _chunk: int) -> Iterator[Tensor]:
    """LTX-2: latents (1, c, frames, y, x) in its autoencoder's own scale."""
    vae = model.pipe.vae
    yield from _pieces(vae.decode(latents.to(_numbers(vae)), return_dict=False)[0])


def _pieces(frames: Tensor) -> Iterator[Tensor]:
    """Decoded frames (1, 3, n, h, w), a few at a time, so that they are wide only then."""
    for part in torch.split(frames[0].transpose(0, 1), PIECE):
        yield _shown(part)


def _numbers(vae: Any) -> torch.dtype:
    """What it computes in. It tells that itself, but asks each of its parts first, which takes as long as a step."""
    found: torch.dtype = next(vae.parameters()).dtype
    return found


def _shown(pixels: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]; what are no numbers stays none."""
    return (pixels.float() / 2 + 0.5).clamp(0.0, 1.0)
