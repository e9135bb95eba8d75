# ruff: noqa: SLF001 - torch has no public way to wrap what it compiled, or to undo it
"""Blocks that repeat in a network, compiled on a GPU once it pays. Knows no pipeline and no stage.

That takes half a minute for each size, so it is done from the second work of a size on, and for a few sizes only. What
can't be compiled, for want of a C compiler say, runs as it comes, and that is told in a note.
"""

import importlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from avatar.memory import lacking

Call = Callable[..., Any]
Beat = Callable[[], None]

SIZES = 4
"""Sizes that the blocks of one network are compiled for."""
SHAPES = 64
"""Shapes that one kind of block may be compiled for: a UNet has one or two at each of its levels, for each size."""
FAILURES = (RuntimeError, OSError, ImportError)
"""What torch, Triton and the C compiler raise when something is missing or can't be compiled."""
USED = "The network ran compiled, as from the second work of a size on; sums may differ in their last digits."
REFUSED = "The network could not be compiled here ({why}), and ran as it comes."


def by_torch(call: Call) -> Call:
    """The call, compiled when it is first made, anew for each shape."""
    settings: Any = importlib.import_module("torch._dynamo.config")  # which is not read in before it is needed
    settings.recompile_limit = max(SHAPES, settings.recompile_limit)
    compiled: Call = torch.compile(call, dynamic=False)
    return compiled


def unheard() -> None:
    """The listener of work that nobody waits for."""


@dataclass(slots=True, eq=False)
class Compiling:
    """The compiled blocks of the networks of one loaded model. `devices` are those on which it pays."""

    devices: tuple[str, ...] = ("cuda",)
    compile: Callable[[Call], Call] = by_torch
    why_not: str = ""
    _beat: Beat = unheard
    _regions: "list[Region]" = field(default_factory=list)
    _uses: Counter[Hashable] = field(default_factory=Counter)
    _sizes: set[Hashable] = field(default_factory=set)
    _active: bool = False

    @contextmanager
    def used(
        self, networks: Sequence[nn.Module], size: Hashable, *, kinds: Sequence[str] = (), beat: Beat = unheard
    ) -> Iterator[bool]:
        """One work of this `size`, and whether blocks are compiled for it.

        Those are the ones of the class names in `kinds`, else those that the networks themselves name. `beat` is called
        before each, since nobody else can listen to them, and may raise.
        """
        device = next((tensor.device.type for network in networks for tensor in network.parameters()), "")
        self._uses[size] += 1
        room = size in self._sizes or len(self._sizes) < SIZES
        if device in self.devices and self._uses[size] > 1 and room and not self.why_not:
            self._sizes.add(size)
            self._regions = self._regions or self._wrapped(networks, kinds)
            self._beat, self._active = beat, bool(self._regions)
        try:
            yield self._active
        finally:
            self._beat, self._active = unheard, False

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
        """What the block gives, compiled where that is wanted and can be done."""
        if self.owner._active:
            self.owner._beat()
            try:
                return self.compiled(*given, **named)
            except FAILURES as error:
                if lacking(error):
                    raise
                self.owner.why_not = type(error).__name__
                self.owner.undo()
        return self.module._call_impl(*given, **named)


__all__ = ["REFUSED", "USED", "Compiling", "by_torch"]
