"""The words of planning: a machine, weights, and what was decided about each backend. Knows not how it is decided.

All sizes are bytes, all times seconds.
"""

from collections.abc import Iterator, Mapping
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
    """One file system that matters, and what for: `data`, `models`, `hub`, `temp`.

    `files_free`: None for no limit. `disk` is its device number: uses with the same one share their free bytes.
    """

    use: str
    size: int
    free: int
    files_free: int | None = None
    writable: bool = True
    disk: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process may use, container limits included. `disk` and `disk_free` are those of the models' mount.

    `host_ram` is what the host has where a container may use less of it, else 0. `space` is a Space's id and `tier` the
    hardware it names itself. `token` and `home`: whether there is a hub token, and a home folder.
    """

    cores: float
    ram: int
    ram_free: int
    disk: int
    disk_free: int
    gpus: tuple[Gpu, ...] = ()
    packages: frozenset[str] = frozenset()
    mounts: tuple[Mount, ...] = ()
    space: str | None = None
    hub: Literal["reachable", "unreachable", "offline", "unknown"] = "unknown"
    tier: str = ""
    host_ram: int = 0
    token: bool = False
    home: bool = True


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

    `backends` names one backend for a stage; `seconds` is the film's length; `budget` caps the bytes of all weights,
    `headroom` are the bytes of disk that are left to others. `route` are the stages that a request runs through; all
    when none is named. `compiled`: networks on a GPU of one's own are to be compiled. `more` are bytes of a device's
    memory that a request takes beyond what a backend's recipe counts, by the backend. `unmet` tells by stage and
    backend which wishes of a request one can't grant.
    """

    profile: Literal["auto", "minimal", "recommended", "maximum"] = "auto"
    backends: Mapping[str, str] = field(default_factory=dict)
    noncommercial: bool = False
    budget: int | None = None
    seconds: float = 10.0
    sound_only: bool = False
    headroom: int = 2 * 10**9
    route: tuple[str, ...] = ()
    compiled: bool = False
    more: Mapping[str, int] = field(default_factory=dict)
    unmet: Mapping[tuple[str, str], str] = field(default_factory=dict)


Scarce = Literal["vram", "ram", "disk", "budget", "files", "device", "capability"]
Unmet = Literal["package", "excluded", "licence", "token", "wish", "name", "hub"]
LackOf = Scarce | Unmet


@dataclass(frozen=True, slots=True)
class Lack:
    """What a refused backend is short of, counted: bytes of `vram`, `ram`, `disk` or `budget`, else things.

    `capability` counts tenths (80 is CUDA's 8.0); `wish`, `name` (it comes only when asked for by name), `excluded` and
    `hub` count bytes that are left out.
    """

    of: LackOf
    needs: int
    has: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One backend's turn: where it will run, or why it will not.

    `fetch` are the weights still to come before it can: until then the next one of its stage serves. `seconds` is the
    time expected for the film that was wished, `measured` whether that rests on runs of this machine. `lack` is there
    when it was refused, and `why` says the same in words.
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
    title: str = ""
    packages: tuple[str, ...] = ()
    special: bool = False
    """Whether it serves only requests of one kind, such as those with a picture of their own."""
    wanted: bool = True
    """Whether the profile, or somebody by its name, asks for it."""
    lack: Lack | None = None
    disk: int = 0
    """Bytes that its own weights add to the disk, what others before it bring not counted."""

    @property
    def refused(self) -> bool:
        """Whether it will not run here, now or later."""
        return self.lack is not None


@dataclass(frozen=True, slots=True)
class Change:
    """What the owner could change, and which backends (stage, title) would come with it; found by planning anew."""

    what: str
    gains: tuple[tuple[str, str], ...]
    fetch_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about this machine that its owner should know, and what to do about it."""

    level: Literal["error", "warning", "note"]
    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried, in this order, on this machine, and what that costs.

    `seconds` is the time for the wished film once all is fetched, `seconds_now` until then. `disk_after` and `disk_low`
    are the bytes left free on the models' disk in the end and at the worst moment; peaks are those of one backend at a
    time, as loaded ones give way to others. `stages` are those that what was asked runs through.
    """

    machine: Machine
    verdicts: tuple[Verdict, ...]
    profile: str = "auto"
    fetch: tuple[str, ...] = ()
    fetch_bytes: int = 0
    disk_after: int = 0
    disk_low: int = 0
    peak_vram: int = 0
    peak_ram: int = 0
    seconds: float = 0.0
    seconds_now: float = 0.0
    mode: Literal["video", "audio_only", "image"] = "video"
    notes: tuple[str, ...] = ()
    wishes: Wishes = Wishes()
    stages: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    """Titles of models that people ask for and that are not offered, and why."""

    def now(self, stage: str) -> Verdict | None:
        """Who serves a plain request at once; None when nobody can."""
        return next((v for v in self._plain(stage) if v.placement is not None), None)

    def then(self, stage: str) -> Verdict | None:
        """Who serves a plain request when everything planned is fetched; None when nobody can."""
        return next((v for v in self._plain(stage) if not v.refused), None)

    def _plain(self, stage: str) -> Iterator[Verdict]:
        return (verdict for verdict in self.verdicts if verdict.stage == stage and not verdict.special)

    def placement(self, stage: str, backend: str) -> Placement | None:
        """Where a backend runs; None when it was refused. Raises KeyError for one that was never planned."""
        for verdict in self.verdicts:
            if (verdict.stage, verdict.backend) == (stage, backend):
                return verdict.placement
        raise KeyError((stage, backend))
