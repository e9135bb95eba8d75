"""What is kept besides jobs, and what must go: uploads, webhooks that are due, and all whose time is over.

Knows no door and no engine, and of the store no more than the names under which it keeps things.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from avatar import records
from avatar.amounts import amount
from avatar.artifacts import Blob
from avatar.errors import NoRoom, NotFound
from avatar.jobs import rows, tables
from avatar.jobs.rows import MINUTE, Row, jobs
from avatar.jobs.service import Upload, WebhookEvent
from avatar.jobs.tables import Database

ENDED = ("completed", "failed", "canceled", "expired")
BATCH = 500  # rows that go at once


@dataclass(frozen=True, slots=True)
class Due:
    """One webhook that is to be sent: which event of which job, to whom, and how often that was tried already."""

    id: str
    job: str
    url: str
    event: WebhookEvent
    at: float
    attempt: int


class Shelf:
    """Uploads, webhooks and retention. `clock` gives Unix seconds. Everything raises `StorageError`."""

    def __init__(self, database: Database, *, clock: rows.Clock) -> None:
        self.database = database
        self.clock = clock

    def put(self, upload: Upload, *, budget: int) -> None:
        """Note an upload. Raises `NoRoom` when all uploads together would take more than `budget` bytes."""
        with self.database.write() as found:
            kept = int(found.scalar(sa.select(sa.func.sum(tables.uploads.c.size))) or 0)
            if kept + upload.blob.size > budget:
                raise NoRoom(
                    f"What was brought takes {amount(kept)} already, and {amount(budget)} are allowed. Try again when"
                    " some of it is gone, or let the owner raise AVATAR_KEEP_BUDGET."
                )
            found.execute(
                tables.uploads.insert().values(
                    id=upload.id,
                    kind=upload.kind,
                    blob=records.dump(upload.blob).decode(),
                    size=upload.blob.size,
                    client=upload.client,
                    consent=upload.consent,
                    created_at=upload.created_at,
                    expires_at=upload.expires_at,
                )
            )

    def upload(self, upload_id: str, *, client: str | None = None) -> Upload:
        """What was brought under this id. Raises `NotFound`, also for another client's."""
        each = tables.uploads.c
        with self.database.read() as found:
            query = sa.select(tables.uploads).where(each.id == upload_id, each.expires_at > self.clock())
            row = found.execute(query).one_or_none()
        if row is None or client not in (None, row.client):
            raise NotFound(f"There is no upload {upload_id[:60]}. Check the id, or upload it again.")
        blob = records.load(Blob, row.blob)
        return Upload(row.id, row.kind, blob, row.client, row.consent, row.created_at, row.expires_at)

    def due(self, *, limit: int = 20, lease: float = 60.0) -> tuple[Due, ...]:
        """Webhooks to be sent now. They are the caller's for `lease` seconds; nobody else gets them meanwhile."""
        each, now = tables.webhooks.c, self.clock()
        with self.database.write() as found:
            query = sa.select(tables.webhooks).where(each.next_at <= now).order_by(each.next_at).limit(limit)
            due = found.execute(query.with_for_update(skip_locked=True)).all()
            names = [row.id for row in due]
            found.execute(tables.webhooks.update().where(each.id.in_(names)).values(next_at=now + lease))
        return tuple(Due(row.id, row.job, row.url, row.event, row.at, row.attempt) for row in due)

    def any_due(self) -> bool:
        """Whether `due` would give something."""
        with self.database.read() as found:
            query = sa.select(tables.webhooks.c.id).where(tables.webhooks.c.next_at <= self.clock()).limit(1)
            return found.scalar(query) is not None

    def sent(self, due_id: str) -> None:
        """A webhook has arrived, or is given up."""
        with self.database.write() as found:
            found.execute(tables.webhooks.delete().where(tables.webhooks.c.id == due_id))

    def postponed(self, due_id: str, *, until: float) -> None:
        """A webhook did not arrive, and is to be tried again at that Unix time."""
        each = tables.webhooks.c
        with self.database.write() as found:
            found.execute(
                tables.webhooks.update().where(each.id == due_id).values(attempt=each.attempt + 1, next_at=until)
            )

    def stale(self) -> tuple[list[str], list[str]]:
        """Jobs and uploads whose time is over, or that nobody wants any more, once all was told that is to be told."""
        now = self.clock()
        with self.database.read() as found:
            over = sa.or_(jobs.expires_at <= now, sa.and_(jobs.forgotten, ~owed(jobs.id)))
            old = found.scalars(sa.select(jobs.id).where(jobs.status.in_(ENDED), over).limit(BATCH)).all()
            uploads = sa.select(tables.uploads.c.id).where(tables.uploads.c.expires_at <= now).limit(BATCH)
            return list(old), list(found.scalars(uploads).all())

    def excess(self, budget: int) -> list[str]:
        """The jobs, oldest ended first, whose files must go so that all films and uploads fit into `budget` bytes."""
        with self.database.read() as found:
            uploads = found.scalar(sa.select(sa.func.sum(tables.uploads.c.size))) or 0
            query = sa.select(jobs.id, jobs.size).where(jobs.status == "completed", jobs.size > 0)
            kept = found.execute(query.order_by(jobs.completed_at)).all()
        over = uploads + sum(row.size for row in kept) - budget
        gone = []
        for row in kept:
            if over <= 0:
                break
            gone.append(row.id)
            over -= row.size
        return gone

    def empty(self, names: list[str]) -> None:
        """These jobs have lost their files."""
        mine = tables.jobs.update().where(jobs.id.in_(names), jobs.status == "completed")
        with self.database.write() as found:
            found.execute(mine.values(status="expired", outcome=None, size=0))

    def remove(self, old: list[str], uploads: list[str]) -> None:
        """Forget these jobs and uploads, and all that was told of them."""
        gone = (
            (tables.events, tables.events.c.job),
            (tables.stages, tables.stages.c.job),
            (tables.glimpses, tables.glimpses.c.job),
            (tables.webhooks, tables.webhooks.c.job),
            (tables.keys, tables.keys.c.job),
            (tables.jobs, jobs.id),
        )
        with self.database.write() as found:
            for table, column in gone:
                found.execute(table.delete().where(column.in_(old)))
            found.execute(tables.uploads.delete().where(tables.uploads.c.id.in_(uploads)))

    def forget_clients(self) -> None:
        """Forget the clients whose rate is whole again, as it is after a minute: their names may be addresses."""
        with self.database.write() as found:
            found.execute(tables.clients.delete().where(tables.clients.c.at < self.clock() - MINUTE))

    def unknown(self, names: frozenset[str]) -> set[str]:
        """Those of these names that are neither a job's nor an upload's."""
        with self.database.read() as found:
            known = {*found.scalars(sa.select(jobs.id)), *found.scalars(sa.select(tables.uploads.c.id))}
        return set(names) - known

    def unfinished(self) -> set[str]:
        """The jobs that have not ended."""
        with self.database.read() as found:
            return set(found.scalars(sa.select(jobs.id).where(jobs.status.notin_(ENDED))))

    def owed(self, job_id: str) -> bool:
        """Whether somebody is still to be told of this job."""
        with self.database.read() as found:
            return bool(found.scalar(sa.select(owed(sa.literal(job_id)))))

    def row(self, job_id: str) -> Row | None:
        """A job's row, whatever its fate."""
        with self.database.read() as found:
            return found.execute(sa.select(tables.jobs).where(jobs.id == job_id)).one_or_none()


def owed(job: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a webhook of this job waits."""
    return sa.exists().where(tables.webhooks.c.job == job)
