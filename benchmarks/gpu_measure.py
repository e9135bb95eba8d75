"""How `benchmarks.gpu` measures: memory, seconds, and the ways to run a denoiser. Knows no recipe.

A way is some of these words joined by `+`:
plain          as diffusers runs it
channels_last  convolutions over channels that lie together
compile        the repeated blocks compiled as the stages do it, once for all of a shape
graph          the whole pass recorded as a CUDA graph and replayed
cache          FirstBlockCache with a threshold that it always keeps: what a step costs that the cache answers
"""
# ruff: noqa: SLF001 - torch has no public way to undo compiling
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch and diffusers do not type what is used here.

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.works import Maker
from stages.diffusion.compiling import Compiling

MIB = 1 << 20
ENOUGH = 5.0
"""Seconds after which a step is not repeated any more."""
FEWEST, MOST = 3, 15


@dataclass(slots=True)
class Kept:
    """A maker that makes everything once and gives the same tensors again after `rewind`."""

    maker: Maker
    made: list[Tensor] = field(default_factory=list)
    at: int = 0

    @property
    def device(self) -> str:
        """Where they are."""
        return self.maker.device

    @property
    def dtype(self) -> torch.dtype:
        """What they are."""
        return self.maker.dtype

    def rewind(self) -> None:
        """From the first one on again."""
        self.at = 0

    def __call__(self, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """As `Maker`."""
        return self._next(lambda: self.maker(*shape, dtype=dtype))

    def moment(self, *shape: int, at: float = 500.0) -> Tensor:
        """As `Maker`."""
        return self._next(lambda: self.maker.moment(*shape, at=at))

    def _next(self, make: Callable[[], Tensor]) -> Tensor:
        if self.at == len(self.made):
            self.made.append(make())
        self.at += 1
        return self.made[self.at - 1]


def on_gpu() -> bool:
    """Whether there is one."""
    return torch.cuda.is_available()


def wait() -> None:
    """Until all work is done."""
    if on_gpu():
        torch.cuda.synchronize()


def fresh() -> None:
    """Forget the peak so far and give back what is not in use."""
    if on_gpu():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes at the highest: in tensors, in the allocator, and on the device with the CUDA context."""

    tensors: int
    reserved: int
    device: int


def memory() -> Memory:
    """Since `fresh`; zeros without a GPU. The context is what the device lacks beside what torch has reserved."""
    if not on_gpu():
        return Memory(0, 0, 0)
    wait()
    free, total = torch.cuda.mem_get_info()
    context = total - free - torch.cuda.memory_reserved()
    reserved = torch.cuda.max_memory_reserved()
    return Memory(torch.cuda.max_memory_allocated(), reserved, reserved + context)


def seconds(work: Callable[[], Any]) -> float:
    """The median time of a piece of work after a first time that does not count."""
    work()
    wait()
    spent: list[float] = []
    while len(spent) < (FEWEST if on_gpu() else 1) or (on_gpu() and sum(spent) < ENOUGH and len(spent) < MOST):
        began = time.perf_counter()
        work()
        wait()
        spent.append(time.perf_counter() - began)
    return median(spent)


def apart(out: Tensor, reference: Tensor) -> float:
    """How far a result is from another, as a share of its length; not a number where one of them has none."""
    first, second = out.detach().float(), reference.float()
    return float((first - second).norm() / second.norm())


Step = Callable[[], Tensor]


@contextmanager
def way(name: str, net: Any, step: Step, blocks: tuple[str, ...]) -> Iterator[Step]:
    """The step in one of the ways above, as long as the `with` lasts."""
    words = name.split("+")
    with ExitStack() as stack:
        for word in words:
            if word not in ("plain", "graph"):
                stack.enter_context(WAYS[word](net, blocks))
        inner = _cached(net, step) if "cache" in words else step
        yield stack.enter_context(recorded(inner)) if "graph" in words else inner


@contextmanager
def channels_last(net: Any, _blocks: tuple[str, ...]) -> Iterator[None]:
    """See above."""
    found: list[Any] = [module for module in net.modules() if isinstance(module, torch.nn.Conv2d)]
    for module in found:
        module.to(memory_format=torch.channels_last)
    try:
        yield
    finally:
        for module in found:
            module.to(memory_format=torch.contiguous_format)


@contextmanager
def compiled(net: Any, blocks: tuple[str, ...]) -> Iterator[None]:
    """See above."""
    torch._dynamo.reset()
    works = Compiling(wanted=True, devices=("cuda", "cpu"))
    with works.used([net], kinds=blocks) as active:
        if not active:
            raise LookupError(f"no {' or '.join(blocks)} in {type(net).__name__}")
        try:
            yield
        finally:
            works.undo()


@contextmanager
def cache(net: Any, _blocks: tuple[str, ...]) -> Iterator[None]:
    """See above."""
    from diffusers import FirstBlockCacheConfig

    net.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    try:
        yield
    finally:
        net.disable_cache()


WAYS: dict[str, Callable[[Any, tuple[str, ...]], AbstractContextManager[None]]] = {
    "channels_last": channels_last,
    "compile": compiled,
    "cache": cache,
}


def _cached(net: Any, step: Step) -> Step:
    def run() -> Tensor:
        with net.cache_context("cond"):
            return step()

    return run


@contextmanager
def recorded(step: Step) -> Iterator[Step]:
    """A step as a CUDA graph, its inputs where they are."""
    if not on_gpu():
        raise LookupError("CUDA graphs need a GPU")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = step()

    def replay() -> Tensor:
        graph.replay()
        return out

    try:
        yield replay
    finally:
        graph.reset()
