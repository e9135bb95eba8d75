"""What our way of running a pipeline costs beside the bare call: hooks, locks, checks, rough pictures on the way.

Random weights of a tiny and of a middle size, one thread, one process. Both ways draw the same picture, which is
compared; words are read beforehand on both sides. In each turn the bare call runs twice and ours once, in an order that
is drawn by lot. Other work on the machine makes a call half as long again, in CPU time too, now for a second and now
not; but it never makes one shorter. So calls are timed in pieces, from one step of the network to the next, and of each
piece the quickest runs count. The bare call by itself, its two runs of each turn beside one another, says how far that
is to be trusted; the median of whole calls in pairs is told too.
"""
# mypy: disable-error-code="no-any-return"
# The libraries' classes have no types.

import gc
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

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

QUICK = 0.15
"""Share of the runs of a piece that were quicker than what is taken for it."""
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
    yield from _compared("tiny", case(width=16, side=64, steps=10), turns=48, limit=1.02)
    yield from _compared("middle", case(width=96, side=192, steps=6), turns=24, limit=1.02)


def _compared(name: str, both: Case, *, turns: int, limit: float) -> Iterator[Row]:
    told = f"diffusion {name} size"
    apart = int(np.abs(both.ours().astype(int) - both.bare()).max())
    yield Row(f"{told}: largest difference", apart, "of 255", 1.0)
    ways, found = {"bare": both.bare, "again": both.bare, "ours": both.ours}, []
    marks: list[Times] = []
    hook = both.studio.model.pipe.unet.register_forward_pre_hook(lambda *_: marks.append(_now()))
    for number in range(turns):
        order = random.Random(number).sample(list(ways), len(ways))  # noqa: S311 - no secret
        found.append({way: _spent(ways[way], marks) for way in order})
    hook.remove()
    spent = {way: np.array([turn[way] for turn in found]) for way in ways}  # (turns, pieces, clocks)
    quiet = {way: _quiet(times) for way, times in spent.items()}
    bare = (quiet["bare"] + quiet["again"]) / 2
    yield Row(f"{told}: the bare call", 1000 * bare[0], "CPU ms")
    yield Row(f"{told}: ours takes more by", 1000 * (quiet["ours"] - bare)[0], "CPU ms")
    for clock, kind in enumerate(("CPU", "wall")):
        ratio = float(quiet["ours"][clock] / bare[clock])
        yield Row(f"{told}: times the bare call, {kind}", ratio, "x", None if clock else limit)
        itself = float(quiet["again"][clock] / quiet["bare"][clock])
        yield Row(f"{told}: the bare call by itself, {kind}", itself, "x")
        ours, theirs = (spent[way].sum(axis=1)[:, clock] for way in ("ours", "bare"))
        low, middle, high = np.quantile(ours / theirs, (0.25, 0.5, 0.75))
        yield Row(f"{told}: median of whole calls in pairs, {kind}", float(middle), "x")
        yield Row(f"{told}: and their quartiles apart, {kind}", float(high - low), "x")


def _quiet(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """CPU and wall seconds of a call (turns, pieces, 2) on a quiet machine: of each piece a low quantile, summed."""
    quickest: NDArray[np.float64] = np.quantile(times, QUICK, axis=0).sum(axis=0)
    return quickest


def _spent(work: Callable[[], Any], marks: list[Times]) -> list[Times]:
    """What each piece of a call takes, which ends where the network is asked."""
    gc.collect()  # what the others left behind is not on this one's account
    marks[:] = [_now()]
    work()
    marks.append(_now())
    return [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(marks)]


def _now() -> Times:
    return time.process_time(), time.perf_counter()
