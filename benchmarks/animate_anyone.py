"""AnimateAnyone's steps against the original's order of work: time at a middle size, work counted at full size.

Both orders run the same random weights in one process, in turns, and must give equal numbers.
"""
# mypy: disable-error-code="no-any-return"
# torch does not say what calling a module returns.

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import upstream_order
from benchmarks.table import Row, machine
from stages.pose.animate_anyone import weights
from stages.pose.animate_anyone.blocks import Deep, Half
from stages.pose.animate_anyone.layout import DENOISING, Layout
from stages.pose.animate_anyone.networks import UNet

MIDDLE = Layout(channels=(64, 128, 256, 256), cross=64)
EQUAL = 1e-5
"""Largest difference between both orders, as a share of the largest value."""

TURNS = 5
MOMENT = 500


@dataclass(frozen=True, slots=True)
class Case:
    """One denoising step of a window with guidance and reference, all that it needs prepared."""

    net: UNet
    sample: Tensor
    pose: Tensor
    embeds: Tensor
    bank: tuple[Tensor, ...]
    halves: tuple[Half, Half]

    def ours(self) -> Tensor:
        """A step in our order, (2, 4, frames, y, x)."""
        return self.net(self.sample, self.net.times(MOMENT), self.halves, pose=self.pose)[:, 0]

    def again(self, deep: Deep) -> Tensor:
        """The same by the outermost layers alone, once `deep` is filled."""
        return self.net(self.sample, self.net.times(MOMENT), self.halves, pose=self.pose, deep=deep)[:, 0]

    def theirs(self) -> Tensor:
        """A step in the original's order, (2, 4, frames, y, x)."""
        both = torch.cat([torch.zeros_like(self.embeds), self.embeds])
        seen = {path: tokens.repeat(2, 1, 1) for path, tokens in zip(self.net.paths, self.bank, strict=True)}
        twice, pose = self.sample.repeat(2, 1, 1, 1, 1), self.pose.repeat(2, 1, 1, 1, 1)
        return upstream_order.forward(self.net, twice, MOMENT, both, seen, pose)


def case(sizes: Layout, *, frames: int, y: int, x: int, device: str = "cpu") -> Case:
    """A case with random weights and a random film."""
    torch.manual_seed(1)
    reference = replace(sizes, motion=None, head=False)
    if device == "meta":
        net = weights.empty(lambda: UNet(layout=sizes.plain())).to("meta")
        seer = weights.empty(lambda: UNet(layout=reference.plain()))
    else:
        net, seer = UNet(layout=sizes.plain()), UNet(layout=reference.plain())
    with torch.device(device):
        embeds, latents = torch.randn(1, 1, sizes.cross), torch.randn(1, 4, y, x)
        sample, pose = torch.randn(1, 4, frames, y, x), torch.randn(1, sizes.channels[0], frames, y, x)
    bank = seer.see(latents, embeds)
    halves = (net.tell(torch.zeros_like(embeds)), net.tell(embeds, bank))
    return Case(net, sample, pose, embeds, bank, halves)


def rows() -> Iterator[Row]:
    """The figures."""
    torch.set_num_threads(1)
    print(f"AnimateAnyone on {machine()}, 1 thread, torch {torch.__version__}")
    with torch.inference_mode():
        yield from _middle()
        yield from _full()


def _middle() -> Iterator[Row]:
    middle = case(MIDDLE, frames=16, y=32, x=24)
    original = middle.theirs()
    apart = float((middle.ours() - original).abs().max() / original.abs().max())
    yield Row("AnimateAnyone middle size: largest difference", apart, "", EQUAL)
    turns = [(_spent(middle.theirs), _spent(middle.ours)) for _ in range(TURNS)]
    theirs, ours = (median(column) for column in zip(*turns, strict=True))
    yield Row("AnimateAnyone middle size: original's order", theirs, "CPU s/step")
    yield Row("AnimateAnyone middle size: our order", ours, "CPU s/step")
    yield Row("AnimateAnyone middle size: times the speed", theirs / ours, "x", 1.4, more=True)


def _full() -> Iterator[Row]:
    for width, height in ((512, 784), (512, 512), (768, 768)):
        full = case(DENOISING, frames=24, y=height // 8, x=width // 8, device="meta")
        theirs, ours = _flops(full.theirs), _flops(full.ours)
        name = f"AnimateAnyone full size, {width} x {height} x 24"
        yield Row(f"{name}: work, original", theirs / 1e12, "TFLOP")
        yield Row(f"{name}: work, ours", ours / 1e12, "TFLOP")
        limit = 1.2 if (width, height) == (512, 784) else None
        yield Row(f"{name}: times less work", theirs / ours, "x", limit, more=True)
        deep = Deep()
        full.again(deep)
        again = _flops(lambda: full.again(deep))  # noqa: B023 - called at once
        yield Row(f"{name}: work where inner layers are used again", again / 1e12, "TFLOP")


def _spent(work: Callable[[], Tensor]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _flops(work: Callable[[], Tensor]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
