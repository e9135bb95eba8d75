"""A loaded pipeline with its lock, its place and its listeners. Knows no prompt and no file.

A pipeline has state of its own, so one job at a time works with it. While it does, every block of its networks asks
before it begins whether the work is still wanted: what the listener raises goes through the library, which is fit for
the next job afterwards.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from avatar.sampling import Sampler
from avatar.stage import Context, Placement, Precision
from stages.diffusion import caching, schedulers
from stages.diffusion.compiling import Compiling
from stages.diffusion.easing import PLANNED, Ease
from stages.diffusion.graphs import Graphs
from stages.diffusion.source import Source

DEEP, LAYERS = 2, "net"
"""How many lists a block may lie in, and what lists of mere layers are called: to listen to them too costs time."""
LISTEN = 0.1
"""Seconds between two looks at whether a job that waits for the pipeline is still wanted."""


@dataclass(slots=True)
class Count:
    """Where a job stands. `beat` tells it, and raises when the work is no longer wanted."""

    tell: Callable[[int, int], None]
    total: int
    done: int = 0

    def beat(self) -> None:
        """Say where it stands."""
        self.tell(self.done, self.total)

    def at(self, done: int) -> None:
        """So many are done; never fewer than before."""
        self.done = min(max(self.done, done), self.total)
        self.beat()


class Model:
    """A pipeline of diffusers on its device. `offload` is how its parts travel now, `parked` those put aside.

    `eased` is how the work at hand is held back, `narrow` what a widened autoencoder computed in before.
    """

    def __init__(self, pipe: Any, source: Source, placement: Placement) -> None:
        self.pipe = pipe
        self.source = source
        self.placement = placement
        self.device = torch.device(placement.device)
        self.dtype = computing(placement)
        self.published: dict[str, Any] = dict(pipe.scheduler.config)
        self.offload = placement.offload
        self.parked: dict[str, nn.Module] = {}
        self.placed = self.tiled = False
        self.eased: Ease = PLANNED
        self.narrow: torch.dtype | None = None
        self.compiling = Compiling(placement.compiled)
        self.graphs = Graphs(placement.compiled)
        self._lock = threading.RLock()
        self._samplers: dict[tuple[Sampler, float | None], Any] = {}
        self._blocks: WeakKeyDictionary[nn.Module, tuple[nn.Module, ...]] = WeakKeyDictionary()

    @property
    def identity(self) -> Hashable:
        """What loaded models have in common that need the same room."""
        place, pipeline = self.placement, type(self.pipe).__name__
        return self.source.weights, pipeline, place.device, place.precision, place.offload, place.compiled

    def networks(self) -> dict[str, nn.Module]:
        """All networks that the pipeline has at hand, by the names of its parts."""
        parts = ((name, vars(self.pipe).get(name)) for name in self.pipe.config)
        return {name: part for name, part in parts if isinstance(part, nn.Module)}

    def denoisers(self) -> dict[str, nn.Module]:
        """Those that are asked at every step."""
        return {name: part for name, part in self.networks().items() if name in self.source.denoisers}

    def sampler(self, name: Sampler, *, shift: float | None = None) -> None:
        """Put this sampler in, as if it were fresh. Call it while `working`."""
        if (name, shift) not in self._samplers:
            self._samplers[name, shift] = schedulers.build(self.source.family, name, self.published, shift=shift)
        mine = schedulers.fresh(self._samplers[name, shift])
        if type(mine) is type(self.pipe.scheduler):
            vars(self.pipe)["scheduler"] = mine  # which the pipeline would note at length, though nothing is new in it
        else:
            self.pipe.scheduler = mine

    @contextmanager
    def working(self, context: Context, total: int, *, drawing: bool = False, cached: float = 0.0) -> Iterator[Count]:
        """Have the pipeline for oneself. `context.step` is called often, and ends the work by raising.

        While it is `drawing`, its blocks are compiled, or its passes recorded, where the placement wants that and it
        pays; what raises `Uncompiled` then is to be tried again, see `Compiling.tried`. Where it is `cached`, what
        follows a transformer's first block is taken over from the last step when that block changed by less.
        """
        count = Count(context.step, total)
        with self.alone(count.beat), torch.no_grad(), ExitStack() as hooks:
            count.beat()
            taking = hooks.enter_context(caching.taking_over(self, cached))
            whole = drawing and not taking and hooks.enter_context(self._faster(count))
            hooks.enter_context(self._listening(count, whole=whole))
            hooks.callback(self._settle)
            yield count

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of how it works now."""
        return (*self.eased.notes, *self.compiling.notes, *self.graphs.notes)

    def _heard(self, network: nn.Module) -> tuple[nn.Module, ...]:
        """Its blocks, looked for once."""
        if network not in self._blocks:
            self._blocks[network] = tuple(blocks(network))
        return self._blocks[network]

    def _faster(self, count: Count) -> AbstractContextManager[bool]:
        """Compiled or recorded, as the source wants it; not beside hooks that take the place of a block's own call."""
        whole = self.offload in ("none", "tiles") and self.placement.precision != "fp8"
        networks = list(self.denoisers().values()) if whole else []
        if networks and self.source.graphed:
            return self.graphs.used(networks[0], beat=count.beat)
        return self.compiling.used(networks if self.source.compiles else (), kinds=self.source.blocks, beat=count.beat)

    @contextmanager
    def _listening(self, count: Count, *, whole: bool) -> Iterator[None]:
        """Every block tells that it begins; of denoisers that run `whole`, as compiled ones do, they alone."""
        listen, heard = _listener(count), list[nn.Module]()
        try:
            for name, network in self.networks().items():
                alone = whole and name in self.source.denoisers
                heard += (network,) if alone else self._heard(network)
            for block in heard:
                _before(block)[listen] = listen
            yield
        finally:
            for block in heard:
                _before(block).pop(listen, None)

    @contextmanager
    def alone(self, beat: Callable[[], None]) -> Iterator[None]:
        """Have the pipeline for oneself. `beat` is called while waiting, and ends the wait by raising."""
        while not self._lock.acquire(timeout=LISTEN):
            beat()
        try:
            yield
        finally:
            self._lock.release()

    def _settle(self) -> None:
        """Leave the pipeline as the next job wants it: offloaded parts at home, nothing kept of the last steps."""
        if self.offload not in ("none", "tiles"):
            self.pipe.maybe_free_model_hooks()


def computing(placement: Placement) -> torch.dtype:
    """What networks compute in. Weights of 8 bits are made 16 bits wide for it, layer by layer."""
    table: dict[Precision, torch.dtype] = {
        "float32": torch.float32,
        "float16": torch.float16,
        "bfloat16": torch.bfloat16,
        "fp8": torch.bfloat16,
    }
    dtype = table[placement.precision]
    if (
        dtype is torch.bfloat16
        and placement.device.startswith("cuda")
        and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        return torch.float16
    return dtype


def blocks(network: nn.Module) -> Iterator[nn.Module]:
    """The blocks in a network that do the work, some dozens of them; itself where there are none.

    Those are the members of its lists, and of the lists in these, that have members themselves. One that is made of
    others begins when its first one does, and is left out.
    """
    found: dict[str, nn.Module] = {}
    for name, part in network.named_modules():
        folds = name.split(".")
        inside = sum(each.isdigit() for each in folds)
        if isinstance(part, nn.ModuleList) and inside < DEEP and folds[-1] != LAYERS:
            entries = {f"{name}.{key}": entry for key, entry in part.named_children() if any(entry.children())}
            for outer in [outer for outer in found if entries and name.startswith(f"{outer}.")]:
                del found[outer]
            found |= entries
    yield from found.values() or (network,)


def _before(block: nn.Module) -> dict[object, Callable[..., None]]:
    """What a block calls before it begins. Torch has handles for it, which take longer to make than to be called."""
    hooks: dict[object, Callable[..., None]] = vars(block)["_forward_pre_hooks"]
    return hooks


def _listener(count: Count) -> Callable[..., None]:
    tell = count.tell

    def listen(*_: object) -> None:
        tell(count.done, count.total)

    return listen
