"""Does jobs: takes them from its queues, `settings.jobs` at once. Knows no stage and no door.

Whatever happens to this process, a job ends once: what its finished steps made is remembered, and another worker, or
this one's next start, goes on from there.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from avatar.engine import Engine
from avatar.errors import StorageError
from avatar.jobs import seats, tables
from avatar.jobs.barring import Barred, unbarred
from avatar.jobs.bell import Bell
from avatar.jobs.crew import Crew
from avatar.jobs.doing import Doer, Hands, Render, patiently
from avatar.jobs.keeper import Keeper
from avatar.jobs.live import LiveFolder
from avatar.jobs.rows import Clock
from avatar.jobs.shelf import Shelf
from avatar.jobs.signing import Finish
from avatar.jobs.steps import Left
from avatar.jobs.sweep import Sweep
from avatar.jobs.telling import Teller
from avatar.jobs.transact import GPU, JOBS, Desk, Floor
from avatar.jobs.workbook import Workbook
from avatar.request import Kind
from avatar.settings import Settings
from avatar.stage import Stage

PATIENCE = 20.0  # seconds that a stopping worker waits for its jobs to be put down


class Worker:
    """Takes and does jobs until it is closed. One at a time in a process, since DBOS is.

    `routes` are the stages that `render` runs through for each kind of request, in their order, for telling how far a
    job is; `finish` is done to each outcome at its end, `barred` are the backends that a request leaves out. With
    `gpu_only` it takes jobs only at stages for which it has an accelerator, as long as others are there for the rest.
    `clock` gives Unix seconds. Raises `StorageError`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        render: Render,
        settings: Settings,
        routes: Mapping[Kind, Sequence[Stage[Any, Any]]] | None = None,
        barred: Barred = unbarred,
        finish: Finish | None = None,
        gpu_only: bool = False,
        clock: Clock = time.time,
    ) -> None:
        url = tables.address(settings.data, settings.database_url)
        self._slots = settings.jobs
        self._free = threading.Semaphore(settings.jobs)
        self._hands = Hands()
        self._closing = threading.Lock()
        self._closed = False
        self._news: list[Callable[[str], None]] = []
        self._database = tables.Database(url)
        self._workbook = Workbook(self._database, keep=settings.keep, clock=clock)
        self._desk = Desk(url)
        self._seat = seats.take(self._database, data=settings.data)
        self._workbook.gone(self._seat.id)  # who had this seat before
        self._teller = Teller(self._workbook, lost=self._hands.lose, news=self._tell)
        live = LiveFolder(settings.data / "live")
        ways = routes or {}
        stages = tuple({stage.name: stage for way in ways.values() for stage in way}.values())
        self._crew = Crew(self._workbook, place=engine.place, stages=stages, me=self._seat.id, general=not gpu_only)
        self._bells: dict[str, Bell] = {}
        self._floor = Floor(url, executor=self._seat.id, does=self._do)
        self._doer = Doer(
            engine,
            render,
            self._workbook,
            self._teller,
            live,
            self._crew.elsewhere,
            stages={kind: [stage.name for stage in way] for kind, way in ways.items()},
            barred=barred,
            timeout=settings.timeout,
            patience=settings.stage_timeout,
            finish=finish,
        )
        shelf, keep, budget = Shelf(self._database, clock=clock), settings.keep, settings.keep_budget
        sweep = Sweep(shelf, desk=self._desk, store=engine.store, live=live, keep=keep, budget=budget)
        self._keeper = Keeper(
            self._workbook,
            desk=self._desk,
            floor=self._floor,
            seat=self._seat,
            hands=self._hands,
            alive=self._alive,
            sweep=sweep,
        )
        self._serve(GPU if gpu_only else JOBS)
        self._keeper.start()

    def hear(self, news: Callable[[str], None]) -> None:
        """Call `news` with a job's id whenever something new was told of it here."""
        self._news.append(news)

    def ring(self) -> None:
        """A job was put into the queue: look now."""
        for bell in tuple(self._bells.values()):
            bell.ring()

    def call_off(self, job_id: str) -> None:
        """Stop this job within its current step, where it is done here."""
        self._hands.call_off(job_id)

    def close(self) -> None:
        """Put down the work in hand, for the next start or another worker, and stop. May be called twice."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._close()

    def _close(self) -> None:
        self._hands.close()
        self._silence()
        until = time.monotonic() + PATIENCE
        while self._hands and time.monotonic() < until:
            time.sleep(0.01)
        self._keeper.close()
        self._silence()  # that of a queue too which the keeper has just opened
        self._teller.close()
        self._floor.close()
        with suppress(StorageError):  # then it counts as alive for some seconds more
            self._workbook.gone(self._seat.id)
        self._desk.close()
        self._seat.leave()
        self._database.close()

    def _silence(self) -> None:
        for bell in tuple(self._bells.values()):
            bell.set()

    def _serve(self, queue: str) -> None:
        self._bells[queue] = Bell(partial(self._workbook.waiting, queue), free=self._idle)
        self._floor.serve(queue, slots=self._slots, bell=self._bells[queue])

    def _alive(self) -> None:
        mine = self._crew.accelerated()
        if mine and GPU not in self._bells:  # weights have come, or it is the first time
            self._serve(GPU)
        self._workbook.seen(self._seat.id, slots=self._slots, stages=mine, general=self._crew.general)

    def _idle(self) -> bool:
        return len(self._hands) < self._slots

    def _tell(self, job_id: str) -> None:
        for news in self._news:
            news(job_id)

    def _do(self, job_id: str) -> None:
        """One attempt at a job, in a thread of DBOS."""
        place = None
        with self._hands.coming(job_id), self._free:
            hand = self._hands.take(job_id)
            try:
                row = patiently(lambda: self._workbook.begin(job_id, run=hand.run, worker=self._seat.id), hand=hand)
                if row is not None:
                    hand.begun.set()
                    self._keeper.wake()
                    self._tell(job_id)
                    self._doer.do(hand, row)
            except Left as left:
                place = left.place
                raise
            finally:
                self._hands.drop(hand)
                if place is not None:
                    self._keeper.put_back(job_id)
                self._tell(job_id)
                self.ring()
