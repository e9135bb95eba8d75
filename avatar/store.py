"""The store as a folder: blobs named by their digest, records named by their key, safe for many processes at once.

Knows no stage and no artifact but `Blob`. Layout below the data folder:

    blobs/ab/cdef...     bytes whose sha256 is abcdef...; atime is the time of last use, mtime that of writing
    records/ab/cdef...   what the engine remembers under the key abcdef...
    runs/<id>/           one live session: `lock` (held while it lives), `pins` (digests it uses), scratch folders
    kept/<name>          digests that stay until this name is released, whoever lives
    quarantine/          blobs that were found damaged
    lock                 shared while something is added or pinned, exclusive while something is evicted or swept

A name below `blobs` or `records` appears by `os.replace` only, so no reader ever sees half a file. Locks are `flock`s:
the kernel drops them with their process, however it dies.
"""

import fcntl
import hashlib
import os
import shutil
import threading
import time
import uuid
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from avatar.artifacts import Blob
from avatar.disk import DATA, Flock, replaced, storage_errors, sync
from avatar.errors import CorruptBlob, StorageError

LOW_WATER = 0.9  # eviction goes on until this share of the budget is used
NOTED = 100_000  # files of which is known that they were read once and are whole
RECOUNT = 16  # other processes write too, so the folder is measured anew after each budget / RECOUNT bytes


@dataclass(frozen=True, slots=True)
class _Entry:
    used: int
    size: int
    name: str
    path: Path


class FolderStore:
    """A store below `folder`, kept under `budget` bytes by dropping what was not used for longest.

    What is retained under a name comes on top of the budget: those who retain have a budget of their own.
    Raises `StorageError` when the folder can't be made or written.
    """

    def __init__(self, folder: Path, *, budget: int) -> None:
        self.folder = folder
        self.budget = budget
        self._guard = threading.Lock()
        self._verified: dict[str, tuple[int, int]] = {}
        self._total = budget + 1  # unknown yet: the first addition measures
        self._since_measured = 0
        with storage_errors(folder):
            for name in ("blobs", "records", "runs", "kept", "quarantine"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            with self.locked(fcntl.LOCK_EX):
                self._sweep()

    def session(self) -> "FolderSession":
        """Begin a run. Raises `StorageError` when the folder can't be written."""
        with storage_errors(DATA), self.locked(fcntl.LOCK_SH):
            return FolderSession(self, self.folder / "runs" / uuid.uuid4().hex)

    def locked(self, mode: int) -> Flock:
        """The store-wide lock, `fcntl.LOCK_SH` to add and pin, `fcntl.LOCK_EX` to remove."""
        return Flock(self.folder / "lock", mode)

    def place(self, kind: str, name: str) -> Path:
        """Where the blob or record of this name lives."""
        return self.folder / kind / name[:2] / name[2:]

    def check(self, blob: Blob) -> Path:
        """The blob's file, marked as used now; its digest is compared once per process and file.

        Raises `CorruptBlob` after putting a damaged file aside, `StorageError` when there is none.
        """
        path = self.place("blobs", blob.sha256)
        with storage_errors(DATA):
            try:
                status = path.stat()
            except FileNotFoundError:
                raise StorageError(
                    f"Stored file {blob.sha256[:12]} is gone. Ask again: it will be made anew."
                ) from None
            seen = (status.st_ino, status.st_mtime_ns)
            good = status.st_size == blob.size
            if good and self._verified.get(blob.sha256) != seen:
                good = _digest(path) == blob.sha256
            if not good:
                path.replace(self.folder / "quarantine" / f"{blob.sha256}.{uuid.uuid4().hex[:8]}")
                raise CorruptBlob(f"Stored file {blob.sha256[:12]} was damaged. Ask again: it will be made anew.")
            self._note(blob.sha256, seen)
            os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        return path

    def add(self, path: Path, name: str) -> None:
        """Move a finished, synced file of this store's disk under its digest. Hold the shared lock while calling."""
        final = self.place("blobs", name)
        final.parent.mkdir(exist_ok=True)
        path.replace(final)
        status = final.stat()
        self._note(name, (status.st_ino, status.st_mtime_ns))
        self._count(status.st_size)

    def _note(self, name: str, seen: tuple[int, int]) -> None:
        if len(self._verified) >= NOTED:
            self._verified.clear()
        self._verified[name] = seen

    def _count(self, size: int) -> None:
        with self._guard:
            self._total += size
            self._since_measured += size

    def retain(self, name: str, blobs: Iterable[Blob]) -> None:
        """Keep these, whatever else must go, until `name` is released. Raises `StorageError`."""
        with storage_errors(DATA), self.locked(fcntl.LOCK_SH), replaced(self.folder / "kept" / name) as half:
            half.write_text("\n".join(sorted({blob.sha256 for blob in blobs})), encoding="utf-8")

    def release(self, name: str) -> None:
        """Remove what was kept under `name`, unless another name or a live session has it too."""
        with storage_errors(DATA), self.locked(fcntl.LOCK_EX), suppress(FileNotFoundError):
            gone = set((self.folder / "kept" / name).read_text(encoding="utf-8").split())
            (self.folder / "kept" / name).unlink()
            for digest in gone - self._held():
                self.place("blobs", digest).unlink(missing_ok=True)

    def retained(self) -> frozenset[str]:
        """All names under which something is kept."""
        with storage_errors(DATA):
            return frozenset(path.name for path in (self.folder / "kept").iterdir() if path.name[0] != ".")

    def tidy(self, *, unused_since: float) -> None:
        """Remove what dead processes left, and what is kept by none and was last used before that Unix time."""
        with storage_errors(DATA), self.locked(fcntl.LOCK_EX):
            self._sweep()
            held = self._held()
            for entry in self._entries():
                if entry.name not in held and entry.used < unused_since * 1e9:
                    entry.path.unlink(missing_ok=True)

    def trim(self) -> None:
        """Evict when over the budget. Never drops what a live session holds, in this process or another."""
        with self._guard:
            if self._total <= self.budget and self._since_measured <= self.budget // RECOUNT:
                return
        with storage_errors(DATA), self.locked(fcntl.LOCK_EX):
            self._sweep()
            kept = _listed((self.folder / "kept").iterdir())
            entries = sorted((each for each in self._entries() if each.name not in kept), key=lambda each: each.used)
            total = sum(entry.size for entry in entries)
            if total > self.budget:
                total -= self._evict(entries, total - int(self.budget * LOW_WATER))
        with self._guard:
            self._total, self._since_measured = total, 0

    def _evict(self, entries: list[_Entry], excess: int) -> int:
        held = self._held()
        freed = 0
        for entry in entries:
            if freed >= excess:
                break
            if entry.name not in held:
                with suppress(FileNotFoundError):
                    entry.path.unlink()
                    freed += entry.size
        return freed

    def _entries(self) -> Iterator[_Entry]:
        for kind in ("blobs", "records", "quarantine"):
            for folder, _, names in os.walk(self.folder / kind):
                for name in names:
                    path = Path(folder, name)
                    with suppress(FileNotFoundError):
                        status = path.stat()
                        yield _Entry(status.st_atime_ns, status.st_size, path.parent.name + name, path)

    def _held(self) -> set[str]:
        """What live sessions or names have."""
        pins = [run / "pins" for run in (self.folder / "runs").iterdir()]
        return _listed([*pins, *(self.folder / "kept").iterdir()])

    def _sweep(self) -> None:
        """Remove what dead processes left: every run whose lock nobody holds, and names half written."""
        for half in (self.folder / "kept").glob(".*"):
            half.unlink(missing_ok=True)
        for run in (self.folder / "runs").iterdir():
            with suppress(BlockingIOError, FileNotFoundError), Flock(run / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(run, ignore_errors=True)


class FolderSession:
    """One run's hold on a `FolderStore`.

    `close()` lets go of its pins and scratch folders, and may be called twice; so do the collector and the end of the
    process.
    """

    def __init__(self, store: FolderStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        folder.mkdir()
        hold = ExitStack()
        hold.enter_context(Flock(folder / "lock", fcntl.LOCK_EX))
        self._pins = hold.enter_context((folder / "pins").open("ab", buffering=0))
        hold.callback(shutil.rmtree, folder, ignore_errors=True)
        self._held: set[str] = set()
        self.close = weakref.finalize(self, hold.close)

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file in, under the name of its digest, and hold it. Raises `StorageError`."""
        with storage_errors(DATA):
            if path.stat().st_dev != self._folder.stat().st_dev:
                path = Path(shutil.copyfile(path, self._folder / uuid.uuid4().hex))
            name = _digest(path)
            sync(path)
            blob = Blob(name, media_type, path.stat().st_size)
            with self._store.locked(fcntl.LOCK_SH):
                self._pin(name)
                self._store.add(path, name)
        self._store.trim()
        return blob

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        with storage_errors(DATA), self._store.locked(fcntl.LOCK_SH):
            self._pin(blob.sha256)
            return self._store.check(blob)

    def hold(self, blobs: Iterable[Blob]) -> bool:
        """Keep these from eviction; false when one of them is gone or damaged."""
        with storage_errors(DATA), self._store.locked(fcntl.LOCK_SH):
            for blob in blobs:
                self._pin(blob.sha256)
                try:
                    self._store.check(blob)
                except StorageError:
                    return False
        return True

    def recall(self, key: str) -> bytes | None:
        """The record remembered under `key`, or None."""
        path = self._store.place("records", key)
        with storage_errors(DATA):
            try:
                record = path.read_bytes()
                os.utime(path)
            except FileNotFoundError:
                return None
        return record

    def remember(self, key: str, record: bytes) -> None:
        """Write a record. Raises `StorageError`."""
        final = self._store.place("records", key)
        with storage_errors(DATA):
            final.parent.mkdir(exist_ok=True)
            with replaced(final, beside=self._folder) as half:
                half.write_bytes(record)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new empty folder on the store's own disk, gone at the end of the `with`."""
        folder = self._folder / uuid.uuid4().hex
        with storage_errors(DATA):
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _pin(self, name: str) -> None:
        if name not in self._held:
            self._pins.write(f"{name}\n".encode())
            self._held.add(name)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(files: Iterable[Path]) -> set[str]:
    """All digests that these files name."""
    listed: set[str] = set()
    for file in files:
        with suppress(FileNotFoundError):
            listed.update(file.read_text(encoding="utf-8").split())
    return listed
