# ruff: noqa: SLF001 - torch has no public way to wrap what it compiled, or to undo it
"""Blocks that repeat in a network, compiled on a GPU where the placement wants it. Knows no pipeline and no stage.

Whether they are depends on that alone, never on what was drawn before, so that the same request gives the same bytes:
from the first work on, for every size; when torch holds code for as many shapes as it may, all of it is dropped and
made anew. What can't be compiled, for want of a C compiler say, is made anew from its start as the blocks come, then
and from then on, and that is told in a note.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import nn

from avatar.memory import lacking

T = TypeVar("T")
Call = Callable[..., Any]
Beat = Callable[[], None]

SHAPES = 64
"""Shapes that one kind of block is held compiled for: a UNet has one or two at each of its levels, for each size."""
KINDS = 32
"""Kinds of blocks that are counted on when all that torch compiled is limited to so many times `SHAPES`."""
SETTLED: dict[str, str | int | bool | Call] = {"deterministic": True}
"""How torch chooses between kernels: never by trying which is the quickest, as that may be another one next time."""
FAILURES = (RuntimeError, OSError, ImportError)
"""What torch, Triton and the C compiler raise when something is missing or can't be compiled."""
USED = "The network ran compiled; sums may differ in their last digits from where it does not."
REFUSED = "The network could not be compiled here ({why}), and ran as it comes."


class Uncompiled(Exception):
    """A block that can't be compiled was met: the work at hand is to be done anew. Not for others to catch."""


def by_torch(call: Call) -> Call:
    """The call, compiled when it is first made, anew for each shape."""
    dynamo: Any = importlib.import_module("torch._dynamo")  # which is not read in before it is needed
    limits = dynamo.config
    compiled: Call = torch.compile(call, dynamic=False, options=SETTLED)

    def run(*given: Any, **named: Any) -> Any:
        if not limits.fail_on_recompile_limit_hit:  # what is set here holds for this thread only
            limits.recompile_limit, limits.accumulated_recompile_limit = SHAPES, SHAPES * KINDS
            limits.fail_on_recompile_limit_hit = True
        try:
            return compiled(*given, **named)
        except dynamo.exc.FailOnRecompileLimitHit:
            dynamo.reset()
            return compiled(*given, **named)

    return run


def unheard() -> None:
    """The listener of work that nobody waits for."""


@dataclass(slots=True, eq=False)
class Compiling:
    """The compiled blocks of the networks of one loaded model, where that is `wanted`, on `devices` where it pays."""

    wanted: bool = False
    devices: tuple[str, ...] = ("cuda",)
    compile: Callable[[Call], Call] = by_torch
    why_not: str = ""
    _beat: Beat = unheard
    _regions: "list[Region]" = field(default_factory=list)
    _active: bool = False

    @contextmanager
    def used(self, networks: Sequence[nn.Module], *, kinds: Sequence[str] = (), beat: Beat = unheard) -> Iterator[bool]:
        """One work, and whether blocks are compiled for it. Raises `Uncompiled` out of them: see `tried`.

        Those are the ones of the class names in `kinds`, else those that the networks themselves name. `beat` is called
        before each, since nobody else can listen to them, and may raise.
        """
        device = next((tensor.device.type for network in networks for tensor in network.parameters()), "")
        if self.wanted and device in self.devices and not self.why_not:
            self._regions = self._regions or self._wrapped(networks, kinds)
            self._beat, self._active = beat, bool(self._regions)
        try:
            yield self._active
        finally:
            self._beat, self._active = unheard, False

    def tried(self, work: Callable[[], T]) -> T:
        """What comes of `work`, which has its blocks `used`; once more from its start where they can't be compiled."""
        try:
            return work()
        except Uncompiled:
            return work()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of the work at hand."""
        if self.why_not:
            return (REFUSED.format(why=self.why_not),)
        return (USED,) if self._active else ()

    def undo(self) -> None:
        """All blocks as they come, for networks that are about to move or change."""
        for region in self._regions:
            region.module._compiled_call_impl = None
        self._regions, self._active = [], False

    def _wrapped(self, networks: Sequence[nn.Module], kinds: Sequence[str]) -> "list[Region]":
        found = []
        for network in networks:
            names = kinds or getattr(network, "_repeated_blocks", None) or ()
            for module in network.modules():
                if type(module).__name__ in names:
                    region = Region(self, module, self.compile(module._call_impl))
                    module._compiled_call_impl = region
                    found.append(region)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One block, called instead of what is compiled of it."""

    owner: Compiling
    module: Any
    compiled: Call

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What the block gives, compiled where that is wanted. Raises `Uncompiled` where it can't be done."""
        if not self.owner._active:
            return self.module._call_impl(*given, **named)
        self.owner._beat()
        try:
            return self.compiled(*given, **named)
        except FAILURES as error:
            if lacking(error):
                raise
            self.owner.why_not = type(error).__name__
            self.owner.undo()
            raise Uncompiled from error


__all__ = ["REFUSED", "USED", "Compiling", "Uncompiled", "by_torch"]
