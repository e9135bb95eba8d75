"""The jobs of `avatar.testing_jobs`: how they stand, what was told of them, who watches. Knows nobody who asks."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from avatar.errors import NotFound
from avatar.jobs.service import ENDED, TOLD, Job, Status, Told
from avatar.testing_films import DAY


@dataclass
class Entry:
    """One job, what was told of it, what of its film can be watched, and the last picture that it showed."""

    job: Job
    told: list[Told] = field(default_factory=list)
    grown: list[bytes] = field(default_factory=list)
    seen: bytes = b""


class Book:
    """All jobs, by their ids. Hold `lock` around every call; times come from `clock`, in Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self.entries: dict[str, Entry] = {}
        self.watchers: dict[int, Callable[[str], None]] = {}
        self._clock = clock

    def entry(self, job_id: str, client: str | None = None) -> Entry:
        """The job. Raises `NotFound`, also for another client's."""
        entry = self.entries.get(job_id)
        if entry is None or client not in (None, entry.job.client):
            raise NotFound(f"There is no job {job_id}. Check the id.")
        return entry

    def place(self) -> None:
        """Number those that wait."""
        waiting = [entry for entry in self.entries.values() if entry.job.status == "queued"]
        for place, entry in enumerate(sorted(waiting, key=lambda e: (e.job.priority, e.job.created_at)), start=1):
            entry.job = replace(entry.job, queue_position=place)

    def end(self, job_id: str, status: Status, **more: Any) -> None:
        """The job has ended so."""
        entry = self.entry(job_id)
        now = self._clock()
        entry.job = replace(
            entry.job, status=status, stage=None, queue_position=None, completed_at=now, expires_at=now + DAY, **more
        )
        self.place()

    def tell(self, job_id: str, name: TOLD, **data: Any) -> None:
        """Tell the job's next event."""
        entry = self.entry(job_id)
        number = entry.told[-1].number + 1 if entry.told else 1
        entry.told.append(Told(number, self._clock(), name, data))
        self.ring(job_id)

    def ring(self, job_id: str) -> None:
        """There is news of the job."""
        for news in list(self.watchers.values()):
            news(job_id)

    def growing(self, job_id: str) -> Iterator[bytes]:
        """The film, piece by piece; takes the lock by itself."""
        seen = 0
        while True:
            with self.lock:
                entry = self.entry(job_id)
                news, job = entry.grown[seen:], entry.job
            seen += len(news)
            yield from news
            if job.error:
                raise job.error
            if job.status in ENDED:
                return
            if not news:
                yield b""
