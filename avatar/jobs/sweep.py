"""Removes what must not stay: jobs, films and uploads whose time is over, and what is nobody's. Knows no engine."""

import time
from dataclasses import dataclass

from avatar.jobs.live import LiveFolder
from avatar.jobs.shelf import Shelf
from avatar.jobs.transact import Desk
from avatar.storage import Store

SEEN = 600.0  # seconds that an ended job's growing film stays for those who began to watch it


@dataclass(frozen=True, slots=True)
class Sweep:
    """One round of cleaning, safe at any time and from any number of processes. Jobs that have not ended stay whole.

    `keep` is seconds, `budget` the bytes of all films and uploads. Raises `StorageError`.
    """

    shelf: Shelf
    desk: Desk
    store: Store
    live: LiveFolder
    keep: float
    budget: int

    def __call__(self) -> None:
        """Clean. Files go before the rows that tell of them, so that nothing is forgotten half-way."""
        old, uploads = self.shelf.stale()
        while old or uploads:
            for name in (*old, *uploads):
                self.store.release(name)
            for job in old:
                self.live.drop(job)
            self.desk.forget(old)
            self.shelf.remove(old, uploads)
            old, uploads = self.shelf.stale()
        self.shelf.forget_clients()
        self._fit()
        self._films()

    def tidy(self) -> None:
        """Remove what is nobody's, and what the cache did not need for as long as films are kept. Costs more."""
        for name in self.shelf.unknown(self.store.retained()):
            self.store.release(name)
        self.store.tidy(unused_since=self.shelf.clock() - self.keep)

    def _fit(self) -> None:
        gone = self.shelf.excess(self.budget)
        for job in gone:
            self.store.release(job)
            self.live.drop(job)
        if gone:
            self.shelf.empty(gone)

    def _films(self) -> None:
        """Growing films that have ended long ago."""
        unfinished = self.shelf.unfinished()
        for job, grown in self.live.shown().items():
            if job not in unfinished and grown < time.time() - SEEN:
                self.live.drop(job)
