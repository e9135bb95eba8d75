"""What our way of running a pipeline costs beside the bare call: hooks, locks, checks. In turns, in one process.

Random weights of a tiny and of a middle size; both ways draw the same picture, which is compared. Words are read
beforehand on both sides.
"""
# mypy: disable-error-code="no-any-return"
# The libraries' classes have no types.

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import torch

from avatar.sampling import Sampling
from avatar.stage import Placement
from benchmarks.table import Row, machine
from stages.diffusion import controls
from stages.diffusion.loading import seated
from stages.diffusion.models import SD15
from stages.diffusion.orders import Order
from stages.diffusion.painting import Studio
from stages.diffusion.prompts import Prompts, joined
from tests.diffusion import small

TURNS = 7
WORDS = "a lighthouse in the evening"


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
    context: Any

    def ours(self) -> Any:
        """Through all of this house."""
        return self.studio(self.order, self.context).pictures[0]

    def bare(self) -> Any:
        """The library's call alone."""
        settled = controls.settle(SD15.limits, self.order.sampling, width=self.order.width, height=self.order.height)
        words = self.studio.prompts.of(WORDS, "", guided=True, context=self.context)
        shown = self.studio.model.pipe(
            **joined([words], self.studio.model),
            width=settled.width,
            height=settled.height,
            num_inference_steps=settled.steps,
            guidance_scale=settled.guidance,
            generator=torch.Generator("cpu").manual_seed(self.order.seeds[0]),
            output_type="np",
        ).images[0]
        return (shown * 255).round().astype(np.uint8)


def case(*, width: int, side: int, steps: int) -> Case:
    """A pipeline whose layers are so wide, for a picture of `side` pixels."""
    model = seated(small.sd15(width=width), SD15.source, Placement())
    studio = Studio(SD15, model, Prompts(model, limit=SD15.tokens))
    return Case(studio, Order(WORDS, (1,), side, side, Sampling(steps=steps)), Quiet())


def rows() -> Iterator[Row]:
    """The figures."""
    torch.set_num_threads(1)
    print(f"Diffusion on {machine()}, 1 thread, torch {torch.__version__}")
    yield from _compared("tiny", case(width=16, side=64, steps=10), limit=None)
    yield from _compared("middle", case(width=96, side=192, steps=6), limit=1.02)


def _compared(name: str, both: Case, *, limit: float | None) -> Iterator[Row]:
    apart = int(np.abs(both.ours().astype(int) - both.bare()).max())
    yield Row(f"diffusion {name} size: largest difference", apart, "of 255", 1.0)
    turns = [(_spent(both.bare), _spent(both.ours)) for _ in range(TURNS)]
    bare, ours = (median(column) for column in zip(*turns, strict=True))
    yield Row(f"diffusion {name} size: the bare call", bare, "CPU s")
    yield Row(f"diffusion {name} size: ours", ours, "CPU s")
    ratio = median(mine / theirs for theirs, mine in turns)
    yield Row(f"diffusion {name} size: times the bare call", ratio, "x", limit)


def _spent(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
