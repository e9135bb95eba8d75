"""The workers' side of the job tables: begin, tell, end, leave. Knows no store and no engine.

Every attempt at a job has a name of its own, its `run`; only the run that the job's row names may write to it. So a
worker that was thought dead, and comes back, changes nothing any more.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from avatar.errors import Cancelled, WorkerLost
from avatar.events import Outcome
from avatar.jobs import papers, rows, tables
from avatar.jobs.reports import End, Kept, Member, Report, event_row, whose
from avatar.jobs.rows import Row, jobs
from avatar.jobs.tables import Database

DEATHS = 5  # attempts that may die with their worker before a stage is finished
FIRST = "jobs"  # the queue that all jobs begin in
MEMORY = 0.2  # weight of the newest measurement in a moving mean


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
            begun = {"status": "in_progress", "started_at": row.started_at or now, "attempts": row.attempts + 1}
            found.execute(mine.values(run=run, worker=worker, **begun))
            if row.started_at is None:
                self._turn(found, row)
                rows.announce(found, row, "started", now=now)
            if row.cancel:
                self._end(found, row, End("canceled", row.seconds, error=Cancelled("The work was called off.")))
                return None
            if row.attempts >= DEATHS:
                lost = WorkerLost(f"The worker of this job died {row.attempts} times. Ask again, or for less.")
                self._end(found, row, End("failed", row.seconds, error=lost, stage=row.stage))
                return None
            return row

    def write(self, reports: Iterable[Report | Kept]) -> set[tuple[str, str]]:
        """Write what happened; gives job and run of those runs that may write no longer."""
        with self.database.write() as found:
            return self._write(found, reports)

    def end(self, job_id: str, *, run: str, end: End, reports: Iterable[Report | Kept] = ()) -> bool:
        """Write the last of it, and how it ended, at once. False when another run, or nobody, has the job now."""
        with self.database.write() as found:
            row = found.execute(sa.select(tables.jobs).where(jobs.id == job_id).with_for_update()).one_or_none()
            if row is None or row.run != run or row.status != "in_progress":
                return False
            self._write(found, (each for each in reports if isinstance(each, Report)))
            self._end(found, row, end)
            return True

    def leave(
        self, job_id: str, *, run: str, seconds: float, place: str | None, reports: Iterable[Report | Kept] = ()
    ) -> bool:
        """Put a job down in good order: who takes it next, from its queue or from `place`, goes on where it stands.

        False when another run, or nobody, has it now.
        """
        down: dict[str, Any] = {"attempts": jobs.attempts - 1, "run": None, "worker": None, "seconds": seconds}
        if place is not None:
            down["place"] = place
        with self.database.write() as found:
            self._write(found, reports)
            return found.execute(tables.jobs.update().where(_mine(job_id, run)).values(**down)).rowcount > 0

    def done(self, job_id: str) -> list[Kept]:
        """What the finished stages of a job came to, in their order."""
        each = tables.stages.c
        with self.database.read() as found:
            query = sa.select(tables.stages).where(each.job == job_id).order_by(each.number)
            return [Kept(row.job, "", row.number, row.key, row.record) for row in found.execute(query)]

    def unwanted(self, runs: dict[str, str]) -> tuple[set[str], set[str]]:
        """Which of these jobs, given with their runs, were called off, and which are another run's by now."""
        with self.database.read() as found:
            query = sa.select(jobs.id, jobs.run, jobs.cancel).where(jobs.id.in_(list(runs)))
            mine = {row.id: row.cancel for row in found.execute(query) if row.run == runs[row.id]}
        return {job for job, cancel in mine.items() if cancel}, set(runs) - set(mine)

    def waiting(self, queue: str) -> bool:
        """Whether a job waits in this queue. Cheap enough to be asked five times a second."""
        left = sa.and_(jobs.status == "in_progress", jobs.run.is_(None), jobs.place == queue)
        wanted: sa.ColumnElement[bool] = sa.exists().where(left)
        if queue == FIRST:
            wanted = sa.or_(sa.exists().where(jobs.status == "queued"), wanted)
        with self.database.read() as found:
            return bool(found.scalar(sa.select(wanted)))

    def unfinished(self) -> bool:
        """Whether any job has not ended. Who took one and died before `begin` has it in hand, and here it is queued."""
        with self.database.read() as found:
            open_ones = sa.select(jobs.id).where(jobs.status.in_(("queued", "in_progress")))
            return found.scalar(open_ones.limit(1)) is not None

    def seen(self, worker: str, *, slots: int, stages: Collection[str], general: bool) -> None:
        """A worker lives. `stages` are the stage/backend that it does on an accelerator."""
        told = {"slots": slots, "stages": papers.compact(sorted(stages)), "general": general, "seen_at": self.clock()}
        with self.database.write() as found:
            rows.merge(found, tables.workers, {"id": worker}, first=told, then=told)

    def gone(self, worker: str) -> None:
        """A worker lives no more: nobody has in hand what it had."""
        theirs = tables.jobs.update().where(jobs.status == "in_progress", jobs.worker == worker)
        with self.database.write() as found:
            found.execute(tables.workers.delete().where(tables.workers.c.id == worker))
            found.execute(theirs.values(run=None, worker=None))

    def shares(self, *, size: float) -> dict[str, float]:
        """Seconds that each stage takes of a request of this weight, as measured here."""
        with self.database.read() as found:
            return rows.shares(found, size=size)

    def crew(self) -> tuple[Member, ...]:
        """The workers that live."""
        each = tables.workers.c
        with self.database.read() as found:
            query = sa.select(tables.workers).where(each.seen_at > self.clock() - rows.LIVE)
            return tuple(Member(row.id, frozenset(json.loads(row.stages)), row.general) for row in found.execute(query))

    def stranded(self, place: str) -> list[str]:
        """The jobs that were begun, are in this queue, and in nobody's hand."""
        left = (jobs.status == "in_progress", jobs.run.is_(None), jobs.place == place)
        with self.database.read() as found:
            return list(found.scalars(sa.select(jobs.id).where(*left)))

    def place(self, job_id: str) -> str | None:
        """The queue in which a job is to wait that nobody has in hand; None for any other."""
        with self.database.read() as found:
            row = found.execute(sa.select(jobs.status, jobs.run, jobs.place).where(jobs.id == job_id)).one_or_none()
        if row is None or row.run is not None or row.status not in ("queued", "in_progress"):
            return None
        return str(row.place)

    def move(self, job_id: str, place: str) -> None:
        """A job that nobody has in hand waits in another queue now."""
        mine = tables.jobs.update().where(jobs.id == job_id, jobs.status == "in_progress", jobs.run.is_(None))
        with self.database.write() as found:
            found.execute(mine.values(place=place))

    def _write(self, found: sa.Connection, reports: Iterable[Report | Kept]) -> set[tuple[str, str]]:
        """Every job's row once, and all events and stages together: they come by the dozen."""
        lost: set[tuple[str, str]] = set()
        events: list[dict[str, Any]] = []
        now = self.clock()
        for (job, run), some in groupby(sorted(reports, key=whose), key=whose):
            mine = list(some)
            told = [each for each in mine if isinstance(each, Report)]
            changes = {name: value for each in told for name, value in each.changes.items()}
            if any(each.name == "stage_finished" and not each.data["cached"] for each in told):
                changes["attempts"] = 1  # it goes forward, so it is not what kills its workers
            touched = tables.jobs.update().where(_mine(job, run)).values(told=jobs.told + len(told), **changes)
            row = found.execute(touched.returning(jobs.told)).one_or_none()
            if row is None:
                lost.add((job, run))
                continue
            events += [
                event_row(each, row.told - len(told) + place, now=now) for place, each in enumerate(told, start=1)
            ]
            self._keep(found, [each for each in mine if isinstance(each, Kept)])
            seen = [each.picture for each in told if each.picture is not None]
            if seen:
                shown = {"picture": seen[-1]}
                rows.merge(found, tables.glimpses, {"job": job}, first=shown, then=shown)
            for each in told:
                if each.name == "stage_finished" and not each.data["cached"]:
                    self._count(found, each)
        if events:
            found.execute(tables.events.insert(), events)
        return lost

    def _keep(self, found: sa.Connection, kept: Sequence[Kept]) -> None:
        for each in kept:
            made = {"key": each.key, "record": each.record}
            rows.merge(found, tables.stages, {"job": each.job, "number": each.number}, first=made, then=made)

    def _count(self, found: sa.Connection, report: Report) -> None:
        """One more stage was worked through."""
        seconds, each = report.data["seconds"], tables.paces.c
        then = {"times": each.times + 1, "seconds": each.seconds + seconds}
        first = {"times": 1, "seconds": seconds, "pace": 0.0}
        rows.merge(found, tables.paces, {"stage": report.data["stage"]}, first=first, then=then)

    def _measure(self, found: sa.Connection, row: Row, outcome: Outcome) -> None:
        """What each stage of a finished job took, all its turns together; not where something was known already."""
        ask, each = papers.load_request(row.request), tables.paces.c
        size = rows.weight(ask, heard=outcome.speech.seconds if outcome.speech else None)
        mine = sa.and_(tables.events.c.job == row.id, tables.events.c.name == "stage_finished")
        told = [json.loads(text) for text in found.scalars(sa.select(tables.events.c.data).where(mine))]
        for stage in {data["stage"] for data in told} - {data["stage"] for data in told if data["cached"]}:
            seconds = sum(data["seconds"] for data in told if data["stage"] == stage)
            pace = seconds if stage in rows.STILL else seconds / size
            mixed = sa.case((each.pace > 0, each.pace * (1 - MEMORY) + pace * MEMORY), else_=pace)
            found.execute(tables.paces.update().where(each.stage == stage).values(pace=mixed))

    def _end(self, found: sa.Connection, row: Row, end: End) -> None:
        now = self.clock()
        error = None if end.error is None else papers.dump_error(end.error, stage=end.stage)
        name, data = end.words
        rows.change(
            found,
            jobs.id == row.id,
            row.id,
            name,
            data,
            now=now,
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
        if end.outcome:
            self._measure(found, row, end.outcome)
        rows.forget_work(found, row.id)
        rows.count_end(found, end.status)
        rows.announce(found, row, end.status, now=now)

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


def _mine(job_id: str, run: str) -> sa.ColumnElement[bool]:
    """The row of a job, as long as this run may write to it."""
    return sa.and_(jobs.id == job_id, jobs.run == run, jobs.status == "in_progress")
