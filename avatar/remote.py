"""A place that several machines can write to: a shared folder, or what fsspec reaches. Knows no blob and no record.

Names are relative, with slashes. A file appears under its name whole or not at all; half ones lie in `incoming/`.
Everything here raises `Unreachable`, after a few short pauses, when the place does not answer.
"""

import importlib
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from avatar.disk import sync
from avatar.errors import BadRequest
from avatar.patience import PAUSES, Gone, Patient, Unreachable

T = TypeVar("T")

MARK = "avatar-store"  # a file that tells the shared folder from the empty place where it should be mounted
INCOMING = "incoming"
WHOLE = {"s3", "s3a", "gs", "gcs", "abfs", "az"}  # here an upload has no name before it is complete
CREATES = {"s3", "s3a"}  # here the service itself refuses a second file of one name
PARTS = {"chunksize": 8 << 20, "max_concurrency": 2}  # bytes of a part in memory, and parts at once


@dataclass(frozen=True, slots=True)
class Found:
    """A file's size in bytes, and the Unix time at which it was written or refreshed."""

    size: int
    modified: float


class Remote(Protocol):
    """Where files are shared. Every method raises `StorageError`."""

    def put(self, name: str, path: Path, *, anew: bool = False) -> None:
        """Copy a file there. One that is there already stays as it is, unless `anew`."""
        ...

    def fetch(self, name: str, path: Path) -> bool:
        """Copy a file from there; false when there is none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, in place of the one that was there."""
        ...

    def read(self, name: str) -> bytes | None:
        """A small file's bytes; None when there is none."""
        ...

    def find(self, name: str) -> Found | None:
        """What is known of a file; None when there is none."""
        ...

    def list(self, folder: str) -> Mapping[str, Found]:
        """Every file below a folder, by name."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...


def remote(url: str, *, pauses: Iterable[float] = PAUSES) -> Remote:
    """The place that a URL names. Raises `BadRequest` for an unknown kind, `StorageError` when it is shut."""
    kind, parted, rest = url.partition("://")
    if not parted or kind in ("file", "local"):
        return SharedFolder(Path(rest if parted else url), pauses=pauses)
    return Bucket(url, pauses=pauses)


class SharedFolder(Patient):
    """A folder that all machines mount."""

    def __init__(self, root: Path, *, pauses: Iterable[float] = PAUSES) -> None:
        super().__init__(pauses)
        self._root = root
        self._try(self._open)

    def put(self, name: str, path: Path, *, anew: bool = False) -> None:
        """Copy a file there."""
        self._try(lambda: self._put(name, lambda half: shutil.copyfile(path, half), anew=anew))

    def fetch(self, name: str, path: Path) -> bool:
        """Copy a file from there; false when there is none."""
        return self._look(lambda: shutil.copyfile(self._root / name, path)) is not None

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""
        self._try(lambda: self._put(name, lambda half: half.write_bytes(data), anew=True))

    def read(self, name: str) -> bytes | None:
        """A small file's bytes; None when there is none."""
        return self._look((self._root / name).read_bytes)

    def find(self, name: str) -> Found | None:
        """What is known of a file; None when there is none."""
        status = self._look((self._root / name).stat)
        return Found(status.st_size, status.st_mtime) if status else None

    def list(self, folder: str) -> Mapping[str, Found]:
        """Every file below a folder, by name."""
        return self._try(lambda: dict(self._walk(folder)))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self._look((self._root / name).unlink)

    def _open(self) -> None:
        (self._root / INCOMING).mkdir(parents=True, exist_ok=True)
        (self._root / MARK).touch()

    def _present(self) -> None:
        if not (self._root / MARK).exists():
            raise Gone

    def _look(self, act: Callable[[], T]) -> T | None:
        def look() -> T | None:
            try:
                return act()
            except FileNotFoundError:
                self._present()
                return None

        return self._try(look)

    def _put(self, name: str, fill: Callable[[Path], object], *, anew: bool) -> None:
        self._present()
        final = self._root / name
        half = self._root / INCOMING / uuid.uuid4().hex
        try:
            fill(half)
            sync(half)
            final.parent.mkdir(parents=True, exist_ok=True)
            if anew:
                half.replace(final)
            elif not final.exists():
                _link(half, final)
        finally:
            half.unlink(missing_ok=True)

    def _walk(self, folder: str) -> Iterator[tuple[str, Found]]:
        self._present()
        for path in (self._root / folder).rglob("*"):
            with suppress(FileNotFoundError):  # others remove files too
                status = path.stat()
                if stat.S_ISREG(status.st_mode):
                    yield path.relative_to(self._root).as_posix(), Found(status.st_size, status.st_mtime)


def _link(half: Path, final: Path) -> None:
    """Give a file its name, unless another one has it."""
    try:
        os.link(half, final)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links; both files hold the same bytes
        half.replace(final)


class Bucket(Patient):
    """A bucket or folder of whatever kind fsspec has a library for."""

    def __init__(self, url: str, *, pauses: Iterable[float] = PAUSES) -> None:
        super().__init__(pauses)
        kind = url.partition("://")[0]
        options: dict[str, Any] = {"use_listings_cache": False}
        if kind in CREATES:
            options["config_kwargs"] = {"connect_timeout": 5, "read_timeout": 60}
        try:
            core = importlib.import_module("fsspec.core")
            self._fs, self._root = core.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            raise BadRequest(f"AVATAR_STORE_URL can't be of the kind {kind}:// ({error}). Use another kind.") from None
        self._whole, self._creates = kind in WHOLE, kind in CREATES
        try:
            self.write(MARK, b"")
        except ValueError as error:  # what the service takes for no name of a bucket
            raise BadRequest(f"AVATAR_STORE_URL can't be {url} ({error}). Check the bucket's name.") from None

    def put(self, name: str, path: Path, *, anew: bool = False) -> None:
        """Copy a file there."""
        self._must(lambda: self._put(name, path, anew=anew))

    def fetch(self, name: str, path: Path) -> bool:
        """Copy a file from there; false when there is none."""
        return self._look(lambda: self._fs.get_file(self._at(name), str(path)) or True) is not None

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""
        self._must(lambda: self._fs.pipe_file(self._at(name), data))

    def read(self, name: str) -> bytes | None:
        """A small file's bytes; None when there is none."""
        return self._look(lambda: bytes(self._fs.cat_file(self._at(name))))

    def find(self, name: str) -> Found | None:
        """What is known of a file; None when there is none."""
        return self._look(lambda: self._found(self._fs.info(self._at(name))))

    def list(self, folder: str) -> Mapping[str, Found]:
        """Every file below a folder, by name."""
        told = self._look(lambda: self._fs.find(self._at(folder), detail=True)) or {}
        return {self._name(path): self._found(info) for path, info in told.items()}

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self._look(lambda: self._fs.rm_file(self._at(name)))

    def _at(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _name(self, path: str) -> str:
        return path.strip("/").removeprefix(self._root.strip("/")).strip("/")

    def _found(self, info: dict[str, Any]) -> Found:
        stamp = next(
            (info[key] for key in ("LastModified", "mtime", "updated", "last_modified", "created") if info.get(key)),
            0.0,
        )
        if isinstance(stamp, str):
            stamp = datetime.fromisoformat(stamp)
        return Found(int(info["size"]), stamp.timestamp() if isinstance(stamp, datetime) else float(stamp))

    def _look(self, act: Callable[[], T]) -> T | None:
        try:
            return self._try(act)
        except FileNotFoundError:
            return None

    def _put(self, name: str, path: Path, *, anew: bool) -> None:
        final = self._at(name)
        if self._creates:
            with suppress(FileExistsError):
                self._fs.put_file(str(path), final, mode="overwrite" if anew else "create", **PARTS)
        elif self._whole:
            self._fs.put_file(str(path), final)
        else:
            half = self._at(f"{INCOMING}/{uuid.uuid4().hex}")
            self._fs.put_file(str(path), half)
            self._fs.makedirs(final.rpartition("/")[0], exist_ok=True)
            self._fs.mv(half, final)

    def _must(self, act: Callable[[], T]) -> T:
        try:
            return self._try(act)
        except FileNotFoundError:
            raise Unreachable("The shared store's bucket does not exist. Make it, or check AVATAR_STORE_URL.") from None
