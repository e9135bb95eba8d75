"""One model on its way in: listed, given room, transferred file by file, converted, installed. Knows no other model.

`coming.json` beside the files says which listing they belong to and which of them are done, so that whoever comes next
goes on from there, also when a converted file is no longer what was fetched.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.errors import BackendError, Cancelled, Damaged, FetchError
from avatar.fetch.persist import persist
from avatar.fetch.room import Room, peak
from avatar.fetch.shelf import Shelf, kept, on_disk, size_of
from avatar.fetch.transfer import ENDING, Transfer
from avatar.fetch.words import File, Listener, Listing, Patience, Progress, Record, State, Step
from avatar.plan import Weights

if TYPE_CHECKING:
    from avatar.fetch.network import Network

WATCH = 16 * 10**6
"""After how many bytes the disk is looked at again."""
BEAT = 0.2
"""How many seconds lie between two reports."""


@dataclass
class Arrival:
    """Everything that one fetch of one model needs. `convert` is None where nothing is to be converted."""

    row: Weights
    shelf: Shelf
    room: Room
    network: "Network"
    patience: Patience
    convert: Callable[[Path], object] | None
    tell: Listener
    cancelled: Callable[[], bool]
    keep: Collection[str]
    _state: State = field(init=False)
    _done: int = 0
    _unwatched: int = 0
    _told: float = 0.0

    def run(self) -> Path:
        """Fetch it. Raises `FetchError`, `StorageError` or `Cancelled`; what is there by then stays."""
        self._say("sizes")
        listing = self._look()
        self._begin(listing)
        for file in listing.files:
            self._bring(file)
        self._say("files")
        record = self._record()
        place = self.shelf.install(self.row, record)
        self._say("installed")
        return place

    def _look(self) -> Listing:
        wanted = self.row.revision or self.shelf.pinned(self.row.id)
        ask = partial(self.network.look, self.row, wanted)
        listing = persist(ask, patience=self.patience, cancelled=self.cancelled)
        for note in listing.notes:
            self.tell(Progress(self.row.id, "sizes", total=listing.size, note=note))
        return listing

    def _begin(self, listing: Listing) -> None:
        """Keep what fits this listing of what is there already, and take the room for the rest."""
        folder, old = self.shelf.coming(self.row.id), self.shelf.state(self.row.id)
        stale = _stale(old.listing, listing) if old else set()
        done = dict(old.done) if old else {}
        if old is None or (stale and self.convert):
            self.shelf.remove(folder)
            done = {}
        for path in stale:
            done.pop(path, None)
            with on_disk():
                for name in (path, path + ENDING):
                    (folder / name).unlink(missing_ok=True)
        most = peak(listing, kept=self.row.converted if self.convert else 0, done=done)
        self._state = State(listing, most, done)
        with self.room.made(self.row.id, max(0, most - size_of(folder)), self.keep):
            self._save()
        if not self.row.revision and listing.revision:
            self.shelf.pin(self.row.id, listing.revision)
        self._done = sum(self._here(file) for file in listing.files)

    def _bring(self, file: File) -> None:
        """One file: here already, or fetched; then converted."""
        target = self.shelf.coming(self.row.id) / file.load
        self._watch()
        if not self._whole(file):
            opened = partial(self.network.open, self.row, file)
            transfer = Transfer(file, target, opened, partial(self._gained, file))
            self._state.done[file.load] = transfer.run(self.patience, self.cancelled)
            with on_disk():
                self._save()
        if self.convert and target.exists():
            self._convert(self.convert)

    def _convert(self, convert: Callable[[Path], object]) -> None:
        self._say("conversion")
        folder = self.shelf.coming(self.row.id)
        try:
            with on_disk():
                convert(folder)
        except ImportError as error:
            raise FetchError(f"{self.row.id} needs {error.name} to be converted. Install requirements.txt.") from error
        except BackendError as error:
            self.shelf.remove(folder)
            raise Damaged(f"{self.row.id} was fetched but can't be converted: {error}") from error

    def _whole(self, file: File) -> bool:
        """Whether a file is there: as it came, or as what a conversion made of it."""
        if self.convert and file.load in self._state.done:
            return True
        target = self.shelf.coming(self.row.id) / file.load
        return target.is_file() and size_of(target) == file.size

    def _here(self, file: File) -> int:
        """How many bytes of a file need not be fetched."""
        target = self.shelf.coming(self.row.id) / file.load
        return file.size if self._whole(file) else size_of(target.with_name(target.name + ENDING))

    def _record(self) -> Record:
        folder, listing = self.shelf.coming(self.row.id), self._state.listing
        with on_disk():
            files = kept(folder, {} if self.convert else self._state.done)
        had = tuple(file.path for file in self.row.files)
        conversion = self.row.conversion if self.convert else ""
        return Record(self.row.id, listing.source, listing.revision, time.time(), had, files, conversion)

    def _save(self) -> None:
        with on_disk():
            self.shelf.save(self.row.id, self._state)

    def _gained(self, file: File, size: int) -> None:
        """Bytes have come, or were lost. Raises `Cancelled`, and `NoRoom` where others have filled the disk."""
        self._done += size
        self._unwatched += abs(size)
        if self.cancelled():
            raise Cancelled("Fetching was called off. What is here already is not fetched again.")
        if self._unwatched >= WATCH:
            self._watch()
        if time.monotonic() - self._told >= BEAT:
            self._say("files", file.path)

    def _watch(self) -> None:
        """Look at the disk, and make room where others have filled it."""
        self._unwatched = 0
        if self.room.short():
            left = self._state.peak - size_of(self.shelf.coming(self.row.id))
            with self.room.made(self.row.id, max(0, left), self.keep):
                pass

    def _say(self, step: Step, path: str = "") -> None:
        self._told = time.monotonic()
        total = self._state.listing.size if step != "sizes" else self.row.size
        self.tell(Progress(self.row.id, step, self._done, total, path))


def _stale(old: Listing, new: Listing) -> set[str]:
    """The paths whose bytes are other ones now, or which are no longer wanted."""
    wanted = {file.load: (file.size, file.sha256, file.blob) for file in new.files}
    return {file.load for file in old.files if wanted.get(file.load) != (file.size, file.sha256, file.blob)}
