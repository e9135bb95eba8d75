"""A whole AnimateAnyone of a few hundred kilobytes with random weights, and films to make with it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stages.pose.animate_anyone.film import Ask, Effort, Models, Quirks
from stages.pose.animate_anyone.foreign import AutoencoderKL, CLIPVisionConfig, CLIPVisionModelWithProjection
from stages.pose.animate_anyone.layout import Layout, Motion
from stages.pose.animate_anyone.networks import PoseGuider, UNet
from stages.pose.animate_anyone.pipeline import NO_QUIRKS, Pipeline, Step, unheard
from stages.pose.animate_anyone.windows import Schedule

torch.set_num_threads(1)

LAYOUT = Layout(channels=(32, 64), layers=1, cross=16, groups=16, motion=Motion(positions=8))
REFERENCE = replace(LAYOUT, motion=None, head=False)
ASK = Ask(48, 40, steps=2, guidance=3.0, seed=5, schedule=Schedule(4, 2))


def models() -> Models:
    """All networks, the same random weights every time."""
    torch.manual_seed(3)
    encoder = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        projection_dim=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        patch_size=56,
    )
    autoencoder = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=2,
    )
    made = Models(
        denoising=UNet(layout=LAYOUT.plain()),
        reference=UNet(layout=REFERENCE.plain()),
        guider=PoseGuider(widths=(4, 4, 4, 4), out=32),
        autoencoder=autoencoder,
        encoder=CLIPVisionModelWithProjection(encoder),
    )
    for net in (made.denoising, made.reference, made.guider, made.autoencoder, made.encoder):
        net.eval().requires_grad_(requires_grad=False)
    return made


def portrait() -> Image.Image:
    """A picture of noise."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 20, 3), np.uint8))


def skeletons(frames: int) -> list[Image.Image]:
    """A picture of other noise for each frame."""
    drawn = np.random.default_rng(9).integers(0, 256, (frames, 16, 16, 3), np.uint8)
    return [Image.fromarray(picture) for picture in drawn]


def film(
    made: Models,
    frames: int,
    ask: Ask = ASK,
    *,
    effort: Effort | None = None,
    quirks: Quirks = NO_QUIRKS,
    step: Step = unheard,
) -> tuple[Tensor, Tensor]:
    """The frames (n, 3, y, x) of a film and the latents (1, 4, frames, y, x) after its last step."""
    after: list[Tensor] = []
    maker = Pipeline(made, effort=effort or Effort(), quirks=quirks)
    watch: Callable[[int, Tensor, Tensor], None] = lambda _number, _noise, latents: after.append(latents)  # noqa: E731
    shown = torch.cat(list(maker.generate(portrait(), skeletons(frames), ask, step=step, watch=watch)))
    return shown, after[-1]
