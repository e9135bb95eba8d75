"""The words of planning: a machine, weights, and what was decided about each backend. Knows not how it is decided."""

from dataclasses import dataclass

from avatar.stage import Placement


@dataclass(frozen=True, slots=True)
class Gpu:
    """One accelerator. Sizes are bytes."""

    name: str
    vram: int
    vram_free: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process may use, container limits included. Sizes are bytes."""

    cores: float
    ram: int
    ram_free: int
    disk: int
    disk_free: int
    gpus: tuple[Gpu, ...] = ()
    packages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model: its path in the repository, its exact size in bytes and its digest."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Weights:
    """A catalogue row: which files, from where, at which revision, under which licence."""

    id: str
    source: str
    revision: str
    files: tuple[WeightFile, ...]
    licence: str
    commercial: bool

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One backend's turn: where it will run, or why it will not."""

    stage: str
    backend: str
    placement: Placement | None
    why: str
    floor: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried, in this order, on this machine."""

    machine: Machine
    verdicts: tuple[Verdict, ...]

    def placement(self, stage: str, backend: str) -> Placement | None:
        """Where a backend runs; None when it was refused. Raises KeyError for one that was never planned."""
        for verdict in self.verdicts:
            if (verdict.stage, verdict.backend) == (stage, backend):
                return verdict.placement
        raise KeyError((stage, backend))
