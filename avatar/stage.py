"""The contract between the engine and everything that makes something.

A `Stage` is a slot with fixed types, a `Backend` a weightless recipe for filling it, a `Performer` the loaded thing
that does the work, a `Context` all that it sees of the world. Knows neither the engine nor any stage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar, runtime_checkable

from avatar.artifacts import Blob

I = TypeVar("I")
O = TypeVar("O")
I_contra = TypeVar("I_contra", contravariant=True)
O_co = TypeVar("O_co", covariant=True)


Device = Literal["cpu", "cuda", "mps"]
Precision = Literal["float32", "bfloat16", "float16", "fp8"]
Offload = Literal["none", "tiles", "group", "model", "sequential"]
"""What leaves the device's memory: nothing, VAE tiles and slices, groups of layers, whole models, every layer."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to run a backend. `vram` and `ram` are bytes at the peak, host memory while loading included.

    `pace` is a stated guess of the seconds of work that a second of film takes on the smallest machine that fits
    (0: not worth telling); measured times of this machine take its place where there are some.
    """

    device: Device = "cpu"
    precision: Precision = "float32"
    offload: Offload = "none"
    vram: int = 0
    ram: int = 0
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What a backend must have before it can run: catalogue ids, importable packages, one of its modes, best first.

    `also` are catalogue ids that it can do without but does better with: its placement has those that are there.
    """

    weights: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = (Mode(),)
    also: tuple[str, ...] = ()

    @property
    def floor(self) -> bool:
        """Whether it always runs: on a CPU, with no weights."""
        return not self.weights and any(mode.device == "cpu" for mode in self.modes)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how a backend is to be loaded, as the planner decided. `device` may carry an index, as `cuda:1`.

    `vram` and `ram` are the bytes of the chosen mode, `weights` the folders of the catalogue ids it needs, and of those
    that it does better with. `compiled`: its networks are compiled for the GPU first, as pays in a process that stays.
    """

    device: str = "cpu"
    precision: Precision = "float32"
    offload: Offload = "none"
    weights: dict[str, Path] = field(default_factory=dict)
    vram: int = 0
    ram: int = 0
    compiled: bool = False


class Context(Protocol):
    """All that a performer sees of the world outside its brief."""

    @property
    def device(self) -> str:
        """Where to compute: `cpu`, `cuda:0`, ..."""
        ...

    @property
    def seed(self) -> int:
        """The brief's own seed; 0 for a brief without one."""
        ...

    def step(self, done: int, total: int) -> None:
        """Report progress. Raises `Cancelled` when the work is no longer wanted, so call it often."""
        ...

    def scratch(self) -> Path:
        """A folder of this attempt's own; it is gone when the attempt ends."""
        ...

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file into the store. Raises `StorageError`."""
        ...

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        ...

    def playable(self, path: Path) -> None:
        """Tell that this growing file can be played from its start already."""
        ...

    def glimpse(self, picture: bytes) -> None:
        """Show a small JPEG of what is coming into being. It may be dropped; never raises."""
        ...


class Performer(Protocol[I_contra, O_co]):
    """A loaded backend. Raises `BackendError` when it can't, `BadRequest` when nobody could."""

    def __call__(self, brief: I_contra, context: Context, /) -> O_co:
        """Do it. Several threads may call one performer at once."""
        ...


@runtime_checkable
class Choosy(Protocol[I_contra]):
    """A backend for briefs of one kind only. Where it does not take one, the next is asked: no step down."""

    def takes(self, brief: I_contra, /) -> bool:
        """Whether this brief is of its kind."""
        ...


@runtime_checkable
class Wanted(Protocol[I_contra]):
    """A backend that may be asked for by name. Where the plan has no place for it then, the next one is a step down."""

    def named(self, brief: I_contra, /) -> bool:
        """Whether the asker wants this one, or what only this one does well."""
        ...


@runtime_checkable
class Granting(Protocol[I_contra]):
    """A backend that can't grant every wish of a brief that it takes. The next that can is asked: no step down."""

    def unmet(self, brief: I_contra, /) -> str:
        """Which wishes it can't grant, in sentences that say what it would take; empty when it grants all."""
        ...


class Backend(Protocol[I_contra, O_co]):
    """A recipe. `version` is raised whenever the same brief would give other bytes."""

    @property
    def id(self) -> str:
        """Its name within the chain."""
        ...

    @property
    def version(self) -> str:
        """Part of the cache key."""
        ...

    @property
    def needs(self) -> Needs:
        """What the planner must find."""
        ...

    def load(self, placement: Placement, /) -> Performer[I_contra, O_co]:
        """Import what is heavy and load weights. Raises `BackendError`."""
        ...


@runtime_checkable
class Batching(Protocol[I_contra, O_co]):
    """A performer that does several briefs at once for little more than the price of one."""

    def batch_key(self, brief: I_contra, /) -> str | None:
        """Briefs with equal keys may run together; None for one that must run alone."""
        ...

    def batch(self, briefs: Sequence[I_contra], contexts: Sequence[Context], /) -> Sequence[O_co]:
        """Do them all. A context that raises `Cancelled` is left out, and the others go on: see `avatar.batching`."""
        ...


@dataclass(frozen=True, slots=True)
class Stage(Generic[I, O]):
    """A slot in the pipeline: what comes in, what goes out, and who may do it, best first, floor last."""

    name: str
    gives: type[O]
    chain: tuple[Backend[I, O], ...]


class Run(Protocol):
    """How the pipeline asks for one stage's work; the engine is one, tests have others."""

    def __call__(self, stage: Stage[I, O], brief: I, /) -> O:
        """The artifact that answers `brief`. Raises `StageFailed` when no backend can make it."""
        ...
