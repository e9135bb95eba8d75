"""A job service for tests of doors: everything in memory, and jobs move only when told to. Knows no engine, no stage.

jobs = ScriptedJobs(tmp_path, house=house)
job = jobs.submit(ask)
jobs.start(job.id); jobs.advance(job.id, "film", 3, 10); jobs.grow(job.id, b"first bytes"); jobs.finish(job.id)
jobs = ScriptedJobs(tmp_path, house=house, plays=lambda jobs, job_id: jobs.finish(job_id))     # each job in a thread
"""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from avatar.errors import AvatarError, Cancelled, Conflict, NotFound
from avatar.events import FellBack, Listener
from avatar.jobs.files import Variant, blob_of
from avatar.jobs.service import (  # fmt: skip
    ENDED,
    House,
    Job,
    Order,
    Page,
    Standing,
    Status,
    Told,
    Upload,
    UploadKind,
    brought,
)
from avatar.request import Ask
from avatar.testing_book import Book, Entry
from avatar.testing_films import Shelf, heard, page_of, tiny_outcome

Plays = Callable[["ScriptedJobs", str], None]


class ScriptedJobs:
    """A `JobService` whose jobs do what a test says. `refusal` is raised by `submit`, `orders` are those that came.

    With `plays`, each job runs that in a thread of its own. Times come from `clock`, in Unix seconds.
    """

    def __init__(
        self, folder: Path, *, house: House, plays: Plays | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.house = house
        self.refusal: AvatarError | None = None
        self.closed = False
        self.orders: list[Order] = []
        self.folder = folder
        self._plays = plays
        self._clock = clock
        self._book = Book(clock)
        self._shelf = Shelf(folder)
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._threads: list[threading.Thread] = []

    # What doors do.

    def submit(self, ask: Ask, order: Order = Order(), /) -> Job:
        """Take a request."""
        with self._book.lock:
            if self.refusal:
                raise self.refusal
            self.orders.append(order)
            if order.key is not None and (order.client, order.key) in self._keys:
                job_id, digest = self._keys[order.client, order.key]
                if digest != order.digest:
                    raise Conflict("This idempotency key came with another request before. Use a new key.")
                return self._book.entries[job_id].job
            job_id = f"video_{uuid.uuid4().hex}"
            job = Job(job_id, "queued", ask, client=order.client, priority=order.priority, created_at=self._clock())
            self._book.entries[job_id] = Entry(job)
            if order.key is not None:
                self._keys[order.client, order.key] = (job_id, order.digest)
            self._book.place()
            job = self._book.entries[job_id].job
            self._book.tell(job_id, "queued", position=job.queue_position, eta_seconds=None)
        if self._plays:
            thread = threading.Thread(target=self._plays, args=(self, job_id))
            self._threads.append(thread)
            thread.start()
        return job

    def job(self, job_id: str, /, *, client: str | None = None) -> Job:
        """The job as it is now."""
        with self._book.lock:
            return self._book.entry(job_id, client).job

    def jobs(
        self, *, client: str | None = None, after: str | None = None, limit: int = 20, status: Status | None = None
    ) -> Page:
        """Jobs, newest first."""
        with self._book.lock:
            seen = [entry.job for entry in reversed(self._book.entries.values()) if client in (None, entry.job.client)]
            if after is not None:
                self._book.entry(after, client)
        return page_of(seen, after=after, limit=limit, status=status)

    def follow(self, job_id: str, listener: Listener, /) -> Job:
        """Hear every event until the job has ended."""
        return heard(self, job_id, listener)

    def cancel(self, job_id: str, /, *, client: str | None = None) -> Job:
        """Call a job off; it ends at once."""
        with self._book.lock:
            entry = self._book.entry(job_id, client)
            if entry.job.status not in ENDED:
                self._book.end(job_id, "canceled", error=Cancelled("The work was called off."))
                self._book.tell(job_id, "canceled")
            return entry.job

    def delete(self, job_id: str, /, *, client: str | None = None) -> None:
        """Forget a job."""
        with self._book.lock:
            self._book.entry(job_id, client)
            del self._book.entries[job_id]
            self._book.place()
            self._book.ring(job_id)

    def file(self, job_id: str, variant: Variant, /, *, client: str | None = None) -> Path:
        """A finished file."""
        job = self.job(job_id, client=client)
        if job.outcome is None:
            raise NotFound(f"Job {job_id} has no files ({job.status}). Wait for it, or ask anew.")
        return self.folder / blob_of(job.outcome, variant).sha256

    def upload(
        self, file: Path, media_type: str, /, *, kind: UploadKind, consent: bool, client: str = "local"
    ) -> Upload:
        """Take a file; it is moved away."""
        with self._book.lock:
            return self._shelf.take(file, media_type, kind=kind, consent=consent, client=client, now=self._clock())

    def uploaded(self, upload_id: str, /, *, client: str | None = None) -> Upload:
        """What was brought under this id."""
        with self._book.lock:
            return self._shelf.taken(upload_id, client)

    def renew(self, job_id: str, part: str, /, *, client: str, sees: str | None) -> Upload:
        """What was brought for a job, as a new upload."""
        blob, kind = brought(self.job(job_id, client=sees), part)
        with self._book.lock:
            return self._shelf.put(blob, kind=kind, client=client, now=self._clock())

    def events(self, job_id: str, /, *, after: int = 0) -> tuple[Told, ...]:
        """What was told since number `after`."""
        with self._book.lock:
            return tuple(told for told in self._book.entry(job_id).told if told.number > after)

    def watch(self, news: Callable[[str], None], /) -> Callable[[], None]:
        """Call `news` after each change."""
        with self._book.lock:
            number = max(self._book.watchers, default=0) + 1
            self._book.watchers[number] = news

        def stop() -> None:
            with self._book.lock:
                self._book.watchers.pop(number, None)

        return stop

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._book.watchers)

    def live(self, job_id: str, /) -> Iterator[bytes]:
        """What `grow` gave so far, then what it gives."""
        kind = self.job(job_id).request.kind
        if kind in ("speech", "image"):
            raise NotFound(f"Job {job_id} makes no film. Ask for its {'audio' if kind == 'speech' else 'image'}.")
        return self._book.growing(job_id)

    def glimpse(self, job_id: str, /, *, client: str | None = None) -> bytes:
        """The last picture that `show` gave."""
        with self._book.lock:
            entry = self._book.entry(job_id, client)
            if not entry.seen or entry.job.status in ENDED:
                raise NotFound(f"Job {job_id} shows nothing now.")
            return entry.seen

    def standing(self) -> Standing:
        """How full the house is."""
        with self._book.lock:
            counts = Counter(entry.job.status for entry in self._book.entries.values())
        ended = {status: counts[status] for status in sorted(ENDED) if counts[status]}
        return Standing(counts["queued"], counts["in_progress"], workers=1, ended=ended)

    def close(self) -> None:
        """Wait for the threads that play."""
        self.closed = True
        for thread in self._threads:
            thread.join()

    # What a test says.

    def start(self, job_id: str, stage: str = "speech", backend: str = "tiny") -> None:
        """The job is at work on this stage."""
        with self._book.lock:
            entry = self._book.entry(job_id)
            began = entry.job.started_at or self._clock()
            entry.job = replace(
                entry.job, status="in_progress", stage=stage, started_at=began, queue_position=None, eta_seconds=None
            )
            self._book.place()
            self._book.tell(job_id, "started", stage=stage, backend=backend)

    def advance(self, job_id: str, stage: str, done: int, total: int) -> None:
        """The job is so far within a stage."""
        with self._book.lock:
            entry = self._book.entry(job_id)
            entry.job = replace(entry.job, stage=stage, progress=100 * done / total)
            self._book.tell(job_id, "progress", stage=stage, done=done, total=total, percent=100 * done / total)

    def step_down(self, job_id: str, step: FellBack) -> None:
        """A backend could not do it."""
        with self._book.lock:
            entry = self._book.entry(job_id)
            entry.job = replace(entry.job, fallbacks=(*entry.job.fallbacks, step))
            self._book.tell(job_id, "fell_back", stage=step.stage, **{"from": step.backend}, to=step.to, why=step.why)

    def grow(self, job_id: str, piece: bytes) -> None:
        """More of the film can be watched."""
        with self._book.lock:
            entry = self._book.entry(job_id)
            first = not entry.grown
            entry.grown.append(piece)
            if first:
                self._book.tell(job_id, "playable")
            else:
                self._book.ring(job_id)

    def show(self, job_id: str, picture: bytes, stage: str = "video") -> None:
        """There is a new small picture of what is coming into being."""
        with self._book.lock:
            self._book.entry(job_id).seen = picture
            self._book.tell(job_id, "glimpse", stage=stage)

    def finish(
        self,
        job_id: str,
        *,
        video: bytes | None = b"a film",
        sound: bytes = b"a sound",
        reason: str | None = None,
        backends: dict[str, str] | None = None,
    ) -> None:
        """The job is done; without `video` only the sound was made. A `reason` marks it as degraded."""
        with self._book.lock:
            entry = self._book.entry(job_id)
            if entry.job.status in ENDED:
                return
            ask = entry.job.request
            steps = entry.job.fallbacks
            degraded = bool(steps or reason)
            made = tiny_outcome(self._shelf.keep, ask, video=video, sound=sound)
            outcome = replace(
                made, backends=backends or {"speech": "tiny"}, fallbacks=steps, degraded=degraded, reason=reason
            )
            self._book.end(job_id, "completed", outcome=outcome)
            self._book.tell(job_id, "finished", mode=outcome.mode, degraded=degraded)

    def fail(self, job_id: str, error: AvatarError, stage: str | None = None) -> None:
        """The job came to nothing."""
        with self._book.lock:
            self._book.end(job_id, "failed", error=error)
            told = {"code": error.code, "message": str(error), "stage": stage, "retryable": error.retryable}
            self._book.tell(job_id, "failed", **told)

    def expire(self, job_id: str) -> None:
        """The job's time is over, and its files are gone."""
        with self._book.lock:
            entry = self._book.entry(job_id)
            entry.job = replace(entry.job, status="expired", outcome=None)
            entry.told.clear()
