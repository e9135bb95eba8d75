"""Fetching a model as a whole: one at a time, only where there is room, shared by all who ask. Knows no stage.

What one asker has begun, the others wait for: threads of this process share its result, other processes its lock. When
it is called off, or dies, the next one goes on where it stopped.
"""

import fcntl
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.errors import Cancelled, FetchError, StorageError
from avatar.fetch.arrival import Arrival
from avatar.fetch.persist import TICK, pause, persist
from avatar.fetch.room import Room
from avatar.fetch.shelf import Shelf, size_of
from avatar.fetch.words import Holding, Hub, Listener, Patience, Progress, never, unheard
from avatar.plan import WeightFile, Weights

if TYPE_CHECKING:
    from avatar.fetch.network import Network

Conversion = Callable[[Path], object]
"""Turns what it knows in a folder into a better form, and does nothing where that was done. Raises `Unavailable`."""


def disk_free(folder: Path) -> int:
    """Bytes free on the disk of a folder that exists."""
    return shutil.disk_usage(folder).free


class Fetcher:
    """Keeps the catalogue's models below `models`.

    `budget` caps the bytes of all of them, None leaves that to the disk; `headroom` is what is left free to others.
    `conversions` are what a row's `conversion` names. `free` tells the bytes free on the disk of a folder.
    """

    def __init__(
        self,
        models: Path,
        catalogue: Mapping[str, Weights],
        *,
        budget: int | None = None,
        headroom: int = 0,
        hub: Hub | None = None,
        patience: Patience | None = None,
        conversions: Mapping[str, Conversion] | None = None,
        free: Callable[[Path], int] = disk_free,
    ) -> None:
        self._catalogue = catalogue
        self._hub = hub or Hub()
        self._patience = patience or Patience()
        self._conversions = conversions or {}
        self._shelf = Shelf(models)
        self._room = Room(self._shelf, budget=budget, headroom=headroom, free=free)
        self._shares: dict[str, _Share] = {}
        self._guard = threading.Lock()

    def installed(self) -> dict[str, Path]:
        """The folders of the catalogue's models that are here whole."""
        return {
            name: self._shelf.place(name) for name, row in self._catalogue.items() if self._shelf.fault(row) is None
        }

    def faults(self) -> dict[str, str]:
        """For each model of which something is here, but not all as it should be, a sentence that says so."""
        told = {name: self._shelf.fault(row) for name, row in self._catalogue.items()}
        return {name: fault for name, fault in told.items() if fault}

    def half(self) -> dict[str, int]:
        """Bytes of each model that is still coming."""
        return self._shelf.half()

    def holdings(self) -> tuple[Holding, ...]:
        """Everything that takes room below the models folder, also what no catalogue names any more."""
        faults, half, here = self.faults(), self._shelf.half(), self.installed()
        names = sorted({*here, *faults, *half, *self._shelf.installed()})
        return tuple(
            Holding(
                name,
                size_of(self._shelf.place(name)) + half.get(name, 0),
                record.revision if (record := self._shelf.record(name)) else "",
                self._shelf.used(name),
                faults.get(name, "" if name in here else "no catalogue names it any more"),
            )
            for name in names
        )

    def revision(self, name: str) -> str:
        """The revision that is here, else the one to be fetched; empty when only the hub knows. Raises KeyError."""
        record = self._shelf.record(name)
        return record.revision if record else self._catalogue[name].revision or self._shelf.pinned(name)

    def measure(self, row: Weights) -> Weights:
        """The row with the revision and the true sizes that its source has now. Raises `FetchError`."""
        wanted = row.revision or self._shelf.pinned(row.id)
        network = self._network()
        listing = persist(lambda: network.look(row, wanted), patience=self._patience, cancelled=never)
        files = tuple(WeightFile(file.path, file.size, file.sha256, file.load) for file in listing.files)
        return replace(row, revision=listing.revision, files=files)

    def fetch(
        self,
        row: Weights,
        *,
        progress: Listener = unheard,
        cancelled: Callable[[], bool] = never,
        keep: Collection[str] = (),
    ) -> Path:
        """The folder of a model, fetched if it is not here. None of `keep` is removed to make room for it.

        `cancelled` is asked with every piece that comes, and at the end of a silence. Raises `FetchError`, `NoRoom`
        before a byte is written when it can't fit, `StorageError`, or `Cancelled`.
        """
        while True:
            with self._guard:
                share = self._shares.get(row.id)
                leads = share is None
                share = share or self._shares.setdefault(row.id, _Share())
            share.join(progress)
            if leads:
                return self._lead(row, share, cancelled, keep)
            with suppress(_CalledOff):
                return share.wait(cancelled)

    @contextmanager
    def hold(self, name: str) -> Iterator[Path]:
        """The folder of an installed model, which nobody removes meanwhile. Raises KeyError, `FetchError`."""
        self._present(name)
        with self._shelf.used_by_me(name):
            self._present(name)
            self._shelf.touch(name)
            yield self._shelf.place(name)

    def _present(self, name: str) -> None:
        fault = self._shelf.fault(self._catalogue[name])
        if fault is not None:
            raise FetchError(fault or f"{name} is not here. Fetch it first.")

    def evict(self, name: str, *, unpin: bool = False) -> int:
        """Remove a model, also a half fetched one, unless somebody uses it; how many bytes that freed.

        `unpin` lets the next fetch take the newest revision. Raises `StorageError`.
        """
        with self._shelf.locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB) as mine:
            if not mine:
                return 0
            if unpin:
                self._shelf.pin(name, "")
            return self._shelf.clear(name)

    def _lead(self, row: Weights, share: "_Share", cancelled: Callable[[], bool], keep: Collection[str]) -> Path:
        """Do it, for all who ask meanwhile."""
        try:
            place = self._alone(row, share, cancelled, keep)
        except (FetchError, StorageError) as error:
            share.result.set_exception(error)
            raise
        else:
            share.result.set_result(place)
            return place
        finally:
            with self._guard:
                del self._shares[row.id]
            if not share.result.done():
                share.result.set_exception(_CalledOff())

    def _alone(self, row: Weights, share: "_Share", cancelled: Callable[[], bool], keep: Collection[str]) -> Path:
        """Under the lock that other processes see."""
        while self._shelf.fault(row) is not None:
            with self._shelf.locked(row.id, fcntl.LOCK_EX | fcntl.LOCK_NB) as mine:
                if mine and self._shelf.fault(row) is not None:
                    return self._arrive(row, share, cancelled, keep)
            share.tell(self._shelf.seen(row))
            pause(TICK, cancelled)
        self._shelf.touch(row.id)
        return self._shelf.place(row.id)

    def _arrive(self, row: Weights, share: "_Share", cancelled: Callable[[], bool], keep: Collection[str]) -> Path:
        convert = None
        if row.conversion:
            convert = self._conversions.get(row.conversion)
            if convert is None:
                raise FetchError(f"{row.id} can't be converted here. Install requirements.txt.")
        return Arrival(
            row=row,
            shelf=self._shelf,
            room=self._room,
            network=self._network(),
            patience=self._patience,
            convert=convert,
            tell=share.tell,
            cancelled=cancelled,
            keep=keep,
        ).run()

    def _network(self) -> "Network":
        """The hub's library is needed from here on."""
        try:
            from avatar.fetch.network import Network
        except ImportError as error:
            raise FetchError(f"{error.name} is not installed. Install requirements.txt to fetch weights.") from error
        return Network(self._hub, self._patience.silence)


class _CalledOff(Exception):
    """Who fetched no longer wants it; somebody who waits may go on."""


class _Share:
    """A fetch that several threads of this process wait for."""

    def __init__(self) -> None:
        self.result: Future[Path] = Future()
        self._listeners: list[Listener] = []
        self._last: Progress | None = None

    def join(self, listener: Listener) -> None:
        """One more who waits, and hears at once how far it is."""
        self._listeners.append(listener)
        if self._last:
            listener(self._last)

    def tell(self, progress: Progress) -> None:
        """Everybody who waits hears it."""
        self._last = progress
        for listener in tuple(self._listeners):
            listener(progress)

    def wait(self, cancelled: Callable[[], bool]) -> Path:
        """What the one who fetches gets. Raises what it raises, `_CalledOff`, or `Cancelled`."""
        while True:
            with suppress(TimeoutError):
                return self.result.result(timeout=TICK)
            if cancelled():
                raise Cancelled("Fetching was called off.")
