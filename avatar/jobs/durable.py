"""Jobs that survive anything: a `JobService` over the job database. Knows no stage, and no engine but a worker's bell.

It takes and answers from any process. Work is done by a `Worker`: the one it is given, in this process, or others that
share the database.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from avatar.artifacts import Blob
from avatar.errors import AvatarError, ConsentRequired, NotFound, StorageError
from avatar.events import Listener
from avatar.jobs import news, rows, tables
from avatar.jobs.files import Variant, blob_of
from avatar.jobs.ledger import Ledger, Limits
from avatar.jobs.live import LiveFolder
from avatar.jobs.rows import Clock
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
from avatar.jobs.shelf import Shelf
from avatar.jobs.transact import Desk
from avatar.jobs.worker import Worker
from avatar.request import Ask
from avatar.settings import Settings
from avatar.storage import Store

UPLOADS = 0.5
"""The share of the budget for films and uploads that uploads may take: films make room for new ones, they don't."""


class DurableJobs:
    """A `JobService`. Raises `StorageError` from everywhere while the database or the disk is gone.

    With a `worker` jobs are done in this process too, and start at once. `clock` gives Unix seconds.
    """

    def __init__(
        self, settings: Settings, *, house: House, store: Store, worker: Worker | None = None, clock: Clock = time.time
    ) -> None:
        url = tables.address(settings.data, settings.database_url)
        self.house = house
        self._store = store
        self._worker = worker
        self._keep = settings.keep
        self._room = int(settings.keep_budget * UPLOADS)
        self._clock = clock
        self._database = tables.Database(url)
        limits = Limits(settings.queue_length, settings.rate_limit, settings.keep)
        self._ledger = Ledger(self._database, limits=limits, clock=clock)
        self.shelf = Shelf(self._database, clock=clock)
        self._desk = Desk(url)
        self._live = LiveFolder(settings.data / "live")
        self._news = news.Watchers(self._ledger)
        if worker is not None:
            worker.hear(self._news.heard)

    def submit(self, ask: Ask, order: Order = Order(), /) -> Job:
        """Take a request. Raises `Conflict`, `QueueFull`, `RateLimited`, `StorageError`."""
        with self._brought(ask) as name:
            job, new = self._ledger.submit(name, ask, order, put=self._put)
        if new:
            if self._worker is not None:
                self._worker.ring()
            self._news.heard(job.id)
        else:
            self._let_go(name, ask)
        return job

    def follow(self, job_id: str, listener: Listener, /) -> Job:
        """Hear every event until the job has ended, and get it as it then is. Raises `NotFound`."""
        some = threading.Event()
        stop = self.watch(lambda told: some.set() if told == job_id else None)
        try:
            number = 0
            while True:
                for told in self.events(job_id, after=number):
                    number = told.number
                    event = news.event_of(told, live=self._live.place(job_id))
                    if event is not None:
                        listener(event)
                    if rows.over(told):
                        return self.job(job_id)
                some.wait(1.0)
                some.clear()
        finally:
            stop()

    def job(self, job_id: str, /, *, client: str | None = None) -> Job:
        """The job as it is now. Raises `NotFound`, also for another client's."""
        return self._ledger.job(job_id, client=client)

    def past(self, job_id: str, /) -> Job:
        """The job as it is or was, also a deleted one of which somebody is still to be told. Raises `NotFound`."""
        return self._ledger.past(job_id)

    def jobs(
        self, *, client: str | None = None, after: str | None = None, limit: int = 20, status: Status | None = None
    ) -> Page:
        """Jobs, newest first. Raises `NotFound` for an unknown `after`."""
        return self._ledger.page(client=client, after=after, limit=limit, status=status)

    def events(self, job_id: str, /, *, after: int = 0) -> tuple[Told, ...]:
        """What was told of the job since number `after`. Raises `NotFound`."""
        return self._ledger.events(job_id, after=after)

    def watch(self, news: Callable[[str], None], /) -> Callable[[], None]:
        """Call `news` with a job's id soon after there are new events of it. Returns how to stop that."""
        return self._news.add(news)

    def cancel(self, job_id: str, /, *, client: str | None = None) -> Job:
        """Call a job off: at once when it waits, within its current step when it runs. Raises `NotFound`."""
        self._call_off(job_id, client=client)
        return self.job(job_id, client=client)

    def delete(self, job_id: str, /, *, client: str | None = None) -> None:
        """Call off and forget a job, and let go of its files. Raises `NotFound`."""
        self._call_off(job_id, client=client, forget=True)
        row = self.shelf.row(job_id)
        if row is not None and row.status in ENDED:  # else its worker lets go of it, and the next sweep removes it
            self._store.release(job_id)
            self._live.drop(job_id)
            if not self.shelf.owed(job_id):  # else the sweep forgets it when the last webhook has gone out
                self._desk.forget([job_id])
                self.shelf.remove([job_id], [])

    def file(self, job_id: str, variant: Variant, /, *, client: str | None = None) -> Path:
        """A finished file of the job, to be read, not kept. Raises `NotFound`, `StorageError`."""
        job = self.job(job_id, client=client)
        if job.outcome is None:
            raise NotFound(f"Job {job_id} has no files ({job.status}). Wait for it, or ask anew.")
        return self._path(blob_of(job.outcome, variant))

    def upload(
        self, file: Path, media_type: str, /, *, kind: UploadKind, consent: bool, client: str = "local"
    ) -> Upload:
        """Take a checked picture or sound; the file is moved away. Raises `ConsentRequired`, `StorageError`."""
        if not consent:
            raise ConsentRequired("A face or a voice needs its owner's consent. Ask for it, and say so with consent.")
        with closing(self._store.session()) as session:
            return self._shelved(session.keep(file, media_type), kind, client=client)

    def renew(self, job_id: str, part: str, /, *, client: str, sees: str | None) -> Upload:
        """What was brought for a job, as a new upload of `client`. Raises `NotFound`, `StorageError`."""
        blob, kind = brought(self.job(job_id, client=sees), part)
        with closing(self._store.session()) as session:
            session.path(blob)  # it is still there, and stays until the upload holds it
            return self._shelved(blob, kind, client=client)

    def uploaded(self, upload_id: str, /, *, client: str | None = None) -> Upload:
        """What was brought under this id. Raises `NotFound`."""
        return self.shelf.upload(upload_id, client=client)

    def live(self, job_id: str, /) -> Iterator[bytes]:
        """The film as fragmented MP4 while it is being made; an empty piece means: wait a little.

        Raises `NotFound` when there is no film to come, or the job's own error when it failed.
        """
        kind = self.job(job_id).request.kind
        if kind in ("speech", "image"):
            raise NotFound(f"Job {job_id} makes no film. Ask for its {'audio' if kind == 'speech' else 'image'}.")
        return self._film(job_id)

    def glimpse(self, job_id: str, /, *, client: str | None = None) -> bytes:
        """The last small JPEG of what the job is making. Raises `NotFound`, also when it has ended or shows none."""
        self.job(job_id, client=client)
        return self._ledger.glimpse(job_id)

    def standing(self) -> Standing:
        """How full the house is."""
        return self._ledger.standing()

    def close(self) -> None:
        """Stop in good order: work in hand is left for the next start. May be called twice."""
        if self._worker is not None:
            self._worker.close()
        self._news.close()
        self._desk.close()
        self._database.close()

    def _shelved(self, blob: Blob, kind: UploadKind, *, client: str) -> Upload:
        now = self._clock()
        name = rows.new_id("upload")
        upload = Upload(name, kind, blob, client, consent=True, created_at=now, expires_at=now + self._keep)
        self.shelf.put(upload, budget=self._room)
        self._store.retain(name, [blob])
        return upload

    @contextmanager
    def _brought(self, ask: Ask) -> Iterator[str]:
        """The name of a new job. What was brought for it is kept before a worker sees it, and keeps what it makes."""
        name = rows.new_id("video")
        if ask.brought:
            self._store.retain(name, ask.brought)
        try:
            yield name
        except AvatarError:
            self._let_go(name, ask)
            raise

    def _let_go(self, name: str, ask: Ask) -> None:
        """There is no job of this name. What was brought stays where it was before."""
        if ask.brought:
            with suppress(StorageError):  # then the next sweep does it
                self._store.retain(name, ())
                self._store.release(name)

    def _put(self, found: sa.Connection, job_id: str, place: int) -> None:
        self._desk.put(found, job_id, priority=place)

    def _call_off(self, job_id: str, *, client: str | None, forget: bool = False) -> None:
        ended = self._ledger.cancel(job_id, client=client, forget=forget)
        if self._worker is not None:
            self._worker.call_off(job_id)
        if ended:
            with suppress(StorageError):  # it has ended; the worker that takes it up finds that out
                self._desk.drop(job_id)
        self._news.heard(job_id)

    def _path(self, blob: Blob) -> Path:
        with closing(self._store.session()) as session:
            return session.path(blob)

    def _film(self, job_id: str) -> Iterator[bytes]:
        told = False
        for piece in self._live.read(job_id, ended=lambda: self._ledger.ended(job_id)):
            told = told or bool(piece)
            yield piece
        job = self.job(job_id)
        if job.error is not None:
            raise job.error
        if not told:
            with self.file(job_id, "video").open("rb") as film:
                while piece := film.read(1 << 16):
                    yield piece
