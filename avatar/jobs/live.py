"""Films that can be watched while they grow: a second name for the growing file, and its reading. Knows no job's fate.

The second name is a hard link below the data folder, so it grows with the file, and any process of the machine can
read it; it stays when the maker's scratch folder goes.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from avatar.disk import DATA, storage_errors

PIECE = 1 << 16  # bytes


class LiveFolder:
    """The growing films below `folder`, one for each job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with storage_errors(DATA):
            folder.mkdir(parents=True, exist_ok=True)

    def place(self, job: str) -> Path:
        """Where a job's growing film is, or would be."""
        return self._folder / f"{job}.mp4"

    def show(self, job: str, growing: Path) -> bool:
        """Give the growing file its second name; false where the disk can't do that."""
        name = self._folder / f".{job}.{uuid.uuid4().hex[:8]}"
        with suppress(OSError):
            name.hardlink_to(growing)
            name.replace(self.place(job))
            return True
        name.unlink(missing_ok=True)
        return False

    def drop(self, job: str) -> None:
        """Remove the second name. Those who read it go on to its end."""
        with storage_errors(DATA):
            self.place(job).unlink(missing_ok=True)

    def shown(self) -> dict[str, float]:
        """The jobs that have a film here, and when it last grew, as Unix time."""
        found = {}
        with storage_errors(DATA):
            for path in self._folder.glob("*.mp4"):
                with suppress(FileNotFoundError):
                    found[path.stem] = path.stat().st_mtime
        return found

    def read(self, job: str, *, ended: Callable[[], bool]) -> Iterator[bytes]:
        """The film's bytes; an empty piece where nothing new is there yet. Ends when `ended` says so, after the last.

        When another attempt has taken the job over, its file has the same bytes, and is read on where the first ends.
        """
        place, position, file, over = self.place(job), 0, _open(self.place(job)), False
        try:
            while True:
                piece = b"" if file is None else file.read(PIECE)
                position += len(piece)
                if piece:
                    yield piece
                elif over:
                    return
                else:
                    over = ended()  # then read once more: what is there now is all
                    if not over:
                        yield b""
                    if _other(place, file):
                        if file is not None:
                            file.close()
                        file = _open(place, position)
        finally:
            if file is not None:
                file.close()


def _open(path: Path, position: int = 0) -> BinaryIO | None:
    try:
        file = path.open("rb")
    except OSError:
        return None
    file.seek(position)
    return file


def _other(path: Path, file: BinaryIO | None) -> bool:
    """Whether the name belongs to another file by now."""
    try:
        return file is None or not os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
