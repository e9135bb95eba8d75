"""What readers and writers of the job tables share: rows as jobs, events, totals. Knows neither doors nor workers."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from avatar.jobs import papers, tables
from avatar.jobs.service import LAST, TOLD, Job, Status, Told
from avatar.request import Ask, Kind

Clock = Callable[[], float]
Row = sa.Row[Any]

MINUTE = 60.0  # seconds in which a client's rate fills up again
SPEAKING = 15.0  # characters a second, roughly, in any language
RAW, PACKED = 64_000, 12_000  # bytes a second of a recording as a WAV, and of one that is compressed
USUAL_PIXELS, USUAL_FPS = 512 * 512, 25
LARGER = 0.75  # the power of its pixels by which a film costs more
BESIDE = 0.5  # of a film's cost, for each further speaker
SILENT = 4.0  # seconds of a silent film that asks for no length
STAGES: Mapping[Kind, tuple[str, ...]] = {
    "talk": ("speech", "portrait", "motion", "pose", "lips", "film"),
    "speech": ("speech",),
    "video": ("video", "reel"),
    "image": ("picture",),
}
"""The stages of each kind of request, whose times make up what is expected of it."""
STILL = ("portrait",)
"""Those that take as long however much is said."""
LIVE = 15.0  # seconds after which a worker that said nothing no longer counts
jobs = tables.jobs.c


def new_id(kind: str) -> str:
    """A name that sorts by its time of birth: milliseconds since 1970, then chance."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{uuid.uuid4().hex[:20]}"


def weight(ask: Ask, *, heard: float | None = None) -> float:
    """How much a request is: seconds of speech or of silent film, or pictures.

    A talking film that is larger, faster or of more people than usual counts as the longer one that would cost as much.
    `heard` is how long the speech is, once that is known; until then its text tells, or the size of a recording.
    """
    if ask.kind == "image":
        return float(ask.variations)
    if ask.kind == "video":
        return ask.variations * (ask.length or SILENT)
    seconds = max(1.0, _told(ask) if heard is None else heard)
    if ask.kind == "speech":
        return seconds
    pixels: float = (ask.width * ask.height / USUAL_PIXELS) ** LARGER
    people = len({turn.speaker for turn in ask.turns}) or 1
    return seconds * pixels * ask.fps / USUAL_FPS * (1 + BESIDE * (people - 1))


def _told(ask: Ask) -> float:
    """Seconds of speech, as far as they can be told before it is heard."""
    if ask.audio is None:
        return len(ask.text) / SPEAKING / ask.rate
    return ask.audio.size / (RAW if "wav" in ask.audio.media_type else PACKED)


def shares(found: sa.Connection, *, size: float) -> dict[str, float]:
    """Seconds that each stage takes of a request of this weight, as measured here."""
    each = tables.paces.c
    known = found.execute(sa.select(each.stage, each.pace).where(each.pace > 0))
    return {stage: pace * (1.0 if stage in STILL else size) for stage, pace in known}


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
    """Queue position, and seconds until the job will be done going by measured stage times; None where unknown.

    Jobs before it count as of its own kind.
    """
    if row.status not in ("queued", "in_progress"):
        return None, None

    def work(size: float, times: float) -> float:
        """Seconds for requests that weigh so much together, and are so many."""
        known = shares(found, size=size)
        return sum(known[stage] * (times if stage in STILL else 1.0) for stage in route if stage in known)

    route = STAGES[papers.load_request(row.request).kind]
    left = 1 - row.progress / 100
    own = work(row.weight * left, left)
    if row.status == "in_progress":
        return None, own or None
    ahead, load = found.execute(sa.select(sa.func.count(), sa.func.sum(jobs.weight)).where(before(row))).one()
    if not own:
        return ahead + 1, None
    part = 1 - jobs.progress / 100
    others = sa.select(sa.func.sum(jobs.weight * part), sa.func.sum(part)).where(jobs.status == "in_progress")
    running, many = found.execute(others).one()
    slots = found.scalar(sa.select(sa.func.sum(tables.workers.c.slots)).where(tables.workers.c.seen_at > now - LIVE))
    return ahead + 1, work((load or 0.0) + (running or 0.0), ahead + (many or 0.0)) / float(slots or 1) + own
