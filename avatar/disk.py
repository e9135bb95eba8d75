"""Files that appear whole or not at all, and disks that say what is wrong. Knows nothing of what is written."""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar.errors import StorageError


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a `StorageError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise StorageError(advice(error, place)) from error


def advice(error: OSError, place: Path | str) -> str:
    """One sentence on what happened at `place`, and one on what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {place} is full. Free some space there, or choose another place."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{place} can't be written. Change its permissions, or choose another place."
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"The folder of {place} does not exist. Make it, or choose another place."
    return f"{place} can't be used ({error.strerror}). Check the disk, or choose another place."


@contextmanager
def replaced(final: Path, *, beside: Path | None = None) -> Iterator[Path]:
    """A new file to write; when the `with` ends well it is synced and takes the name `final`, otherwise it is gone.

    It lives in `beside`, which must be on the same disk, by default in the folder of `final`. Raises OSError.
    """
    half = (beside or final.parent) / f".{final.name[:64]}.{uuid.uuid4().hex[:8]}"
    try:
        yield half
        sync(half)
        half.replace(final)
    finally:
        half.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file's bytes are on the disk. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
