"""The models folder: what is installed, what is on its way in or out, who uses what. Knows neither network nor hub.

Locks are `flock`s: the kernel drops them with their process, however it dies.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from avatar import records
from avatar.amounts import amount
from avatar.disk import advice, replaced
from avatar.errors import NoRoom, StorageError
from avatar.fetch.words import Kept, Progress, Record, State
from avatar.plan import WeightFile, Weights

PLACE = "the folder of weights"
RECORD, STATE = "fetched.json", "coming.json"
COMING, GOING, PINNED, LOCKS = ".coming", ".going", ".pinned", ".locks"
FULL = (errno.ENOSPC, errno.EDQUOT)
BLOCK = 1 << 20


@contextmanager
def on_disk() -> Iterator[None]:
    """Turn the disk's refusals into `NoRoom` where it is full, else into `StorageError`."""
    try:
        yield
    except OSError as error:
        kind = NoRoom if error.errno in FULL else StorageError
        raise kind(advice(error, PLACE)) from error


def size_of(path: Path) -> int:
    """Bytes of a file or of all files below a folder; 0 for nothing."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return sum(size_of(inner) for inner in path.iterdir()) if path.is_dir() else path.stat().st_size
    return 0


class Shelf:
    """The models below `folder`, by the id of their catalogue row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, name: str) -> Path:
        """Where the model lies when it is installed."""
        return self.folder / name

    def coming(self, name: str) -> Path:
        """Where it grows until then."""
        return self.folder / COMING / name

    def fault(self, row: Weights) -> str | None:
        """Why a row is not installed, in a sentence; empty when nothing of it is here, None when it is whole."""
        place = self.place(row.id)
        if not place.is_dir():
            half = size_of(self.coming(row.id)) - size_of(self.coming(row.id) / STATE)
            return f"{row.id} is half fetched: {amount(half)} of {amount(row.size)} are here." if half else ""
        record = self.record(row.id)
        if record is None:
            return None if self._adoptable(row) else f"{row.id} has no record that can be read. Fetch it again."
        if row.revision and record.revision != row.revision:
            return f"{row.id} is here at another revision ({record.revision[:12]}). Fetch it again."
        if record.source != row.source or not {file.path for file in row.files} <= set(record.had):
            return f"{row.id} is here with other files than the catalogue names. Fetch it again."
        wrong = [file.path for file in record.files if not _is(place / file.path, file.size)]
        return f"{row.id} is damaged: {wrong[0]} is not whole. Fetch it again." if wrong else None

    def record(self, name: str) -> Record | None:
        """What was installed under this name, None where that can't be read."""
        with suppress(OSError, ValidationError):
            return records.load(Record, (self.place(name) / RECORD).read_bytes())
        return None

    def _adoptable(self, row: Weights) -> bool:
        """Whether a folder without a record holds exactly the bytes that the row promises by their digests."""
        return all(file.sha256 and self._has(row.id, file) for file in row.files)

    def _has(self, name: str, file: WeightFile) -> bool:
        path = self.place(name) / (file.load or file.path)
        return _is(path, file.size) and _known_digest(path, path.stat().st_mtime_ns) == file.sha256

    def state(self, name: str) -> State | None:
        """What is known of a model that is coming, None where that can't be read."""
        with suppress(OSError, ValidationError):
            return records.load(State, (self.coming(name) / STATE).read_bytes())
        return None

    def save(self, name: str, state: State) -> None:
        """Remember it. Raises OSError."""
        folder = self.coming(name)
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(folder / STATE) as half:
            half.write_bytes(records.dump(state))

    def installed(self) -> dict[str, Record]:
        """All models with a record, those that no catalogue names any more included."""
        with suppress(OSError):
            names = sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))
            return {name: record for name in names if (record := self.record(name))}
        return {}

    def half(self) -> dict[str, int]:
        """Bytes of each model that is still coming."""
        with suppress(OSError):
            return {path.name: size_of(path) for path in (self.folder / COMING).iterdir()}
        return {}

    def used(self, name: str) -> float:
        """When the model was used last, in seconds since 1970."""
        with suppress(OSError):
            return (self.place(name) / RECORD).stat().st_mtime
        return 0.0

    def touch(self, name: str) -> None:
        """It is used now; on a disk that can't be written nobody remembers."""
        with suppress(OSError):
            os.utime(self.place(name) / RECORD)

    def pinned(self, name: str) -> str:
        """The commit that it was first fetched at, empty before that."""
        with suppress(OSError):
            return (self.folder / PINNED / name).read_text().strip()
        return ""

    def pin(self, name: str, revision: str) -> None:
        """Remember the commit for later fetches; an empty one forgets it."""
        path = self.folder / PINNED / name
        with on_disk():
            if not revision:
                path.unlink(missing_ok=True)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as half:
                half.write_text(revision + "\n")

    def install(self, row: Weights, record: Record) -> Path:
        """What came takes its place, in one step."""
        staging, place = self.coming(row.id), self.place(row.id)
        with on_disk():
            with replaced(staging / RECORD) as half:
                half.write_bytes(records.dump(record))
            if place.exists():
                self.remove(place)
            staging.replace(place)
            _sync_folder(self.folder)
            (place / STATE).unlink(missing_ok=True)
        return place

    def remove(self, path: Path) -> int:
        """Take a folder away in one step, then free its bytes; how many they were."""
        size = size_of(path)
        if not path.exists():
            return 0
        with on_disk():
            gone = self.folder / GOING / uuid.uuid4().hex
            gone.parent.mkdir(parents=True, exist_ok=True)
            path.replace(gone)
        self.sweep()
        return size

    def clear(self, name: str) -> int:
        """Remove all there is of a model; how many bytes that freed. Hold its lock alone while calling."""
        return self.remove(self.place(name)) + self.remove(self.coming(name))

    def sweep(self) -> None:
        """Free what is on its way out, also what a dead process left there."""
        for path in (self.folder / GOING).glob("*"):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink()

    @contextmanager
    def locked(self, name: str, mode: int) -> Iterator[bool]:
        """Hold the lock of a name; false when `mode` has `LOCK_NB` and another holds it."""
        with ExitStack() as held:
            with on_disk():
                path = self.folder / LOCKS / name
                path.parent.mkdir(parents=True, exist_ok=True)
                file = held.enter_context(path.open("ab", buffering=0))
            try:
                fcntl.flock(file, mode)
            except BlockingIOError:
                yield False
                return
            yield True

    @contextmanager
    def used_by_me(self, name: str) -> Iterator[None]:
        """Nobody removes it until the end of the `with`; on a disk that can't be written nobody can anyway."""
        with ExitStack() as held:
            with suppress(StorageError):
                held.enter_context(self.locked(name, fcntl.LOCK_SH))
            yield

    def seen(self, row: Weights) -> Progress:
        """How far a model has come that another process fetches."""
        state = self.state(row.id)
        total = state.listing.size if state else row.size
        return Progress(row.id, "waiting", min(size_of(self.coming(row.id)), total), total)


def digest(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept(folder: Path, known: Mapping[str, str]) -> tuple[Kept, ...]:
    """Every file below a folder with its size and digest; `known` digests, by path, are not computed again."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (RECORD, STATE))
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return tuple(Kept(name, path.stat().st_size, known.get(name) or digest(path)) for name, path in names.items())


@lru_cache(maxsize=64)
def _known_digest(path: Path, _written: int) -> str:
    """Files that nobody has a record of are asked about again and again, but read once."""
    return digest(path)


def _is(path: Path, size: int) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
