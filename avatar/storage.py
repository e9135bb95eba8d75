"""What the engine asks of a store. Knows no folder, no bucket and no database."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from avatar.artifacts import Blob


class Session(Protocol):
    """One run's hold on a store: whatever it keeps or holds stays until the session is closed."""

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file in, under the name of its digest, and hold it. Raises `StorageError`."""
        ...

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        ...

    def hold(self, blobs: Iterable[Blob]) -> bool:
        """Keep these from eviction; false when one of them is gone or damaged, and must be made again."""
        ...

    def recall(self, key: str) -> bytes | None:
        """The record remembered under `key`, or None."""
        ...

    def remember(self, key: str, record: bytes) -> None:
        """Write a record. Raises `StorageError`."""
        ...

    def scratch(self) -> AbstractContextManager[Path]:
        """A new empty folder on the store's own disk, gone at the end of the `with`."""
        ...

    def close(self) -> None:
        """Let go of everything held. May be called twice."""
        ...


class Store(Protocol):
    """Content-addressed bytes, and small records that say which of them answer which question."""

    def session(self) -> Session:
        """Begin a run. Raises `StorageError` when the store can't be written."""
        ...

    def retain(self, name: str, blobs: Iterable[Blob]) -> None:
        """Keep these, whatever else must go, until `name` is released. Raises `StorageError`."""
        ...

    def release(self, name: str) -> None:
        """Remove what was kept under `name`, unless another name or a live session has it too."""
        ...

    def retained(self) -> frozenset[str]:
        """All names under which something is kept."""
        ...

    def tidy(self, *, unused_since: float) -> None:
        """Remove what dead processes left, and what is kept by none and was last used before that Unix time."""
        ...
