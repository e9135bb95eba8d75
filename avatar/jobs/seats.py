"""Names for workers, each held by one living process: whoever holds a seat's lock is alive, however it may end.

Knows no job. A lock is a `flock` beside the SQLite file, or an advisory lock of PostgreSQL; both go with their holder.
"""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from avatar.disk import DATA, storage_errors
from avatar.jobs.tables import Database, database_errors

MOST = 10_000  # seats tried before giving up


class Seat(Protocol):
    """A worker's name for as long as it lives."""

    @property
    def id(self) -> str:
        """The name: the lowest that was free."""
        ...

    def check(self) -> None:
        """Take the lock again where a lost connection dropped it. Call it now and then."""
        ...

    def dead(self, other: str) -> AbstractContextManager[bool]:
        """Whether nobody holds the seat `other`; nobody can take it during the `with`."""
        ...

    def leave(self) -> None:
        """Give the seat back."""
        ...


def take(database: Database, *, data: Path) -> "FileSeat | AdvisorySeat":
    """The first free seat. Raises `StorageError`."""
    return FileSeat(data / "workers") if database.lite else AdvisorySeat(database.url)


class FileSeat:
    """A seat among the workers of one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with storage_errors(DATA):
            folder.mkdir(parents=True, exist_ok=True)
            self.id, self._file = self._first()

    def check(self) -> None:
        """Nothing to do: the kernel keeps the lock."""

    @contextmanager
    def dead(self, other: str) -> Iterator[bool]:
        """Whether nobody holds the seat `other`; nobody can take it during the `with`."""
        with storage_errors(DATA):
            file = self._lock(other)
        try:
            yield file is not None
        finally:
            if file is not None:
                file.close()

    def leave(self) -> None:
        """Give the seat back."""
        self._file.close()

    def _first(self) -> tuple[str, BinaryIO]:
        for number in range(MOST):
            name = f"worker-{number}"
            file = self._lock(name)
            if file is not None:
                return name, file
        raise OSError("no seat")

    def _lock(self, name: str) -> BinaryIO | None:
        file = (self._folder / f"{name}.lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file


class AdvisorySeat:
    """A seat among all workers of a PostgreSQL database. Its connection is used for nothing else."""

    def __init__(self, url: str) -> None:
        alive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "connect_timeout": 3}
        self._engine = sa.create_engine(
            url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool, connect_args=alive
        )
        with database_errors():
            self._held = self._engine.connect()
            names = (f"worker-{number}" for number in range(MOST))
            self.id = next(name for name in names if _locked(self._held, name))

    def check(self) -> None:
        """Take the lock again where a lost connection dropped it; while another has it, the next call tries anew."""
        if not self._held.closed:
            try:
                self._held.execute(sa.select(1))
            except DBAPIError:
                self._held.invalidate()
                self._held.close()
            else:
                return
        with database_errors(), ExitStack() as stack:
            fresh = stack.enter_context(self._engine.connect())
            if _locked(fresh, self.id):
                self._held = fresh
                stack.pop_all()

    @contextmanager
    def dead(self, other: str) -> Iterator[bool]:
        """Whether nobody holds the seat `other`; nobody can take it during the `with`."""
        with database_errors(), self._engine.connect() as found:
            yield _locked(found, other)

    def leave(self) -> None:
        """Give the seat back."""
        self._held.close()


def _locked(found: sa.Connection, name: str) -> bool:
    """Whether this connection holds the seat's lock now."""
    return bool(found.scalar(sa.select(sa.func.pg_try_advisory_lock(_number(name)))))


def _number(name: str) -> int:
    """The 64-bit key of a seat."""
    return int.from_bytes(sha256(f"avatar {name}".encode()).digest()[:8], "big", signed=True)
