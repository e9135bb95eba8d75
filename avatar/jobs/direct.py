"""Jobs done here and now, in the caller's own thread; gone with the process. Knows no stage: it is given `render`."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import clear_frames

from avatar.attempt import Wish
from avatar.engine import Engine
from avatar.errors import AvatarError, BadRequest, Cancelled, NotFound
from avatar.events import Listener, Outcome
from avatar.jobs import rigs
from avatar.jobs.service import House, Job, Status, Variant, blob_of
from avatar.request import TalkRequest
from avatar.stage import Run
from avatar.storage import Session

Render = Callable[[TalkRequest, Run], Outcome]


@dataclass
class _Entry:
    job: Job
    session: Session
    cancelled: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)


class DirectJobs:
    """A `JobService` without a queue: `follow` does the work. Files stay until `delete` or the end of the process."""

    def __init__(self, engine: Engine, *, render: Render, house: House, timeout: float | None = None) -> None:
        self.house = house
        self._engine = engine
        self._render = render
        self._timeout = timeout
        self._entries: dict[str, _Entry] = {}

    def submit(self, ask: TalkRequest) -> str:
        """The id under which this request is now known. Raises `StorageError` when nothing could be stored."""
        job = Job(f"video_{uuid.uuid4().hex}", "queued", ask)
        self._entries[job.id] = _Entry(job, self._engine.store.session())
        return job.id

    def follow(self, job_id: str, listener: Listener) -> Job:
        """Do the job, unless that was done before, and tell what happens. Raises `NotFound`."""
        entry = self._entry(job_id)
        with entry.turn:
            if entry.job.status == "queued":
                self._work(entry, listener)
            return entry.job

    def job(self, job_id: str) -> Job:
        """The job as it is now. Raises `NotFound`."""
        return self._entry(job_id).job

    def cancel(self, job_id: str) -> None:
        """Call a job off. Raises `NotFound`."""
        self._entry(job_id).cancelled.set()

    def file(self, job_id: str, variant: Variant) -> Path:
        """A finished file of the job. Raises `NotFound`, `StorageError`."""
        entry = self._entry(job_id)
        if entry.job.outcome is None:
            raise NotFound(f"Job {job_id} has no files ({entry.job.status}). Wait for it, or ask anew.")
        return entry.session.path(blob_of(entry.job.outcome, variant))

    def delete(self, job_id: str) -> None:
        """Forget a job that has ended. Raises `NotFound`, or `BadRequest` while it runs."""
        entry = self._entry(job_id)
        if entry.job.status == "in_progress":
            raise BadRequest(f"Job {job_id} is running. Cancel it first.")
        entry.session.close()
        del self._entries[job_id]

    def _entry(self, job_id: str) -> _Entry:
        entry = self._entries.get(job_id)
        if entry is None:
            raise NotFound(f"There is no job {job_id}. Check the id.")
        return entry

    def _work(self, entry: _Entry, listener: Listener) -> None:
        clock = self._engine.clock
        began = clock()
        deadline = None if self._timeout is None else began + self._timeout
        wish = Wish(listener, entry.cancelled, deadline, strict=not entry.job.request.allow_degraded)
        walk = self._engine.walk(entry.session, wish)
        entry.job = replace(entry.job, status="in_progress")
        try:
            outcome = self._render(entry.job.request, walk)
        except AvatarError as error:
            clear_frames(error.__traceback__)  # the job keeps the error, not all that its frames held
            status: Status = "canceled" if isinstance(error, Cancelled) else "failed"
            entry.job = replace(entry.job, status=status, seconds=clock() - began, error=error)
        else:
            if outcome.film:
                rigs.remember(entry.session, outcome.film)
            entry.job = replace(entry.job, status="completed", seconds=clock() - began, outcome=walk.told(outcome))
