"""The UNet's stages: what stands at one resolution. Knows no film; a `Walk` carries what a forward pass needs.

Hidden maps are (halves*windows*frames, c, y, x). Until the first spatial transformer all halves are the same, so
they are computed once and only then repeated.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch says neither what calling a module returns nor what some tensor methods take.

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from stages.pose.animate_anyone.layers import Down, Resnet, SpatialTransformer, Told, Up
from stages.pose.animate_anyone.layout import Layout
from stages.pose.animate_anyone.motion import MotionModule

Half = tuple[Told, ...]
"""What the spatial blocks are told for one half of the batch, by their `index`."""


@dataclass(slots=True)
class Walk:
    """One pass through a net. `keep` collects the tokens self-attention sees; `beat` is called between layers."""

    times: Sequence[Tensor]
    halves: Sequence[Half]
    frames: int
    joint: bool = False
    keep: list[Tensor] | None = None
    last: int | None = None
    beat: Callable[[], None] | None = None
    split: bool = field(default=False)

    def resnet(self, resnet: Resnet, hidden: Tensor) -> Tensor:
        """Through a resnet, then let the caller look up."""
        if self.beat is not None:
            self.beat()
        return resnet(hidden, self.times, self.frames if self.joint else None)

    def attend(self, transformer: SpatialTransformer, hidden: Tensor) -> Tensor:
        """Through a spatial transformer. Raises `Seen` when it was the last one whose input is read."""
        if not self.split:
            self.split = True
            hidden = hidden.repeat(len(self.halves), 1, 1, 1)
        if self.keep is not None and transformer.index == self.last:
            self.keep.append(transformer.block.norm1(transformer.enter(hidden)))
            raise Seen
        return transformer(hidden, self.halves, self.keep)


@dataclass(slots=True)
class Deep:
    """What comes out of all layers but the outermost: (halves*windows*frames, c, y, x), once it was made."""

    hidden: Tensor | None = None


class Seen(Exception):
    """All that the reference pass is run for has been seen."""


class Shelf:
    """Deals out resnets and spatial transformers with their running numbers while a net is built."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.time = layout.channels[0] * 4
        self.resnets = 0
        self.transformers = 0

    def resnet(self, into: int, out: int) -> Resnet:
        """The next resnet."""
        self.resnets += 1
        net = self.layout
        return Resnet(into, out, time=self.time, groups=net.groups, eps=net.eps, index=self.resnets - 1)

    def transformer(self, channels: int) -> SpatialTransformer:
        """The next spatial transformer."""
        self.transformers += 1
        net = self.layout
        return SpatialTransformer(
            channels, heads=net.heads, cross=net.cross, groups=net.groups, index=self.transformers - 1
        )

    def motions(self, channels: int, count: int, *, wanted: bool) -> nn.ModuleList | None:
        """Motion modules for a stage, where it has them."""
        motion = self.layout.motion
        return nn.ModuleList([MotionModule(channels, motion) for _ in range(count)]) if motion and wanted else None


class DownStage(nn.Module):
    """Layers of resnet, spatial transformer and motion module; then half the size. Each output is a skip."""

    def __init__(self, shelf: Shelf, level: int) -> None:
        super().__init__()
        net = shelf.layout
        into, out, last = net.channels[max(0, level - 1)], net.channels[level], level == len(net.channels) - 1
        self.resnets = nn.ModuleList([shelf.resnet(out if i else into, out) for i in range(net.layers)])
        self.attentions = None if last else nn.ModuleList([shelf.transformer(out) for _ in range(net.layers)])
        motion = net.motion
        wanted = motion is not None and 2**level in motion.resolutions and not motion.decoder_only
        self.motion_modules = shelf.motions(out, net.layers, wanted=wanted)
        self.downsamplers = None if last else nn.ModuleList([Down(out)])

    def forward(self, hidden: Tensor, walk: Walk) -> tuple[Tensor, list[Tensor]]:
        """The stage's output and its skips in order."""
        skips = []
        for resnet, transformer, motion in _layers(self.resnets, self.attentions, self.motion_modules):
            hidden = _layer(hidden, walk, resnet, transformer, motion)
            skips.append(hidden)
        if self.downsamplers is not None:
            hidden = self.downsamplers[0](hidden)
            skips.append(hidden)
        return hidden, skips


class MidStage(nn.Module):
    """Resnet, spatial transformer, motion module, resnet."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        channels, motion = shelf.layout.channels[-1], shelf.layout.motion
        first, second = shelf.resnet(channels, channels), shelf.resnet(channels, channels)
        self.resnets = nn.ModuleList([first, second])
        self.attentions = nn.ModuleList([shelf.transformer(channels)])
        self.motion_modules = shelf.motions(channels, 1, wanted=motion is not None and motion.mid)

    def forward(self, hidden: Tensor, walk: Walk) -> Tensor:
        """Same shape out."""
        first, transformer, motion = next(_layers(self.resnets, self.attentions, self.motion_modules))
        hidden = _layer(hidden, walk, first, transformer, motion)
        return walk.resnet(cast(Resnet, self.resnets[1]), hidden)


class UpStage(nn.Module):
    """Layers that each take a skip, then resnet, spatial transformer and motion module; then twice the size."""

    def __init__(self, shelf: Shelf, step: int) -> None:
        super().__init__()
        net = shelf.layout
        levels = len(net.channels)
        level = levels - 1 - step
        out, below = net.channels[level], net.channels[max(0, level - 1)]
        above = net.channels[min(levels - 1, level + 1)]
        into = [(out if i else above) + (out if i < net.layers else below) for i in range(net.layers + 1)]
        self.resnets = nn.ModuleList([shelf.resnet(wide, out) for wide in into])
        self.attentions = nn.ModuleList([shelf.transformer(out) for _ in into]) if step else None
        wanted = net.motion is not None and 2**level in net.motion.resolutions
        self.motion_modules = shelf.motions(out, len(into), wanted=wanted)
        self.upsamplers = nn.ModuleList([Up(out)]) if level else None

    def forward(self, hidden: Tensor, walk: Walk, skips: list[Tensor], deep: Deep | None = None) -> Tensor:
        """Takes its skips off the end of `skips`; the next one tells the size to grow to.

        `deep` is given what the last layer gets.
        """
        *inner, last = _layers(self.resnets, self.attentions, self.motion_modules)
        for layer in inner:
            hidden = _layer(_joined(hidden, skips.pop()), walk, *layer)
        if deep is not None:
            deep.hidden = hidden
        hidden = _layer(_joined(hidden, skips.pop()), walk, *last)
        if self.upsamplers is not None:
            y, x = skips[-1].shape[-2:]
            hidden = self.upsamplers[0](hidden, (y, x))
        return hidden

    def outermost(self, hidden: Tensor, walk: Walk, skip: Tensor) -> Tensor:
        """Its last layer alone, for what the layers before gave once; `hidden` has all halves."""
        walk.split = True
        *_, last = _layers(self.resnets, self.attentions, self.motion_modules)
        return _layer(_joined(hidden, skip), walk, *last)


def _layers(
    resnets: nn.ModuleList, attentions: nn.ModuleList | None, motions: nn.ModuleList | None
) -> Iterator[tuple[Resnet, SpatialTransformer | None, MotionModule | None]]:
    for i, resnet in enumerate(resnets):
        transformer = cast(SpatialTransformer, attentions[i]) if attentions else None
        motion = cast(MotionModule, motions[i]) if motions else None
        yield cast(Resnet, resnet), transformer, motion


def _layer(
    hidden: Tensor, walk: Walk, resnet: Resnet, transformer: SpatialTransformer | None, motion: MotionModule | None
) -> Tensor:
    hidden = walk.resnet(resnet, hidden)
    if transformer is not None:
        hidden = walk.attend(transformer, hidden)
    return hidden if motion is None else motion(hidden, walk.frames)


def _joined(hidden: Tensor, skip: Tensor) -> Tensor:
    """Side by side as channels; a skip from before the halves parted is joined to each of them."""
    halves = len(hidden) // len(skip)
    return torch.cat((hidden.unflatten(0, (halves, -1)), skip.expand(halves, *skip.shape)), 2).flatten(0, 1)
