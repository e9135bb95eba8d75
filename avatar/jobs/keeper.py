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
        self._dropped: set[str] = set()
        self._back: set[str] = set()
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

    def put_back(self, job_id: str) -> None:
        """Put a job that this worker does not go on with where its row says, as soon as the database lets us."""
        self._back.add(job_id)
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
            if self._workbook.unfinished():
                self._fetch_back()
                self._take_over()
            else:
                self._suspects.clear()
                self._dropped.clear()
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
            self._back.discard(job)  # first, for it may be back before `again` has returned
            try:
                place = self._workbook.place(job)  # now: it may have been fetched back, or taken, meanwhile
                if place is not None:
                    self._desk.again(job, queue=place)
            except StorageError:
                self._back.add(job)
                raise

    def _fetch_back(self) -> None:
        """Jobs that wait for an accelerator when the last worker with one is gone go on without.

        The queue is asked as well as the rows: another worker may have put one there just after it had been fetched.
        """
        if any(each.stages for each in self._workbook.crew()):
            return
        for job in {*self._workbook.stranded(GPU), *self._desk.queued(GPU)}:
            self._workbook.move(job, JOBS)
            self._desk.again(job, queue=JOBS)

    def _take_over(self) -> None:
        """Recover the work of those that were found dead twice: a lost connection is back by then.

        So is what counts as ours and is not in hand: it was refused, since an earlier attempt was just being put down.
        """
        owned, found = self._desk.owned(), set()
        mine = owned.pop(self._seat.id, set()) - self._hands.known()
        self._back |= mine & self._dropped
        self._dropped = mine
        for other in owned:
            with self._seat.dead(other) as dead:
                if not dead:
                    continue
                found.add(other)
                if other in self._suspects:
                    self._floor.recover(other)
                    self._workbook.gone(other)
                    self._next["tidy"] = 0.0  # its scratch folders are nobody's now
        self._suspects = found
