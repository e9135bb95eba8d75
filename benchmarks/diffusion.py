"""What our way of running a pipeline costs beside the bare call: hooks, locks, checks, rough pictures on the way.

Random weights of a tiny and of a middle size, one thread, one process. Both ways draw the same picture, which is
compared; words are read beforehand on both sides. In each turn the bare call runs twice and ours once, in an order that
is drawn by lot, so that neither has the warmer cache or the quieter machine. Told are medians over the turns of the
ratios within one, and their quartiles; the bare call beside itself says how much of that is the machine.
"""
# mypy: disable-error-code="no-any-return"
# The libraries' classes have no types.

import gc
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch

from avatar.sampling import Sampling
from avatar.stage import Placement
from benchmarks.table import Row, machine
from stages.diffusion import controls
from stages.diffusion.controls import Settled
from stages.diffusion.loading import seated
from stages.diffusion.models import SD15
from stages.diffusion.orders import Order
from stages.diffusion.painting import Studio
from stages.diffusion.prompts import Prompts, joined
from tests.diffusion import small

WARM = 2
"""Turns that are not counted."""
WORDS = "a lighthouse in the evening"
Times = tuple[float, float]
"""CPU and wall seconds."""


class Quiet:
    """A context that nobody listens to, as quick as one can be."""

    device, seed = "cpu", 0

    def step(self, done: int, total: int) -> None:
        """Nothing."""

    def glimpse(self, picture: bytes) -> None:
        """Nothing."""

    scratch = keep = path = playable = None


@dataclass(frozen=True, slots=True)
class Case:
    """The same picture in both ways."""

    studio: Studio
    order: Order
    settled: Settled
    words: dict[str, Any]
    context: Any

    def ours(self) -> Any:
        """Through all of this house."""
        return self.studio(self.order, self.context).pictures[0]

    def bare(self) -> Any:
        """The library's call alone."""
        shown = self.studio.model.pipe(
            **self.words,
            width=self.settled.width,
            height=self.settled.height,
            num_inference_steps=self.settled.steps,
            guidance_scale=self.settled.guidance,
            generator=torch.Generator("cpu").manual_seed(self.order.seeds[0]),
            output_type="np",
        ).images[0]
        return (shown * 255).round().astype(np.uint8)


def case(*, width: int, side: int, steps: int) -> Case:
    """A pipeline whose layers are so wide, for a picture of `side` pixels."""
    model = seated(small.sd15(width=width), SD15.source, Placement())
    prompts, quiet = Prompts(model, limit=SD15.tokens), Quiet()
    sampling = Sampling(steps=steps)
    settled = controls.settle(SD15.limits, sampling, width=side, height=side)
    read = prompts.of(WORDS, settled.negative, guided=settled.guided, context=quiet)  # type: ignore[arg-type]
    order = Order(WORDS, (1,), side, side, sampling)
    return Case(Studio(SD15, model, prompts), order, settled, joined([read], model), quiet)


def rows() -> Iterator[Row]:
    """The figures."""
    torch.set_num_threads(1)
    print(f"Diffusion on {machine()}, 1 thread, torch {torch.__version__}")
    yield from _compared("tiny", case(width=16, side=64, steps=10), turns=41, limit=None)
    yield from _compared("middle", case(width=96, side=192, steps=6), turns=15, limit=1.02)


def _compared(name: str, both: Case, *, turns: int, limit: float | None) -> Iterator[Row]:
    told = f"diffusion {name} size"
    apart = int(np.abs(both.ours().astype(int) - both.bare()).max())
    yield Row(f"{told}: largest difference", apart, "of 255", 1.0)
    ways = {"bare": both.bare, "again": both.bare, "ours": both.ours}
    found = [_turn(ways, random.Random(number)) for number in range(WARM + turns)][WARM:]  # noqa: S311 - no secret
    yield Row(f"{told}: the bare call", 1000 * median(each["bare"][0] for each in found), "CPU ms")
    more = [each["ours"][0] - (each["bare"][0] + each["again"][0]) / 2 for each in found]
    yield Row(f"{told}: ours takes more by", 1000 * median(more), "CPU ms")
    for clock, kind in enumerate(("CPU", "wall")):
        ours = [2 * each["ours"][clock] / (each["bare"][clock] + each["again"][clock]) for each in found]
        low, middle, high = quantiles(ours, n=4)
        yield Row(f"{told}: times the bare call, {kind}", middle, "x", None if clock else limit)
        yield Row(f"{told}: the same, lower quartile", low, "x")
        yield Row(f"{told}: the same, upper quartile", high, "x")
        itself = [abs(each["again"][clock] / each["bare"][clock] - 1) for each in found]
        yield Row(f"{told}: the bare call beside itself, {kind}", median(itself), "off 1")


def _turn(ways: dict[str, Callable[[], Any]], lot: random.Random) -> dict[str, Times]:
    """How long each way takes, once, one after the other."""
    names = list(ways)
    lot.shuffle(names)
    return {name: _spent(ways[name]) for name in names}


def _spent(work: Callable[[], Any]) -> Times:
    gc.collect()  # what the others left behind is not on this one's account
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall
