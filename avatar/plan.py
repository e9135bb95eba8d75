"""The words of planning: a machine, weights, and what was decided about each backend. Knows not how it is decided.

All sizes are bytes, all times seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from avatar.stage import Mode, Placement


@dataclass(frozen=True, slots=True)
class Gpu:
    """One accelerator. `capability` is CUDA's (major, minor), (0, 0) elsewhere."""

    name: str
    vram: int
    vram_free: int
    kind: Literal["cuda", "mps", "zerogpu"] = "cuda"
    capability: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Mount:
    """One file system that matters, and what for: `data`, `models`, `hub`, `temp`. `files_free`: None for no limit."""

    use: str
    size: int
    free: int
    files_free: int | None = None
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process may use, container limits included. `disk` and `disk_free` are those of the models' mount."""

    cores: float
    ram: int
    ram_free: int
    disk: int
    disk_free: int
    gpus: tuple[Gpu, ...] = ()
    packages: frozenset[str] = frozenset()
    mounts: tuple[Mount, ...] = ()
    space: str | None = None
    hub: Literal["reachable", "unreachable", "unknown"] = "unknown"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model: its path in the repository, and what is known of it before it is fetched.

    `size` is exact when `sha256` is there, else as the model's page shows it. `load` is the path under which a loader
    looks for it, where that is another one.
    """

    path: str
    size: int
    sha256: str = ""
    load: str = ""


Profile = Literal["minimal", "recommended", "maximum"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A catalogue row: which files, from where, at which revision, under which licence, and what they are for.

    `source` is a hub repository (`owner/name`) or an https folder; `revision` is 40 hex digits, or empty to be pinned
    on first fetch. `stage` is where they serve. `parameters` is their number, 0 when not known. `excluded` says why a
    model that people ask for is not offered. `converted` is the size after the conversion that `conversion` names.
    """

    id: str
    source: str
    revision: str
    files: tuple[WeightFile, ...]
    licence: str
    commercial: bool
    title: str = ""
    stage: str = ""
    parameters: int = 0
    gated: bool = False
    excluded: str = ""
    conversion: str = ""
    converted: int = 0

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(file.size for file in self.files)

    @property
    def kept(self) -> int:
        """Bytes that stay on the disk."""
        return self.converted or self.size


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the owner or one request wants of a plan.

    `backends` names one backend for a stage; `seconds` is the film's length; `budget` caps the bytes of all weights.
    """

    profile: Literal["auto", "minimal", "recommended", "maximum"] = "auto"
    backends: Mapping[str, str] = field(default_factory=dict)
    noncommercial: bool = False
    budget: int | None = None
    seconds: float = 10.0
    sound_only: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One backend's turn: where it will run, or why it will not.

    `fetch` are the weights still to come before it can: until then the next one of its stage serves. `seconds` is the
    time expected for the film that was wished, `measured` whether that rests on runs of this machine.
    """

    stage: str
    backend: str
    placement: Placement | None
    why: str
    floor: bool
    mode: Mode | None = None
    fetch: tuple[str, ...] = ()
    seconds: float = 0.0
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried, in this order, on this machine, and what that costs."""

    machine: Machine
    verdicts: tuple[Verdict, ...]
    profile: str = "auto"
    fetch: tuple[str, ...] = ()
    fetch_bytes: int = 0
    disk_after: int = 0
    peak_vram: int = 0
    peak_ram: int = 0
    seconds: float = 0.0
    mode: Literal["video", "audio_only"] = "video"
    notes: tuple[str, ...] = ()

    def placement(self, stage: str, backend: str) -> Placement | None:
        """Where a backend runs; None when it was refused. Raises KeyError for one that was never planned."""
        for verdict in self.verdicts:
            if (verdict.stage, verdict.backend) == (stage, backend):
                return verdict.placement
        raise KeyError((stage, backend))
