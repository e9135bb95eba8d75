"""Jobs done here and now, in the caller's own thread; gone with the process. Knows no stage: it is given `render`."""

import math
import threading
import time
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
from avatar.jobs.barring import Barred, unbarred
from avatar.jobs.files import Variant, blob_of
from avatar.jobs.service import House, Job, Order, Status, Upload, UploadKind
from avatar.jobs.signing import Finish
from avatar.request import Ask
from avatar.stage import Run
from avatar.storage import Session

Render = Callable[[Ask, Run], Outcome]


@dataclass
class _Entry:
    job: Job
    session: Session
    cancelled: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)


class DirectJobs:
    """A `Maker` without a queue: `follow` does the work. Files stay until `delete` or the end of the process."""

    def __init__(
        self,
        engine: Engine,
        *,
        render: Render,
        house: House,
        timeout: float | None = None,
        finish: Finish | None = None,
        patience: float | None = None,
        barred: Barred = unbarred,
    ) -> None:
        self.house = house
        self._engine = engine
        self._render = render
        self._timeout = timeout
        self._finish = finish
        self._patience = patience
        self._barred = barred
        self._entries: dict[str, _Entry] = {}
        self._uploads: dict[str, tuple[Upload, Session]] = {}

    def submit(self, ask: Ask, order: Order = Order(), /) -> Job:
        """Take a request. Raises `StorageError` when nothing could be stored."""
        job = Job(f"video_{uuid.uuid4().hex}", "queued", ask, client=order.client, created_at=time.time())
        self._entries[job.id] = _Entry(job, self._engine.store.session())
        return job

    def follow(self, job_id: str, listener: Listener, /) -> Job:
        """Do the job, unless that was done before, and tell what happens. Raises `NotFound`."""
        entry = self._entry(job_id)
        with entry.turn:
            if entry.job.status == "queued":
                self._work(entry, listener)
            return entry.job

    def job(self, job_id: str, /, *, client: str | None = None) -> Job:
        """The job as it is now. Raises `NotFound`."""
        return self._entry(job_id).job

    def cancel(self, job_id: str, /, *, client: str | None = None) -> Job:
        """Call a job off. Raises `NotFound`."""
        entry = self._entry(job_id)
        entry.cancelled.set()
        return entry.job

    def file(self, job_id: str, variant: Variant, /, *, client: str | None = None) -> Path:
        """A finished file of the job. Raises `NotFound`, `StorageError`."""
        entry = self._entry(job_id)
        if entry.job.outcome is None:
            raise NotFound(f"Job {job_id} has no files ({entry.job.status}). Wait for it, or ask anew.")
        return entry.session.path(blob_of(entry.job.outcome, variant))

    def delete(self, job_id: str, /, *, client: str | None = None) -> None:
        """Forget a job that has ended. Raises `NotFound`, or `BadRequest` while it runs."""
        entry = self._entry(job_id)
        if entry.job.status == "in_progress":
            raise BadRequest(f"Job {job_id} is running. Cancel it first.")
        entry.session.close()
        del self._entries[job_id]

    def upload(
        self, file: Path, media_type: str, /, *, kind: UploadKind, consent: bool, client: str = "local"
    ) -> Upload:
        """Take a picture or sound of the caller's own; the file is moved away. Raises `StorageError`."""
        session = self._engine.store.session()
        now = time.time()
        blob = session.keep(file, media_type)
        upload = Upload(f"upload_{uuid.uuid4().hex}", kind, blob, client, consent, now, math.inf)
        self._uploads[upload.id] = (upload, session)
        return upload

    def uploaded(self, upload_id: str, /, *, client: str | None = None) -> Upload:
        """What was brought under this id. Raises `NotFound`."""
        if upload_id not in self._uploads:
            raise NotFound(f"There is no upload {upload_id}. Check the id.")
        return self._uploads[upload_id][0]

    def close(self) -> None:
        """Let go of all files."""
        for entry in self._entries.values():
            entry.session.close()
        for _, session in self._uploads.values():
            session.close()

    def _entry(self, job_id: str) -> _Entry:
        entry = self._entries.get(job_id)
        if entry is None:
            raise NotFound(f"There is no job {job_id}. Check the id.")
        return entry

    def _work(self, entry: _Entry, listener: Listener) -> None:
        clock = self._engine.clock
        began = clock()
        deadline = None if self._timeout is None else began + self._timeout
        ask = entry.job.request
        wish = Wish(
            listener,
            entry.cancelled,
            deadline,
            strict=not ask.allow_degraded,
            patience=self._patience,
            backends=ask.backends,
            barred=self._barred(ask),
        )
        walk = self._engine.walk(entry.session, wish)
        entry.job = replace(entry.job, status="in_progress")
        try:
            outcome = walk.told(self._render(ask, walk))
            if self._finish is not None:
                outcome = self._finish(ask, outcome, entry.session)
        except AvatarError as error:
            clear_frames(error.__traceback__)  # the job keeps the error, not all that its frames held
            status: Status = "canceled" if isinstance(error, Cancelled) else "failed"
            entry.job = replace(entry.job, status=status, seconds=clock() - began, error=error)
        else:
            if outcome.film:
                rigs.remember(entry.session, outcome.film)
            entry.job = replace(entry.job, status="completed", seconds=clock() - began, outcome=outcome)
