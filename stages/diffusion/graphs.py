# ruff: noqa: SLF001 - the one place where a module can be called otherwise than by its own call
"""A network's whole pass recorded as a CUDA graph, and replayed where its shapes come again. Knows no pipeline.

For networks whose many small kernels take longer to start than to run. A replay runs the kernels of an ordinary pass on
the same numbers, so its bytes are the same. What can't be recorded runs as it comes, and that is told in a note.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from avatar.memory import lacking

Outs = tuple[Tensor, ...]
Pass = Callable[[], Outs]
Record = Callable[[Pass], Pass]
"""Makes of a pass one that is replayed: it reads the same inputs, and writes the same outputs, where those lay."""

SHAPES = 8
"""Shapes whose passes are held; with one more they are all dropped."""
REFUSED = "The network could not be recorded as a CUDA graph here ({why}), and ran as it comes."


def on_cuda() -> Record:
    """What records on the GPU of now. All that one records share memory, as they are never replayed at once."""
    pool = torch.cuda.graph_pool_handle()

    def record(work: Pass) -> Pass:
        side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            work()  # so that this thread's libraries are set up before, which can't be recorded
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            outs = work()

        def replay() -> Outs:
            graph.replay()
            return outs

        return replay

    return record


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A pass of fixed shapes, and where it reads its inputs."""

    inputs: tuple[Tensor, ...]
    replay: Pass

    def __call__(self, tensors: Sequence[Tensor]) -> Outs:
        """The outputs for these inputs, the caller's own."""
        for mine, given in zip(self.inputs, tensors, strict=True):
            mine.copy_(given)
        return tuple(out.clone() for out in self.replay())


@dataclass(slots=True, eq=False)
class Graphs:
    """The recorded passes of one network, where they are `wanted`, on `devices` that can."""

    wanted: bool = False
    devices: tuple[str, ...] = ("cuda",)
    recorder: Callable[[], Record] = on_cuda
    why_not: str = ""
    replays: int = 0
    _record: Record | None = None
    _met: set[Hashable] = field(default_factory=set)
    _held: dict[Hashable, Recorded] = field(default_factory=dict)

    @contextmanager
    def used(self, network: nn.Module, *, beat: Callable[[], None]) -> Iterator[bool]:
        """One work, and whether passes are recorded for it. `beat` is called before each, and may raise."""
        device = next((tensor.device.type for tensor in network.parameters()), "")
        active = self.wanted and device in self.devices and not self.why_not
        module: Any = network
        if active:
            module._compiled_call_impl = partial(self._passed, network, beat)
        try:
            yield active
        finally:
            if active:
                module._compiled_call_impl = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of the work at hand."""
        return (REFUSED.format(why=self.why_not),) if self.why_not else ()

    def forget(self) -> None:
        """Let go of all that is recorded, and of its memory: there is too little, or the network is about to move."""
        self._held.clear()
        self._met.clear()
        self._record = None

    def _passed(self, network: nn.Module, beat: Callable[[], None], *given: Any, **named: Any) -> Outs:
        """The first pass of a shape as it comes, the others replayed."""
        beat()
        shape = _shape(given, named)
        plain: Pass = partial(network.forward, *given, **named)
        if self.why_not or shape is None:
            return plain()
        if shape not in self._met:
            if len(self._met) == SHAPES:
                self.forget()
            self._met.add(shape)
            return plain()
        if shape not in self._held:
            try:
                self._held[shape] = self._recorded(network, given, named)
            except (RuntimeError, TypeError) as error:
                if lacking(error):
                    raise
                self.forget()
                self.why_not = type(error).__name__
                return plain()
        self.replays += 1
        return self._held[shape](_tensors(given, named))

    def _recorded(self, network: nn.Module, given: Sequence[Any], named: Mapping[str, Any]) -> Recorded:
        inputs = tuple(tensor.clone() for tensor in _tensors(given, named))
        rest = iter(inputs)
        mine = [next(rest) if isinstance(each, Tensor) else each for each in given]
        called = {name: next(rest) if isinstance(each, Tensor) else each for name, each in named.items()}
        self._record = self._record or self.recorder()
        return Recorded(inputs, self._record(partial(network.forward, *mine, **called)))


def _tensors(given: Sequence[Any], named: Mapping[str, Any]) -> list[Tensor]:
    return [each for each in (*given, *named.values()) if isinstance(each, Tensor)]


def _shape(given: Sequence[Any], named: Mapping[str, Any]) -> Hashable | None:
    """What two passes must have in common for one to stand for the other; None for what can't be compared."""
    told = [
        (name, (each.shape, each.stride(), each.dtype, each.device) if isinstance(each, Tensor) else each)
        for name, each in (*enumerate(given), *named.items())
    ]
    try:
        hash(tuple(told))
    except TypeError:
        return None
    return tuple(told)


__all__ = ["REFUSED", "SHAPES", "Graphs", "Outs", "Pass", "Record", "on_cuda"]
