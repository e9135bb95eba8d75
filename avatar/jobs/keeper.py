"""A worker's housekeeping, in one thread: says that it lives, stops what was called off, takes over from the dead.

Knows no job's content. Nothing here rests on clocks of several machines: who holds no seat is dead.
"""

import logging
import threading
import time
from collections.abc import Callable

from avatar.errors import StorageError
from avatar.jobs.doing import Hands
from avatar.jobs.seats import Seat
from avatar.jobs.sweep import Sweep
from avatar.jobs.transact import GPU, JOBS, Desk, Floor
from avatar.jobs.workbook import Workbook

LOG = logging.getLogger(__name__)
LOOK = 0.1  # seconds between two looks for what was called off, while jobs run
ROUND = 1.0  # seconds between two looks for dead workers
ALIVE = 5.0  # seconds between two signs of life
SWEEP = 60.0  # seconds between two sweeps
TIDY = 900.0  # seconds between two looks through the whole store


class Keeper:
    """Runs from `start` until `close`.

    `hands` are the jobs in hand; `alive` and `sweep` are called now and then.
    """

    def __init__(
        self,
        workbook: Workbook,
        *,
        desk: Desk,
        floor: Floor,
        seat: Seat,
        hands: Hands,
        alive: Callable[[], None],
        sweep: Sweep,
    ) -> None:
        self._workbook, self._desk, self._floor, self._seat = workbook, desk, floor, seat
        self._hands, self._alive, self._sweep = hands, alive, sweep
        self._suspects: set[str] = set()
        self._back: dict[str, str] = {}
        self._next = {"alive": 0.0, "round": 0.0, "sweep": 0.0, "tidy": 0.0}
        self._woken = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin. Once."""
        self._thread.start()

    def wake(self) -> None:
        """A job has begun: look after it."""
        self._woken.set()

    def put_back(self, job_id: str, queue: str) -> None:
        """Put a job that this worker does not go on with into this queue, as soon as the database lets us."""
        self._back[job_id] = queue
        self._woken.set()

    def close(self) -> None:
        """Stop."""
        self._over.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._tick(time.monotonic())
            except StorageError:  # the database is gone for now
                self._over.wait(ROUND)
            except Exception:  # the worker's loop: whatever it was, it lives on and says so
                LOG.exception("the housekeeping stumbled")
                self._over.wait(ROUND)
            self._woken.wait(LOOK if self._hands.runs() else ROUND)
            self._woken.clear()

    def _tick(self, now: float) -> None:
        runs = self._hands.runs()
        if runs:
            called_off, lost = self._workbook.unwanted(runs)
            for job in called_off:
                self._hands.call_off(job)
            for job in lost:
                self._hands.lose(job, runs[job])
        self._return()
        if self._due("round", ROUND, now):
            self._seat.check()
            self._fetch_back()
            self._take_over()
        if self._due("alive", ALIVE, now):
            self._alive()
        if self._due("sweep", SWEEP, now):
            self._sweep()
        if self._due("tidy", TIDY, now):
            self._sweep.tidy()

    def _due(self, what: str, every: float, now: float) -> bool:
        if now < self._next[what]:
            return False
        self._next[what] = now + every
        return True

    def _return(self) -> None:
        for job in tuple(self._back):
            queue = self._back.pop(job)  # first, for it may be back before `again` has returned
            try:
                self._desk.again(job, queue=queue)
            except StorageError:
                self._back.setdefault(job, queue)
                raise

    def _fetch_back(self) -> None:
        """Jobs that wait for an accelerator when the last worker with one is gone go on without."""
        stranded = self._workbook.stranded(GPU)
        if stranded and not any(each.stages for each in self._workbook.crew()):
            for job in stranded:
                self._desk.again(job, queue=JOBS)
                self._workbook.move(job, JOBS)

    def _take_over(self) -> None:
        """Recover the work of those that were found dead twice: a lost connection is back by then."""
        if not self._workbook.unfinished():
            self._suspects.clear()
            return
        found = set()
        for other in self._desk.owners() - {self._seat.id}:
            with self._seat.dead(other) as dead:
                if not dead:
                    continue
                found.add(other)
                if other in self._suspects:
                    self._floor.recover(other)
                    self._workbook.gone(other)
                    self._next["tidy"] = 0.0  # its scratch folders are nobody's now
        self._suspects = found
