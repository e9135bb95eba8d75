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
from dataclasses import dataclass, field
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


def scripted_machine(*, gpus: tuple[tuple[str, int], ...] = (), packages: tuple[str, ...] = ()) -> Machine:
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


class MemoryStore:
    """A store whose bytes live in a dictionary; `folder` only lends paths to those who must open a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs: dict[str, bytes] = {}
        self.records: dict[str, bytes] = {}

    def session(self) -> Session:
        """Begin a run."""
        return _MemorySession(self)


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
