"""The clients' side of the job tables: take, find, list, call off. Knows no store, no engine and no queue's engine."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from avatar.errors import Cancelled, Conflict, NotFound, QueueFull, RateLimited
from avatar.jobs import papers, rows, tables
from avatar.jobs.rows import MINUTE, Row, jobs
from avatar.jobs.service import ENDED, Job, Order, Page, Standing, Status, Told
from avatar.jobs.tables import Database
from avatar.request import Ask

KEY_KEPT = 86_400.0  # seconds that an idempotency key holds
SHARE = 200_000_000  # turns for each priority: ten of them stay below DBOS's highest number

Put = Callable[[sa.Connection, str, int], None]
"""Adds a job to the queue in the same transaction: connection, id, and its place, lowest first."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may wait, how many a client may send in a minute, and how long all is kept in seconds."""

    queue_length: int = 1000
    rate: int = 60
    keep: float = 86_400.0


class Ledger:
    """What clients ask of the job tables. `clock` gives Unix seconds. Everything raises `StorageError`."""

    def __init__(self, database: Database, *, limits: Limits, clock: rows.Clock) -> None:
        self.database = database
        self.limits = limits
        self.clock = clock

    def submit(self, job_id: str, ask: Ask, order: Order, *, put: Put) -> tuple[Job, bool]:
        """The job, and whether it is the new one of this id. Raises `Conflict`, `RateLimited`, `QueueFull`."""
        try:
            return self._submit(job_id, ask, order, put=put)
        except IntegrityError:  # another door took the same key at the same moment
            return self._submit(job_id, ask, order, put=put)

    def _submit(self, job_id: str, ask: Ask, order: Order, *, put: Put) -> tuple[Job, bool]:
        now = self.clock()
        with self.database.write() as found:
            known = self._known(found, order, now=now)
            if known is not None:
                return self._job(found, known), False
            self._pay(found, order.payer or order.client, now=now)
            self._room(found)
            row = self._enter(found, job_id, ask, order=order, now=now)
            put(found, row.id, row.priority * SHARE + row.tag)
            job = self._job(found, row)
            rows.tell(found, row.id, "queued", _wait(job), now=now)
        return job, True

    def job(self, job_id: str, *, client: str | None = None) -> Job:
        """The job as it is now. Raises `NotFound`, also for another client's."""
        with self.database.read() as found:
            return self._job(found, self._row(found, job_id, client=client))

    def ended(self, job_id: str) -> bool:
        """Whether the job has come to its end. Raises `NotFound`."""
        with self.database.read() as found:
            status = found.scalar(sa.select(jobs.status).where(jobs.id == job_id, *self._visible()))
        if status is None:
            raise _unknown(job_id)
        return status in ENDED

    def past(self, job_id: str) -> Job:
        """The job as it is or was, also one that was deleted, as long as it is known at all. Raises `NotFound`."""
        with self.database.read() as found:
            row = found.execute(sa.select(tables.jobs).where(jobs.id == job_id)).one_or_none()
        if row is None:
            raise _unknown(job_id)
        return rows.job_of(row)

    def page(self, *, client: str | None, after: str | None, limit: int, status: Status | None) -> Page:
        """Jobs, newest first. Raises `NotFound` when there is no job `after`."""
        wanted = [*self._visible(), *([jobs.client == client] if client is not None else [])]
        with self.database.read() as found:
            if after is not None:
                self._row(found, after, client=client)
                wanted.append(jobs.id < after)
            if status is not None:
                wanted.append(jobs.status == status)
            query = sa.select(tables.jobs).where(*wanted).order_by(jobs.id.desc()).limit(limit + 1)
            listed = found.execute(query).all()
            shown = tuple(self._job(found, row) for row in listed[:limit])
        return Page(shown, shown[-1].id if len(listed) > limit else None)

    def events(self, job_id: str, *, after: int = 0) -> tuple[Told, ...]:
        """What was told of the job since number `after`. Raises `NotFound`."""
        each = tables.events.c
        with self.database.read() as found:
            later = tables.jobs.outerjoin(tables.events, sa.and_(each.job == jobs.id, each.number > after))
            query = sa.select(tables.events).select_from(later).where(jobs.id == job_id, *self._visible())
            heard = found.execute(query.order_by(each.number)).all()
        if not heard:
            raise _unknown(job_id)
        return tuple(rows.told(row) for row in heard if row.number is not None)

    def glimpse(self, job_id: str) -> bytes:
        """The last small JPEG of what the job is making. Raises `NotFound` where there is none."""
        each = tables.glimpses.c
        with self.database.read() as found:
            picture = found.scalar(sa.select(each.picture).where(each.job == job_id))
        if picture is None:
            raise NotFound(f"Job {job_id} shows nothing now. Follow its events: each glimpse tells of a new picture.")
        return bytes(picture)

    def news(self, since: int) -> tuple[int, dict[str, int]]:
        """The number of the last event of all, and the jobs told of since event `since`, each with its last number."""
        each = tables.events.c
        with self.database.read() as found:
            query = sa.select(each.job, sa.func.max(each.number), sa.func.max(each.seq)).where(each.seq > since)
            heard = found.execute(query.group_by(each.job)).all()
        return max((seq for _, _, seq in heard), default=since), {job: number for job, number, _ in heard}

    def last_event(self) -> int:
        """The number of the last event of all."""
        with self.database.read() as found:
            return found.scalar(sa.select(sa.func.max(tables.events.c.seq))) or 0

    def cancel(self, job_id: str, *, client: str | None = None, forget: bool = False) -> bool:
        """Call a job off; true when it was still waiting, and so has ended by this. Raises `NotFound`.

        With `forget` nobody will see it again.
        """
        now = self.clock()
        with self.database.write() as found:
            row = self._row(found, job_id, client=client)
            mine = tables.jobs.update().where(jobs.id == job_id)
            put_down = sa.and_(jobs.status == "in_progress", jobs.run.is_(None))
            ended = found.execute(
                mine.where(sa.or_(jobs.status == "queued", put_down)).values(
                    status="canceled",
                    completed_at=now,
                    expires_at=now + self.limits.keep,
                    error=papers.dump_error(Cancelled("The work was called off.")),
                )
            ).rowcount
            if ended:
                rows.tell(found, job_id, "canceled", {}, now=now)
                rows.forget_work(found, job_id)
                rows.count_end(found, "canceled")
                rows.announce(found, row, "canceled", now=now)
            found.execute(mine.where(jobs.status == "in_progress").values(cancel=True))
            if forget:
                found.execute(mine.values(forgotten=True))
        return bool(ended)

    def standing(self) -> Standing:
        """How full the house is."""
        now = self.clock()
        with self.database.read() as found:
            each = sa.select(jobs.status, sa.func.count()).group_by(jobs.status)
            counted = {row[0]: row[1] for row in found.execute(each)}
            live = sa.select(sa.func.count()).select_from(tables.workers)
            workers = found.scalar(live.where(tables.workers.c.seen_at > now - rows.LIVE))
            ended = {row.status: row.times for row in found.execute(sa.select(tables.totals))}
            stages = found.execute(sa.select(tables.paces)).all()
        return Standing(
            queued=counted.get("queued", 0),
            running=counted.get("in_progress", 0),
            workers=workers or 0,
            ended=ended,
            stage_seconds={row.stage: row.seconds for row in stages},
            stage_count={row.stage: row.times for row in stages},
        )

    def _visible(self) -> tuple[sa.ColumnElement[bool], ...]:
        """Neither forgotten nor past its time."""
        return ~jobs.forgotten, sa.or_(jobs.expires_at.is_(None), jobs.expires_at > self.clock())

    def _row(self, found: sa.Connection, job_id: str, *, client: str | None = None) -> Row:
        if "\0" in job_id:  # PostgreSQL takes no such text, not even to look for it
            raise _unknown(job_id)
        row = found.execute(sa.select(tables.jobs).where(jobs.id == job_id, *self._visible())).one_or_none()
        if row is None or client not in (None, row.client):
            raise _unknown(job_id)
        return row

    def _job(self, found: sa.Connection, row: Row) -> Job:
        position, eta = rows.outlook(found, row, now=self.clock())
        return rows.job_of(row, position=position, eta=eta)

    def _known(self, found: sa.Connection, order: Order, *, now: float) -> Row | None:
        if order.key is None:
            return None
        each = tables.keys.c
        mine = (each.client == order.client, each.key == order.key)
        key = found.execute(sa.select(tables.keys).where(*mine)).one_or_none()
        if key is None:
            return None
        row = found.execute(sa.select(tables.jobs).where(jobs.id == key.job, *self._visible())).one_or_none()
        if row is None or key.at + KEY_KEPT <= now:
            found.execute(tables.keys.delete().where(*mine))
            return None
        if key.digest != order.digest:
            raise Conflict("This idempotency key came with another request before. Use a new key for a new request.")
        return row

    def _pay(self, found: sa.Connection, client: str, *, now: float) -> None:
        """Take one from what is left of the client's minute, which fills up again all the time."""
        each, pace = tables.clients.c, self.limits.rate / MINUTE
        row = found.execute(sa.select(tables.clients).where(each.client == client).with_for_update()).one_or_none()
        left = self.limits.rate if row is None else min(self.limits.rate, row.tokens + max(0.0, now - row.at) * pace)
        if left < 1:
            wait = math.ceil((1 - left) / pace)
            raise RateLimited(
                f"More than {self.limits.rate} jobs in a minute came from here. Wait {wait} s.", retry_after=wait
            )
        paid = {"tokens": left - 1, "at": now}
        rows.merge(found, tables.clients, {"client": client}, first=paid, then=paid)

    def _room(self, found: sa.Connection) -> None:
        waiting = found.scalar(sa.select(sa.func.count()).where(jobs.status == "queued")) or 0
        if waiting >= self.limits.queue_length:
            pace = found.scalar(sa.select(sa.func.sum(tables.paces.c.pace))) or 1.0
            raise QueueFull(f"{waiting} jobs wait already. Ask again later.", retry_after=max(1, math.ceil(pace)))

    def _enter(self, found: sa.Connection, job_id: str, ask: Ask, *, order: Order, now: float) -> Row:
        found.execute(
            tables.jobs.insert().values(
                id=job_id,
                client=order.client,
                priority=order.priority,
                tag=self._turn(found, order),
                weight=rows.weight(ask),
                request=papers.dump_request(ask),
                timeout=order.timeout,
                webhook=papers.dump_webhook(order.webhook),
                created_at=now,
                status="queued",
            )
        )
        if order.key is not None:
            found.execute(
                tables.keys.insert().values(client=order.client, key=order.key, digest=order.digest, job=job_id, at=now)
            )
        return found.execute(sa.select(tables.jobs).where(jobs.id == job_id)).one()

    def _turn(self, found: sa.Connection, order: Order) -> int:
        """The start tag of start-time fair queueing: one after the client's last, but not before the present.

        Source: Goyal, Vin, Cheng, "Start-time Fair Queueing", SIGCOMM 1996, with jobs of equal cost.
        """
        last = sa.select(sa.func.max(jobs.tag)).where(
            jobs.client == order.client,
            jobs.priority == order.priority,
            jobs.status.in_(("queued", "in_progress")),
        )
        now = sa.select(tables.turns.c.now).where(tables.turns.c.priority == order.priority)
        return min(SHARE - 1, max(found.scalar(last) or 0, found.scalar(now) or 0) + 1)


def _unknown(job_id: str) -> NotFound:
    return NotFound(f"There is no job {job_id[:60]}. Check the id.")


def _wait(job: Job) -> dict[str, float | None]:
    return {"position": job.queue_position, "eta_seconds": job.eta_seconds}
