"""Tells who watches that a job has new events. Knows no engine; asks the ledger only while somebody watches."""

import threading
from collections.abc import Callable
from pathlib import Path

from avatar.errors import StorageError
from avatar.events import Event, Failed, FellBack, Finished, Playable, Progressed, Started
from avatar.jobs.ledger import Ledger
from avatar.jobs.service import Told

LOOK = 0.05  # seconds between two looks while somebody watches
BACK = 500  # events looked at again: those of a slower transaction become visible later, with lower numbers

News = Callable[[str], None]
Seen = tuple[int, dict[str, int]]


class Watchers:
    """Everybody who watches in this process, and the one thread that looks for them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._change = threading.Condition()
        self._watchers: dict[int, News] = {}
        self._count = 0
        self._thread: threading.Thread | None = None

    def add(self, news: News) -> Callable[[], None]:
        """Call `news` from now on. Returns how to stop that."""
        seen = self._seen() if self._thread is None else None
        with self._change:
            self._count += 1
            number = self._count
            self._watchers[number] = news
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(seen,), name="news", daemon=True)
                self._thread.start()

        def stop() -> None:
            with self._change:
                self._watchers.pop(number, None)
                self._change.notify_all()

        return stop

    def heard(self, job: str) -> None:
        """Something was told of the job in this process."""
        with self._change:
            watchers = list(self._watchers.values())
        for news in watchers:
            news(job)

    def close(self) -> None:
        """Stop watching."""
        with self._change:
            self._watchers.clear()
            self._change.notify_all()

    def _seen(self) -> Seen | None:
        """The last event of all, and what was told of each job in the last ones; None while the database is gone."""
        try:
            last = self._ledger.last_event()
            return last, self._ledger.news(last - BACK)[1]
        except StorageError:
            return None

    def _run(self, seen: Seen | None) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: not self._watchers, timeout=LOOK)
                if not self._watchers:
                    self._thread = None
                    return
            if seen is None:
                seen = self._seen()
                continue
            last, known = seen
            try:
                last, told = self._ledger.news(last - BACK)
            except StorageError:  # the database is gone for now; what was told meanwhile is found later
                continue
            fresh = [job for job, number in told.items() if number > known.get(job, 0)]
            seen = last, told
            for job in fresh:
                self.heard(job)


def event_of(told: Told, *, live: Path) -> Event | None:  # noqa: PLR0911 - a table
    """The engine's event behind a told one; None where only the queue has spoken. `live` is the growing film."""
    data = told.data
    match told.name:
        case "started":
            return Started(data["stage"], data["backend"])
        case "progress":
            return Progressed(data["stage"], data["done"], data["total"])
        case "playable":
            return Playable("film", live)
        case "fell_back":
            return FellBack(data["stage"], data["from"], data["to"], data["why"])
        case "stage_finished":
            return Finished(data["stage"], data["backend"], data["seconds"], data["cached"])
        case "failed":
            return Failed(data["stage"] or "", data["code"], data["message"])
    return None
