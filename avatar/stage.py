"""The contract between the engine and everything that makes something.

A `Stage` is a slot with fixed types, a `Backend` a weightless recipe for filling it, a `Performer` the loaded thing
that does the work, a `Context` all that it sees of the world. Knows neither the engine nor any stage.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from avatar.artifacts import Blob

I = TypeVar("I")
O = TypeVar("O")
I_contra = TypeVar("I_contra", contravariant=True)
O_co = TypeVar("O_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a backend must have before it can run. Sizes are bytes; zero and empty mean nothing."""

    weights: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    vram: int = 0
    ram: int = 0
    device: str = "cpu"

    @property
    def floor(self) -> bool:
        """Whether it always runs: on a CPU, with no weights."""
        return not self.weights and self.device == "cpu"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how a backend is to be loaded, as the planner decided."""

    device: str = "cpu"
    precision: str = "float32"
    offload: str = "none"
    weights: dict[str, Path] = field(default_factory=dict)


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


class Performer(Protocol[I_contra, O_co]):
    """A loaded backend. Raises `BackendError` when it can't, `BadRequest` when nobody could."""

    def __call__(self, brief: I_contra, context: Context, /) -> O_co:
        """Do it. Several threads may call one performer at once."""
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
