"""The workers' side of the job tables: begin, tell, end, leave. Knows no store and no engine.

Every attempt at a job has a name of its own, its `run`; only the run that the job's row names may write to it. So a
worker that was thought dead, and comes back, changes nothing any more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from avatar.errors import AvatarError, Cancelled, WorkerLost
from avatar.events import FellBack, Outcome
from avatar.jobs import papers, rows, tables
from avatar.jobs.rows import Row, jobs
from avatar.jobs.service import TOLD, Status
from avatar.jobs.tables import Database

DEATHS = 5  # attempts that may die with their worker before a stage is finished
MEMORY = 0.2  # weight of the newest measurement in a moving mean


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in one run: an event, and what stands in the job's row from then on."""

    job: str
    run: str
    name: TOLD
    data: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: with an outcome, with an error, or called off. `size` is the bytes that are kept for it."""

    status: Status
    seconds: float
    outcome: Outcome | None = None
    error: AvatarError | None = None
    stage: str | None = None
    fallbacks: tuple[FellBack, ...] = ()
    size: int = 0


class Workbook:
    """What workers write. `clock` gives Unix seconds, `keep` is how long ended jobs stay. Raises `StorageError`."""

    def __init__(self, database: Database, *, keep: float, clock: rows.Clock) -> None:
        self.database = database
        self.keep = keep
        self.clock = clock

    def begin(self, job_id: str, *, run: str, worker: str) -> Row | None:
        """Take up a job that was queued, or that was left by a dead worker; None when there is nothing to do."""
        now = self.clock()
        with self.database.write() as found:
            row = found.execute(sa.select(tables.jobs).where(jobs.id == job_id).with_for_update()).one_or_none()
            if row is None or row.status not in ("queued", "in_progress"):
                return None
            mine = tables.jobs.update().where(jobs.id == job_id)
            found.execute(mine.values(status="in_progress", run=run, worker=worker, attempts=row.attempts + 1))
            if row.started_at is None:
                found.execute(mine.values(started_at=now))
                self._turn(found, row)
                self._announce(found, row, "started", now=now)
            if row.cancel:
                self._end(found, row, End("canceled", row.seconds, error=Cancelled("The work was called off.")))
                return None
            if row.attempts >= DEATHS:
                lost = WorkerLost(f"The worker of this job died {row.attempts} times. Ask again, or for less.")
                self._end(found, row, End("failed", row.seconds, error=lost, stage=row.stage))
                return None
            return row

    def write(self, reports: Collection[Report]) -> set[str]:
        """Write what happened; gives the jobs whose run is no longer the one that may write."""
        lost: set[str] = set()
        now = self.clock()
        with self.database.write() as found:
            for each in reports:
                if each.job not in lost and not self._write(found, each, now=now):
                    lost.add(each.job)
        return lost

    def end(self, job_id: str, *, run: str, end: End, reports: Iterable[Report] = ()) -> bool:
        """Write the last of it, and how it ended, at once. False when another run, or nobody, has the job now."""
        now = self.clock()
        with self.database.write() as found:
            row = found.execute(sa.select(tables.jobs).where(jobs.id == job_id).with_for_update()).one_or_none()
            if row is None or row.run != run or row.status != "in_progress":
                return False
            for each in reports:
                self._write(found, each, now=now)
            self._end(found, row, end)
            return True

    def leave(self, job_id: str, *, run: str, seconds: float) -> None:
        """Put a job down in good order: another worker, or the next start, takes it up where it stands."""
        with self.database.write() as found:
            found.execute(
                tables.jobs.update()
                .where(jobs.id == job_id, jobs.run == run, jobs.status == "in_progress")
                .values(attempts=jobs.attempts - 1, run=None, worker=None, seconds=seconds)
            )

    def unwanted(self, runs: dict[str, str]) -> tuple[set[str], set[str]]:
        """Which of these jobs, given with their runs, were called off, and which are another run's by now."""
        with self.database.read() as found:
            query = sa.select(jobs.id, jobs.run, jobs.cancel).where(jobs.id.in_(list(runs)))
            mine = {row.id: row.cancel for row in found.execute(query) if row.run == runs[row.id]}
        return {job for job, cancel in mine.items() if cancel}, set(runs) - set(mine)

    def waiting(self) -> bool:
        """Whether any job is queued. Cheap enough to be asked ten times a second."""
        with self.database.read() as found:
            return found.scalar(sa.select(jobs.id).where(jobs.status == "queued").limit(1)) is not None

    def working(self) -> bool:
        """Whether any job is being done, here or elsewhere."""
        with self.database.read() as found:
            return found.scalar(sa.select(jobs.id).where(jobs.status == "in_progress").limit(1)) is not None

    def seen(self, worker: str, *, slots: int, stages: Collection[str]) -> None:
        """A worker lives."""
        told = {"slots": slots, "stages": papers.compact(sorted(stages)), "seen_at": self.clock()}
        with self.database.write() as found:
            rows.merge(found, tables.workers, {"id": worker}, first=told, then=told)

    def gone(self, worker: str) -> None:
        """A worker lives no more."""
        with self.database.write() as found:
            found.execute(tables.workers.delete().where(tables.workers.c.id == worker))

    def paces(self) -> dict[str, float]:
        """Seconds of work of each stage for each second of film, as measured here."""
        with self.database.read() as found:
            return {row.stage: row.pace for row in found.execute(sa.select(tables.paces))}

    def helpers(self, stage: str) -> bool:
        """Whether a living worker does this stage on an accelerator, also for others."""
        each = tables.workers.c
        with self.database.read() as found:
            query = sa.select(each.id).where(
                each.seen_at > self.clock() - rows.LIVE, each.stages.contains(papers.compact(stage), autoescape=True)
            )
            return found.scalar(query.limit(1)) is not None

    def _write(self, found: sa.Connection, report: Report, *, now: float) -> bool:
        changes = dict(report.changes)
        if report.name == "stage_finished":  # it goes forward, so it is not what kills its workers
            changes["attempts"] = 1
        mine = sa.and_(jobs.id == report.job, jobs.run == report.run, jobs.status == "in_progress")
        if not rows.change(found, mine, report.job, report.name, report.data, now=now, **changes):
            return False
        if report.name == "stage_finished" and not report.data["cached"]:
            self._measure(found, report)
        return True

    def _measure(self, found: sa.Connection, report: Report) -> None:
        weight = found.scalar(sa.select(jobs.weight).where(jobs.id == report.job)) or 1.0
        seconds, each = report.data["seconds"], tables.paces.c
        pace = seconds / weight
        rows.merge(
            found,
            tables.paces,
            {"stage": report.data["stage"]},
            first={"times": 1, "seconds": seconds, "pace": pace},
            then={
                "times": each.times + 1,
                "seconds": each.seconds + seconds,
                "pace": each.pace * (1 - MEMORY) + pace * MEMORY,
            },
        )

    def _end(self, found: sa.Connection, row: Row, end: End) -> None:
        now = self.clock()
        error = None if end.error is None else papers.dump_error(end.error, stage=end.stage)
        found.execute(
            tables.jobs.update()
            .where(jobs.id == row.id)
            .values(
                status=end.status,
                seconds=end.seconds,
                completed_at=now,
                expires_at=now + self.keep,
                outcome=end.outcome and papers.dump_outcome(end.outcome),
                error=error,
                fallbacks=papers.dump_fallbacks(end.fallbacks),
                size=end.size,
                run=None,
                **({"progress": 100.0, "stage": None} if end.outcome else {}),
            )
        )
        name, data = _last_words(end)
        rows.tell(found, row.id, name, data, now=now)
        rows.count_end(found, end.status)
        self._announce(found, row, end.status, now=now)

    def _turn(self, found: sa.Connection, row: Row) -> None:
        """Move the virtual time of this priority on to the tag that is served now."""
        now = tables.turns.c.now
        rows.merge(
            found,
            tables.turns,
            {"priority": row.priority},
            first={"now": row.tag},
            then={"now": sa.case((now < row.tag, row.tag), else_=now)},
        )

    def _announce(self, found: sa.Connection, row: Row, event: str, *, now: float) -> None:
        """Note that a webhook is due, where one was asked for."""
        hook = papers.load_webhook(row.webhook)
        if hook is not None and event in hook.events:
            found.execute(
                tables.webhooks.insert().values(
                    id=rows.new_id("msg"), job=row.id, url=hook.url, event=event, at=now, attempt=0, next_at=now
                )
            )


def _last_words(end: End) -> tuple[TOLD, dict[str, Any]]:
    if end.outcome is not None:
        return "finished", {"mode": end.outcome.mode, "degraded": end.outcome.degraded}
    if end.status == "canceled" or end.error is None:
        return "canceled", {}
    error = end.error
    stage = getattr(error, "stage", end.stage)
    return "failed", {"code": error.code, "message": str(error), "stage": stage, "retryable": error.retryable}
