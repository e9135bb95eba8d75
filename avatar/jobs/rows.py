"""What readers and writers of the job tables share: rows as jobs, events, totals. Knows neither doors nor workers."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from avatar.jobs import papers, tables
from avatar.jobs.service import LAST, TOLD, Job, Status, Told
from avatar.request import Ask

Clock = Callable[[], float]
Row = sa.Row[Any]

MINUTE = 60.0  # seconds in which a client's rate fills up again
SPEAKING = 15.0  # characters a second, roughly, in any language
LIVE = 15.0  # seconds after which a worker that said nothing no longer counts
jobs = tables.jobs.c


def new_id(kind: str) -> str:
    """A name that sorts by its time of birth: milliseconds since 1970, then chance."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{uuid.uuid4().hex[:20]}"


def weight(ask: Ask) -> float:
    """Seconds of speech that a request will come to, as far as its text tells."""
    return max(1.0, len(ask.text) / SPEAKING)


def tell(found: sa.Connection, job: str, name: TOLD, data: dict[str, Any], *, now: float) -> None:
    """Write a job's next event."""
    change(found, sa.and_(jobs.id == job), job, name, data, now=now)


def change(
    found: sa.Connection,
    which: sa.ColumnElement[bool],
    job: str,
    name: TOLD,
    data: dict[str, Any],
    *,
    now: float,
    **changes: Any,
) -> bool:
    """Change a job's row, if it is still `which`, and write its next event; false when it is not.

    The row is locked by it, so numbers are given once.
    """
    mine = tables.jobs.update().where(which).values(told=jobs.told + 1, **changes)
    number = found.scalar(mine.returning(jobs.told))
    if number is None:
        return False
    text = papers.compact(data)
    found.execute(tables.events.insert().values(job=job, number=number, at=now, name=name, data=text))
    return True


def announce(found: sa.Connection, row: Row, event: str, *, now: float) -> None:
    """Note that a webhook is due, where one was asked for."""
    hook = papers.load_webhook(row.webhook)
    if hook is not None and event in hook.events:
        due = {"id": new_id("msg"), "job": row.id, "url": hook.url, "event": event}
        found.execute(tables.webhooks.insert().values(**due, at=now, attempt=0, next_at=now))


def forget_work(found: sa.Connection, job: str) -> None:
    """A job has ended: what its stages came to, and what it showed meanwhile, is of no use any more."""
    for table in (tables.stages, tables.glimpses):
        found.execute(table.delete().where(table.c.job == job))


def count_end(found: sa.Connection, status: Status) -> None:
    """One more job has come to this end."""
    merge(found, tables.totals, {"status": status}, first={"times": 1}, then={"times": tables.totals.c.times + 1})


def merge(
    found: sa.Connection, table: sa.Table, key: dict[str, Any], *, first: dict[str, Any], then: dict[str, Any]
) -> None:
    """Write a row that may be there already: `first` when it is not, `then` when it is."""
    insert = sqlite.insert if found.dialect.name == "sqlite" else postgresql.insert
    made = insert(table).values(key | first)
    found.execute(made.on_conflict_do_update(index_elements=list(key), set_=then))


def told(row: Row) -> Told:
    """The event in a row of the event table."""
    return Told(row.number, row.at, cast(TOLD, row.name), json.loads(row.data))


def over(event: Told) -> bool:
    """Whether nothing comes after this event."""
    return event.name in LAST


def job_of(row: Row, *, position: int | None = None, eta: float | None = None) -> Job:
    """The job in a row of the job table."""
    return Job(
        id=row.id,
        status=row.status,
        request=papers.load_request(row.request),
        seconds=row.seconds,
        outcome=papers.load_outcome(row.outcome) if row.outcome else None,
        error=papers.load_error(row.error) if row.error else None,
        client=row.client,
        priority=row.priority,
        stage=row.stage,
        progress=row.progress,
        fallbacks=papers.load_fallbacks(row.fallbacks),
        queue_position=position,
        eta_seconds=eta,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        expires_at=row.expires_at,
    )


def before(row: Row) -> sa.ColumnElement[bool]:
    """Which queued jobs have their turn before this one."""
    mine = sa.tuple_(sa.literal(row.priority), sa.literal(row.tag), sa.literal(row.id))
    return sa.and_(jobs.status == "queued", sa.tuple_(jobs.priority, jobs.tag, jobs.id) < mine)


def outlook(found: sa.Connection, row: Row, *, now: float) -> tuple[int | None, float | None]:
    """Queue position, and seconds until the job will be done going by measured stage times; None where unknown."""
    pace = found.scalar(sa.select(sa.func.sum(tables.paces.c.pace)))
    rest = row.weight * (1 - row.progress / 100)
    if row.status == "in_progress":
        return None, pace and rest * pace
    if row.status != "queued":
        return None, None
    ahead, load = found.execute(sa.select(sa.func.count(), sa.func.sum(jobs.weight)).where(before(row))).one()
    if not pace:
        return ahead + 1, None
    running = found.scalar(
        sa.select(sa.func.sum(jobs.weight * (1 - jobs.progress / 100))).where(jobs.status == "in_progress")
    )
    slots = found.scalar(sa.select(sa.func.sum(tables.workers.c.slots)).where(tables.workers.c.seen_at > now - LIVE))
    return ahead + 1, ((load or 0.0) + (running or 0.0)) * pace / float(slots or 1) + rest * pace
