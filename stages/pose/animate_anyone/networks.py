"""The three networks: the denoising UNet, the reference UNet, the pose guider. Know no film, no file, no scheduler.

Built on diffusers' `ModelMixin` and `ConfigMixin`, so they are saved, moved and offloaded like any diffusers model.
The passes are our own, because what a film needs once (`tell`), a step once (`times`) and a window once (`forward`)
are three different things here, and upstream computes all of them for every window of every step.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch says neither what calling a module returns nor what some tensor methods take.

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from avatar.errors import BadRequest
from stages.pose.animate_anyone.blocks import Deep, DownStage, Half, MidStage, Seen, Shelf, UpStage, Walk
from stages.pose.animate_anyone.foreign import ConfigMixin, ModelMixin, TimestepEmbedding, Timesteps, register_to_config
from stages.pose.animate_anyone.layers import Resnet, SpatialTransformer, normed
from stages.pose.animate_anyone.layout import DENOISING, Guider, Layout, restore


class UNet(ModelMixin, ConfigMixin):  # type: ignore[misc]  # the two disagree on a constant
    """Stable Diffusion 1.5's UNet, with motion modules (denoising) or without its last layers (reference)."""

    layout: Layout

    @register_to_config  # type: ignore[untyped-decorator]  # diffusers' own
    def __init__(self, layout: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        net = self.layout = restore(layout) if layout else DENOISING
        self._repeated_blocks = ["Block", "TemporalBlock"]  # what diffusers compiles once for all of a kind
        width, levels = net.channels[0], len(net.channels)
        shelf = Shelf(net)
        self.conv_in = nn.Conv2d(net.in_channels, width, 3, padding=1)
        self.time_proj = Timesteps(width, net.flip_sin_to_cos, net.freq_shift)
        self.time_embedding = TimestepEmbedding(width, width * 4, act_fn="silu")
        self.down_blocks = nn.ModuleList([DownStage(shelf, level) for level in range(levels)])
        self.mid_block = MidStage(shelf)
        self.up_blocks = nn.ModuleList([UpStage(shelf, step) for step in range(levels)])
        self.conv_norm_out = nn.GroupNorm(net.groups, width, net.eps) if net.head else None
        self.conv_out = nn.Conv2d(width, net.out_channels, 3, padding=1) if net.head else None

    @cached_property
    def resnets(self) -> tuple[Resnet, ...]:
        """All resnets by their `index`."""
        found = [module for module in self.modules() if isinstance(module, Resnet)]
        return tuple(sorted(found, key=lambda module: module.index))

    @cached_property
    def transformers(self) -> tuple[SpatialTransformer, ...]:
        """All spatial transformers by their `index`, which is the order they are passed through."""
        found = [module for module in self.modules() if isinstance(module, SpatialTransformer)]
        return tuple(sorted(found, key=lambda module: module.index))

    @property
    def paths(self) -> tuple[str, ...]:
        """The module paths of the spatial blocks in the order of their `index`; both nets have the same."""
        names = {module: name for name, module in self.named_modules()}
        return tuple(f"{names[transformer]}.transformer_blocks.0" for transformer in self.transformers)

    @property
    def longest(self) -> int | None:
        """The most frames in one window; None for any number."""
        return self.layout.motion.positions if self.layout.motion else None

    def times(self, timestep: int) -> tuple[Tensor, ...]:
        """What each resnet is told of a moment of the noise schedule, once a step: (out,) each."""
        at = torch.tensor([timestep], device=self.device)
        active = F.silu(self.time_embedding(self.time_proj(at).to(self.dtype)))
        return tuple(resnet.timed(active) for resnet in self.resnets)

    def tell(self, embeds: Tensor, bank: Sequence[Tensor] | None = None) -> Half:
        """What each spatial block is told, once a film.

        `embeds` (1, n, cross) are image embeddings, `bank` the normed tokens (1, y*x, c) of the reference net by
        index, or None for a half that does not look at the reference.
        """
        seen = bank if bank is not None else [None] * len(self.transformers)
        blocks = zip(self.transformers, seen, strict=True)
        return tuple(transformer.block.told(embeds, tokens) for transformer, tokens in blocks)

    def forward(
        self,
        sample: Tensor,
        times: Sequence[Tensor],
        halves: Sequence[Half],
        *,
        pose: Tensor | None = None,
        beat: Callable[[], None] | None = None,
        deep: Deep | None = None,
    ) -> Tensor:
        """Latents (windows, c, frames, y, x) to one output per half, (halves, windows, c, frames, y, x).

        `pose` is the pose guider's (windows, channels, frames, y, x). `beat` is called between layers and may raise.
        `deep` is filled, and where it is filled already only the outermost layers run: DeepCache (Ma, Fang, Wang 2023).
        Raises `BadRequest` for a window longer than the motion modules' position code.
        """
        windows, _, frames, y, x = sample.shape
        if self.longest is not None and frames > self.longest:
            raise BadRequest(f"{frames} frames are over the model's {self.longest} a window. Ask for shorter windows.")
        walk = Walk(times, halves, frames, joint=self.layout.joint_norm, beat=beat)
        hidden = self._through(_rows(sample), walk, None if pose is None else _rows(pose), deep)
        if self.conv_norm_out is not None and self.conv_out is not None:
            joint = frames if self.layout.joint_norm else None
            hidden = self.conv_out(F.silu(normed(self.conv_norm_out, hidden, joint), inplace=True))
        return hidden.view(len(halves), windows, frames, -1, y, x).transpose(2, 3)

    def see(self, latents: Tensor, embeds: Tensor) -> tuple[Tensor, ...]:
        """The reference pass: latents (1, c, y, x) and embeddings to the bank, (1, y*x, c) each, by index.

        It runs at timestep 0 and stops after the last thing that is ever read.
        """
        keep: list[Tensor] = []
        last = len(self.transformers) - 1
        walk = Walk(self.times(0), (self.tell(embeds),), 1, keep=keep, last=last)
        with suppress(Seen):
            self._through(latents, walk, None)
        return tuple(keep)

    def _through(self, hidden: Tensor, walk: Walk, pose: Tensor | None, deep: Deep | None = None) -> Tensor:
        """From (windows*frames, in, y, x) to (halves*windows*frames, width, y, x)."""
        hidden = self.conv_in(2 * hidden - 1 if self.layout.center_input else hidden)
        if pose is not None:
            hidden += pose
        *inner, outer = self.up_blocks
        if deep is not None and deep.hidden is not None:
            return cast(UpStage, outer).outermost(deep.hidden, walk, hidden)
        skips = [hidden]
        for down in self.down_blocks:
            hidden, more = down(hidden, walk)
            skips += more
        hidden = self.mid_block(hidden, walk)
        for up in inner:
            hidden = up(hidden, walk, skips)
        return outer(hidden, walk, skips, deep)


class PoseGuider(ModelMixin, ConfigMixin):  # type: ignore[misc]  # the two disagree on a constant
    """Skeleton pictures to features at an eighth of their size, added to the denoising net's first layer."""

    @register_to_config  # type: ignore[untyped-decorator]  # diffusers' own
    def __init__(
        self,
        channels: int = Guider().channels,
        widths: Sequence[int] = Guider().widths,
        out: int = Guider().out,
    ) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        steps = []
        for narrow, wide in pairwise(widths):
            steps += [nn.Conv2d(narrow, narrow, 3, padding=1), nn.Conv2d(narrow, wide, 3, padding=1, stride=2)]
        self.blocks = nn.ModuleList(steps)
        self.conv_out = nn.Conv2d(widths[-1], out, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """RGB in [0, 1], (frames, 3, height, width), to (frames, out, height/8, width/8)."""
        hidden = F.silu(self.conv_in(pictures), inplace=True)
        for block in self.blocks:
            hidden = F.silu(block(hidden), inplace=True)
        return self.conv_out(hidden)


def _rows(films: Tensor) -> Tensor:
    """(windows, c, frames, y, x) to (windows*frames, c, y, x)."""
    return films.transpose(1, 2).flatten(0, 1)
