"""Fakes and a workbench for tests of stages, engine and jobs; shipped, so that nobody has to patch. Knows no stage.

bench = workbench(tmp_path)
speech = bench.perform(espeak.Backend(), Brief("Hello.", ...))      # through load, with a real Context
wav = bench.context.path(speech.sound)
bench.events, bench.blob(b"bytes", "text/plain"), bench.read(blob)
"""

import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from avatar.artifacts import Blob
from avatar.attempt import Attempt, Wish
from avatar.errors import CorruptBlob, StorageError
from avatar.events import Event
from avatar.plan import Gpu, Machine
from avatar.stage import Backend, Context, Needs, Performer, Placement
from avatar.storage import Session, Store
from avatar.store import FolderStore

I = TypeVar("I")
O = TypeVar("O")

GIGABYTE = 10**9


@dataclass
class ManualClock:
    """A clock that moves only when told to. Seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        """Seconds now."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True)
class FakeBackend(Generic[I, O]):
    """A backend that does what `does` says; `loads` counts how often it was loaded, `calls` keeps the briefs it saw."""

    id: str
    does: Callable[[I, Context], O]
    version: str = "1"
    needs: Needs = Needs()
    loads: list[Placement] = field(default_factory=list)
    calls: list[I] = field(default_factory=list)

    def load(self, placement: Placement, /) -> Performer[I, O]:
        """A performer that remembers its brief and calls `does`."""
        self.loads.append(placement)

        def perform(brief: I, context: Context, /) -> O:
            self.calls.append(brief)
            return self.does(brief, context)

        return perform


def refusing(name: str, error: Exception) -> FakeBackend[I, O]:
    """A backend that always raises `error`."""

    def refuse(_brief: I, _context: Context) -> O:
        raise error

    return FakeBackend(name, refuse)


def scripted_machine(*, gpus: tuple[tuple[str, int], ...] = (), packages: Iterable[str] = ()) -> Machine:
    """A machine of 2 cores, 16 GB of RAM and 50 GB of disk, with GPUs given as (name, bytes of memory)."""
    return Machine(
        cores=2,
        ram=16 * GIGABYTE,
        ram_free=12 * GIGABYTE,
        disk=50 * GIGABYTE,
        disk_free=30 * GIGABYTE,
        gpus=tuple(Gpu(name, vram, vram) for name, vram in gpus),
        packages=frozenset(packages),
    )


def tiers(packages: Iterable[str] = ()) -> dict[str, Machine]:
    """The machines that this is made for, with these packages: a Space's tiers, and what people have at home.

    Memory, cores and disks of Spaces as their documentation states them, what is free of them as after a start. Nobody
    states RAM and disk of ZeroGPU: the same 16 and 50 GB as the smallest tier's are assumed.
    """
    t4, l4 = _card("Tesla T4", 16.1, (7, 5)), _card("NVIDIA L4", 24.2, (8, 9))
    a10g, h200 = _card("NVIDIA A10G", 24.1, (8, 6)), _card("NVIDIA H200", 150.8, (9, 0))
    zero = tuple(Gpu("ZeroGPU", size * GIGABYTE, size * GIGABYTE, "zerogpu", (9, 0)) for size in (48, 96))
    apple = Gpu("Apple M3", 24 * GIGABYTE, 24 * GIGABYTE, "mps")
    built = {
        "cpu-basic": _built(2, ram=16, disk=50, tier="cpu-basic"),
        "t4-small": _built(4, ram=15, disk=50, gpu=(t4,), tier="t4-small"),
        "l4": _built(8, ram=30, disk=400, gpu=(l4,), tier="l4x1"),
        "a10g-small": _built(4, ram=15, disk=110, gpu=(a10g,), tier="a10g-small"),
        "zerogpu": _built(2, ram=16, disk=50, gpu=zero, tier="zero-a10g"),
        "h200": _built(16, ram=128, disk=1000, gpu=(h200,)),
        "mac": _built(8, ram=36, disk=500, gpu=(apple,)),
        "laptop": _built(8, ram=16, disk=250),
        "full-disk": replace(_built(4, ram=32, disk=250, gpu=(a10g,)), disk_free=5 * GIGABYTE),
    }
    return {name: replace(machine, packages=frozenset(packages)) for name, machine in built.items()}


def _card(name: str, gigabytes: float, capability: tuple[int, int]) -> Gpu:
    """A card that nobody uses yet: its driver has taken a little already."""
    vram = int(gigabytes * GIGABYTE)
    return Gpu(name, vram, vram - 450 * 10**6, "cuda", capability)


def _built(cores: float, *, ram: int, disk: int, gpu: tuple[Gpu, ...] = (), tier: str = "") -> Machine:
    """A machine as after a start: 1.5 GB of its memory and a fifth of its disk taken; a Space where it has a tier."""
    return Machine(
        cores=cores,
        ram=ram * GIGABYTE,
        ram_free=ram * GIGABYTE - 1500 * 10**6,
        disk=disk * GIGABYTE,
        disk_free=disk * GIGABYTE * 4 // 5,
        gpus=gpu,
        space="owner/avatar-chat" if tier else None,
        tier=tier,
        hub="reachable",
    )


class MemoryStore:
    """A store whose bytes live in a dictionary; `folder` only lends paths to those who must open a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs: dict[str, bytes] = {}
        self.records: dict[str, bytes] = {}
        self.kept: dict[str, frozenset[str]] = {}

    def session(self) -> Session:
        """Begin a run."""
        return _MemorySession(self)

    def retain(self, name: str, blobs: Iterable[Blob]) -> None:
        """Keep these until `name` is released."""
        self.kept[name] = frozenset(blob.sha256 for blob in blobs)

    def release(self, name: str) -> None:
        """Remove what was kept under `name` alone."""
        for digest in self.kept.pop(name, frozenset()).difference(*self.kept.values()):
            self.blobs.pop(digest, None)

    def retained(self) -> frozenset[str]:
        """All names under which something is kept."""
        return frozenset(self.kept)

    def tidy(self, *, unused_since: float) -> None:
        """Nothing: this store notes no times."""


class _MemorySession:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def keep(self, path: Path, media_type: str) -> Blob:
        data = path.read_bytes()
        path.unlink()
        name = sha256(data).hexdigest()
        self._store.blobs[name] = data
        return Blob(name, media_type, len(data))

    def path(self, blob: Blob) -> Path:
        data = self._store.blobs.get(blob.sha256)
        if data is None:
            raise StorageError(f"Blob {blob.sha256[:12]} is gone. Make it anew.")
        if sha256(data).hexdigest() != blob.sha256:
            raise CorruptBlob(f"Blob {blob.sha256[:12]} is damaged. Make it anew.")
        path = self._store.folder / blob.sha256
        path.write_bytes(data)
        return path

    def hold(self, blobs: Iterable[Blob]) -> bool:
        held = (self._store.blobs.get(blob.sha256) for blob in blobs)
        return all(data is not None for data in held)

    def recall(self, key: str) -> bytes | None:
        return self._store.records.get(key)

    def remember(self, key: str, record: bytes) -> None:
        self._store.records[key] = record

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        folder = self._store.folder / uuid.uuid4().hex
        folder.mkdir()
        yield folder
        shutil.rmtree(folder)

    def close(self) -> None:
        pass


@dataclass
class Bench:
    """A real `Context` over a folder store, for one test."""

    context: Attempt
    store: Store
    session: Session
    events: list[Event]
    cancelled: threading.Event

    def perform(self, backend: Backend[I, O], brief: I, *, placement: Placement | None = None) -> O:
        """Load the backend and run it on `brief`."""
        return backend.load(placement or Placement())(brief, self.context)

    def blob(self, data: bytes, media_type: str) -> Blob:
        """These bytes, in the store."""
        path = self.context.scratch() / uuid.uuid4().hex
        path.write_bytes(data)
        return self.session.keep(path, media_type)

    def read(self, blob: Blob) -> bytes:
        """A blob's bytes."""
        return self.session.path(blob).read_bytes()


def workbench(folder: Path, *, stage: str = "test", seed: int = 0, device: str = "cpu") -> Bench:
    """A context, a store below `folder`, and the list of events that performers tell."""
    store = FolderStore(folder / "store", budget=10 * GIGABYTE)
    session = store.session()
    events: list[Event] = []
    cancelled = threading.Event()
    wish = Wish(listener=events.append, cancelled=cancelled)
    clock = ManualClock()
    context = Attempt(stage=stage, session=session, wish=wish, clock=clock, device=device, seed=seed)
    return Bench(context, store, session, events, cancelled)
