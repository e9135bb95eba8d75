"""Turns what an engine tells into reports in the job tables, in the background. Knows no stage by name."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from avatar.errors import StorageError
from avatar.events import Event, FellBack, Finished, Glimpsed, Playable, Progressed, Started
from avatar.jobs.reports import Kept, Report, whose
from avatar.jobs.service import TOLD
from avatar.jobs.workbook import Workbook

T = TypeVar("T")

QUIET = 0.25  # seconds between two progress events of a job
GLIMPSE = 0.5  # seconds between two pictures of what is coming into being
TOGETHER = 0.03  # seconds in which more may come, to be written at once
AGAIN = 0.5  # seconds until a database that is gone is tried again


class Teller:
    """Writes reports from one thread, many at once. `lost` is called with a job and its run that has it no longer."""

    def __init__(self, workbook: Workbook, *, lost: Callable[[str, str], None], news: Callable[[str], None]) -> None:
        self._workbook = workbook
        self._lost = lost
        self._news = news
        self._reports: list[Report | Kept] = []
        self._some = threading.Condition()
        self._writing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)
        self._thread.start()

    def put(self, report: Report | Kept) -> None:
        """Have this written soon."""
        with self._some:
            self._reports.append(report)
            self._some.notify()

    def last(self, job: str, write: Callable[[list[Report | Kept]], T]) -> T:
        """Have `write` write what is not written yet of this job, together with its end; gives what `write` gives.

        When it raises, all of it waits on.
        """
        with self._writing:
            with self._some:
                mine = [each for each in self._reports if each.job == job]
                self._reports = [each for each in self._reports if each.job != job]
            try:
                return write(mine)
            except StorageError:
                with self._some:
                    self._reports = [*mine, *self._reports]
                raise

    def flush(self) -> None:
        """Write what there is before returning. Raises `StorageError`, and then it waits on."""
        self._write()

    def close(self) -> None:
        """Write what there is, once, and stop."""
        with self._some:
            self._closed = True
            self._some.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._some:
                self._some.wait_for(lambda: self._reports or self._closed)
                self._some.wait_for(lambda: self._closed, timeout=TOGETHER)
                closed = self._closed
            try:
                self._write()
            except StorageError:  # it goes on waiting, unless nobody is left to wait for
                time.sleep(0.0 if closed else AGAIN)
            if closed:
                return

    def _write(self) -> None:
        with self._writing:
            with self._some:
                reports, self._reports = self._reports, []
            try:
                lost = self._workbook.write(reports) if reports else set()
            except StorageError:
                with self._some:
                    self._reports = [*reports, *self._reports]
                raise
        told = {whose(each) for each in reports} - lost
        for job, run in lost:
            self._lost(job, run)
        for job in {job for job, _ in told}:
            self._news(job)


class Narrator:
    """The listener of one run. `stages` are all its stages, `paces` their measured shares of the work.

    `percent` is what earlier runs came to, `playable` shows a growing film, and says whether that went well; `spent`
    are the seconds of work until now, earlier runs included.
    """

    def __init__(
        self,
        teller: Teller,
        *,
        job: str,
        run: str,
        stages: Sequence[str],
        paces: Mapping[str, float],
        percent: float,
        playable: Callable[[Playable], bool],
        spent: Callable[[], float],
    ) -> None:
        self._teller = teller
        self._job = job
        self._run = run
        usual = sum(paces.values()) / len(paces) if paces else 1.0
        self._shares = {stage: paces.get(stage, usual) for stage in stages}
        self._behind: set[str] = set()
        self._percent = percent
        self._spoke = self._shown = float("-inf")
        self._playable = playable
        self._spent = spent

    def __call__(self, event: Event) -> None:
        """Hear one event. May be called by several threads."""
        match event:
            case Started(stage, backend):
                self._tell("started", {"stage": stage, "backend": backend}, stage=stage)
            case Progressed(stage, done, total):
                self._progress(stage, done, total)
            case FellBack(stage, backend, to, why):
                self._tell("fell_back", {"stage": stage, "from": backend, "to": to, "why": why})
            case Finished(stage, backend, seconds, cached):
                self.skip(stage)
                told = {"stage": stage, "backend": backend, "seconds": round(seconds, 4), "cached": cached}
                self._tell("stage_finished", told, progress=self._reach(stage, 0.0))
            case Playable():
                if self._playable(event):
                    self._tell("playable", {})
            case Glimpsed(stage, picture):
                self._glimpse(stage, picture)

    def skip(self, stage: str) -> None:
        """A stage lies behind, in this run or an earlier one."""
        self._behind.add(stage)

    def _progress(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._spoke < QUIET and done < total:
            return
        self._spoke = now
        percent = self._reach(stage, done / total if total else 0.0)
        told = {"stage": stage, "done": done, "total": total, "percent": percent}
        self._tell("progress", told, progress=percent)

    def _glimpse(self, stage: str, picture: bytes) -> None:
        now = time.monotonic()
        if now - self._shown >= GLIMPSE:
            self._shown = now
            self._tell("glimpse", {"stage": stage}, picture=picture)

    def _reach(self, stage: str, part: float) -> float:
        """How far the whole job is, in percent; never less than told before, and 100 only when it has ended."""
        whole = sum(self._shares.values()) or 1.0
        done = sum(share for name, share in self._shares.items() if name in self._behind)
        if stage not in self._behind:
            done += self._shares.get(stage, 0.0) * part
        self._percent = round(max(self._percent, min(99.0, 100.0 * done / whole)), 1)
        return self._percent

    def _tell(self, name: TOLD, data: dict[str, Any], picture: bytes | None = None, **changes: Any) -> None:
        self._teller.put(Report(self._job, self._run, name, data, changes | {"seconds": self._spent()}, picture))
