"""One file from its source to the disk: resumed, counted, checked. Knows no model, no catalogue and no hub.

It grows as `<name>.part` and takes its name when its digest is right. What is there of it is not asked for again.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from avatar.disk import sync
from avatar.errors import Damaged, Stalled
from avatar.fetch.persist import Setback, persist
from avatar.fetch.shelf import on_disk
from avatar.fetch.words import File, Patience, Reply

BLOCK = 1 << 20
ENDING = ".part"
SECOND_LOOK = 2
"""How often wrong bytes are fetched before they are believed."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How to get one file. `open` answers from a position on; `gained` hears of bytes as they come, and may raise."""

    file: File
    target: Path
    open: Callable[[int], AbstractContextManager[Reply]]
    gained: Callable[[int], None]

    def run(self, patience: Patience, cancelled: Callable[[], bool]) -> str:
        """The file's sha256, once it is at `target`. Raises `FetchError`, `StorageError` or `Cancelled`."""
        with on_disk():
            self.target.parent.mkdir(parents=True, exist_ok=True)
        with _Part(self.part, promised=self.file) as part:
            attempt = partial(self._attempt, part)
            persist(attempt, patience=patience, cancelled=cancelled, gained=lambda: part.size)
            digest = part.sha256.hexdigest()
        with on_disk():
            sync(self.part)
            self.part.replace(self.target)
        return digest

    def _attempt(self, part: "_Part") -> None:
        """Everything that is missing. Wrong bytes are thrown away, once in the hope of better ones."""
        self._fill(part)
        if not part.right:
            part.spoiled += 1
            self.gained(-part.restart())
            damaged = Damaged(f"{self.file.path} came with other bytes than promised. Try again, or another mirror.")
            raise damaged if part.spoiled >= SECOND_LOOK else Setback(damaged)

    @property
    def part(self) -> Path:
        """Where it grows."""
        return self.target.with_name(self.target.name + ENDING)

    def _fill(self, part: "_Part") -> None:
        """Everything from where it stopped to the end, or as much as comes."""
        if part.size > self.file.size:
            self.gained(-part.restart())
        if part.size == self.file.size:
            return
        with self.open(part.size) as reply:
            if reply.size not in (None, self.file.size) or reply.start not in (0, part.size):
                raise Damaged(
                    f"{self.file.path} is offered in another size than promised. Try again later, or a mirror."
                )
            if reply.start != part.size:
                self.gained(-part.restart())
            for chunk in reply.chunks:
                part.add(chunk)
                self.gained(len(chunk))
                if part.size > self.file.size:
                    return
        if part.size < self.file.size:
            raise Setback(Stalled(f"{self.file.path} broke off. Try again: it goes on where it stopped."))


class _Part:
    """A growing file, and the digests of what is in it so far; git's counts the `promised` size in."""

    def __init__(self, path: Path, *, promised: File) -> None:
        self._promised = promised
        self.spoiled = 0
        self._forget()
        with on_disk():
            self._file = path.open("a+b")
            self._file.seek(0)
            while block := self._file.read(BLOCK):
                self._count(block)

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        with on_disk():
            self._file.close()

    @property
    def right(self) -> bool:
        """Whether what came is what was promised, as far as anything was."""
        as_sha256 = self._promised.sha256 in ("", self.sha256.hexdigest())
        as_blob = self._promised.blob in ("", self.blob.hexdigest())
        return self.size == self._promised.size and as_sha256 and as_blob

    def add(self, chunk: bytes) -> None:
        """Append."""
        with on_disk():
            self._file.write(chunk)
        self._count(chunk)

    def restart(self) -> int:
        """Begin anew; the bytes that were lost."""
        lost = self.size
        with on_disk():
            self._file.truncate(0)
        self._forget()
        return lost

    def _forget(self) -> None:
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.blob = hashlib.sha1(b"blob %d\0" % self._promised.size, usedforsecurity=False)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.sha256.update(chunk)
        if self._promised.blob:
            self.blob.update(chunk)
