"""Files that appear whole or not at all, locks on files, and disks that say what is wrong.

Knows nothing of what is written.
"""

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar.errors import StorageError

DATA = "the data folder"
"""What the places below it are called: their own names say nothing to a reader."""


@contextmanager
def storage_errors(place: Path | str) -> Iterator[None]:
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
        return f"{_first(place)} can't be written. Change its permissions, or choose another place."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{_in_the_way(error, place)} is not a folder. Check the name, or choose another place."
    if error.errno == errno.ENOENT and place == DATA:
        return "Something is gone from the data folder. Ask again, or choose another place."
    if error.errno == errno.ENOENT:
        return f"The folder of {place} does not exist. Make it, or choose another place."
    return f"{_first(place)} can't be used ({error.strerror}). Check the disk, or choose another place."


def _first(place: Path | str) -> str:
    """The place as a sentence begins with it: a file keeps its name, a word gets its capital."""
    return str(place) if isinstance(place, Path) else place[:1].upper() + place[1:]


def _in_the_way(error: OSError, place: Path | str) -> Path | str:
    """What lies where a folder should: the place, or something above it, or the file that the system named."""
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Path()
    seen = (Path(place), *Path(place).parents, named, *named.parents)
    return next((path for path in seen if path.exists() and not path.is_dir()), place)


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


class Flock:
    """An advisory lock on a file, released by `with`, by the collector or by the death of the process."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path = path
        self._mode = mode

    def __enter__(self) -> None:
        self._file = self._path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, self._mode)
        except OSError:
            self._file.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._file.close()
