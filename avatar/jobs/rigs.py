"""Finds the rig of a film that was made here by the film's own bytes. Knows no job, no stage and no door."""

from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path

from pydantic import ValidationError

from avatar import records
from avatar.artifacts import Blob, Film
from avatar.disk import storage_errors
from avatar.errors import StorageError
from avatar.storage import Session


def remember(session: Session, film: Film) -> None:
    """Note whose rig this is. Where the disk refuses, the film is there all the same, so nothing is raised."""
    with suppress(StorageError):
        session.remember(_key(film.video.sha256), records.dump(film.rig))


def find(session: Session, film: Path) -> Path | None:
    """The rig of this film file while the store still has it; None for a film that others made, or changed.

    It stays at least until `session` is closed. Raises `StorageError` when the film can't be read.
    """
    with storage_errors(film), film.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    record = session.recall(_key(digest))
    if record is None:
        return None
    with suppress(StorageError, ValidationError):
        return session.path(records.load(Blob, record))
    return None


def _key(digest: str) -> str:
    return sha256(f"rig of the film {digest}".encode()).hexdigest()
