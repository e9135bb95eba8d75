"""A whole film in the original's order, as far as its memory goes: what is held when, one step.

Written from a description, with our own parameters: all skeletons through the guider at once, the reference for both
halves, each window's prediction added into one over all frames, frames decoded one by one and all kept.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch and diffusers do not say what calling a model returns.

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from benchmarks import upstream_order
from benchmarks.works import Film, Maker
from stages.pose.animate_anyone.film import LATENT_SCALE, Models
from stages.pose.animate_anyone.networks import PoseGuider
from stages.pose.animate_anyone.windows import Schedule, windows


def film(models: Models, make: Maker, asked: Film) -> Tensor:
    """(3, frames, height, width) in float32, after one guided step."""
    frames, y, x = asked.latent()
    net = models.denoising
    embeds = make(1, 1, net.layout.cross)
    both = torch.cat([torch.zeros_like(embeds), embeds])
    seen = models.autoencoder.encode(make(1, 3, asked.height, asked.width)).latent_dist.mean * LATENT_SCALE
    bank = {
        path: tokens.repeat(2, 1, 1) for path, tokens in zip(net.paths, models.reference.see(seen, embeds), strict=True)
    }
    pose = guided(models.guider, make(frames, 3, asked.height, asked.width)).transpose(0, 1)[None]
    latents = make(1, net.layout.in_channels, frames, y, x)
    total, often = torch.zeros_like(latents.repeat(2, 1, 1, 1, 1)), torch.zeros_like(latents)
    for window in map(list, windows(frames, Schedule())):
        twice = latents[:, :, window].repeat(2, 1, 1, 1, 1)
        noise = upstream_order.forward(net, twice, 500, both, bank, pose[:, :, window].repeat(2, 1, 1, 1, 1))
        total[:, :, window] = total[:, :, window] + noise
        often[:, :, window] = often[:, :, window] + 1
    plain, told = (total / often).chunk(2)
    latents = (latents + plain + 3.5 * (told - plain)) / LATENT_SCALE
    shown = [models.autoencoder.decode(frame, return_dict=False)[0] for frame in latents[0].transpose(0, 1).split(1)]
    return (torch.cat(shown) / 2 + 0.5).clamp(0, 1).float()


def guided(guider: PoseGuider, drawn: Tensor) -> Tensor:
    """All skeletons at once, each layer's output beside its input."""
    hidden = F.silu(guider.conv_in(drawn))
    for block in guider.blocks:
        hidden = F.silu(block(hidden))
    return guider.conv_out(hidden)
