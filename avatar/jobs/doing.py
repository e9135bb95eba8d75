"""One attempt at a job: from taking it up to telling how it ended. Knows no queue, no stage and no door."""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from avatar.artifacts import blobs_of
from avatar.attempt import Wish
from avatar.engine import Engine
from avatar.errors import AvatarError, Cancelled, StorageError
from avatar.events import Outcome
from avatar.jobs import papers, rigs
from avatar.jobs.barring import Barred, unbarred
from avatar.jobs.live import LiveFolder
from avatar.jobs.reports import End, Kept, Report
from avatar.jobs.rows import Row
from avatar.jobs.service import Status
from avatar.jobs.signing import Finish
from avatar.jobs.steps import Elsewhere, Left, Steps
from avatar.jobs.telling import AGAIN, Narrator, Teller
from avatar.jobs.workbook import Workbook
from avatar.request import Ask, Kind
from avatar.stage import Run
from avatar.storage import Session

Render = Callable[[Ask, Run], Outcome]
T = TypeVar("T")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hand:
    """One attempt at a job. `begun` is set once the job's row names it, `left` when it is to be put down unfinished."""

    job: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    begun: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def put_down(self) -> None:
        """Stop it without an end."""
        self.left.set()
        self.cancelled.set()


class Hands:
    """The jobs that this process has in hand. Safe for many threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._all: dict[str, Hand] = {}
        self._coming: list[str] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._all)

    @contextmanager
    def coming(self, job: str) -> Iterator[None]:
        """It is here, and waits until there is room for it."""
        self._coming.append(job)
        try:
            yield
        finally:
            self._coming.remove(job)

    def known(self) -> set[str]:
        """The jobs that are here."""
        return set(self._coming)

    def take(self, job: str) -> Hand:
        """Begin an attempt. Raises `Left` when the job is in hand already, or nothing is taken any more."""
        with self._guard:
            if self._closed or job in self._all:
                raise Left
            return self._all.setdefault(job, Hand(job))

    def drop(self, hand: Hand) -> None:
        """The attempt is over."""
        with self._guard:
            del self._all[hand.job]

    def runs(self) -> dict[str, str]:
        """The jobs whose rows name an attempt made here, and the names of those attempts."""
        with self._guard:
            return {each.job: each.run for each in self._all.values() if each.begun.is_set()}

    def call_off(self, job: str) -> None:
        """Stop this job within its current step, where it is done here."""
        with self._guard:
            if job in self._all:
                self._all[job].cancelled.set()

    def lose(self, job: str, run: str) -> None:
        """The job was deleted, or is another run's than this: put it down, unless that other run is made here too."""
        with self._guard:
            hand = self._all.get(job)
            if hand is not None and hand.run == run:
                hand.put_down()

    def close(self) -> None:
        """Take nothing any more, and put all down."""
        with self._guard:
            self._closed = True
            for each in self._all.values():
                each.put_down()


@dataclass(frozen=True, slots=True)
class Notes:
    """What an attempt leaves behind of its stages: a `Diary`."""

    hand: Hand
    teller: Teller
    skip: Callable[[str], None]

    def keep(self, number: int, key: str, record: str) -> None:
        """Keep it before returning. Raises `Left` when the job was put down meanwhile."""
        self.teller.put(Kept(self.hand.job, self.hand.run, number, key, record))
        patiently(self.teller.flush, hand=self.hand)
        if self.left():  # another run has it, and keeps what that comes to under the same name
            raise Left

    def left(self) -> bool:
        """Whether the job was put down."""
        return self.hand.left.is_set()


@dataclass(frozen=True, slots=True)
class Doer:
    """What attempts need. `stages` are the names of those that `render` runs through for each kind, in their order.

    `timeout` is the seconds that any job may take, `patience` those of each backend at a stage; `elsewhere` names the
    queue of those who do a stage better than can be done here.
    """

    engine: Engine
    render: Render
    workbook: Workbook
    teller: Teller
    live: LiveFolder
    elsewhere: Elsewhere
    stages: Mapping[Kind, Sequence[str]] = field(default_factory=dict)
    timeout: float | None = None
    patience: float | None = None
    finish: Finish | None = None
    barred: Barred = unbarred

    def do(self, hand: Hand, row: Row) -> None:
        """Do it, and write how it ended. Raises `Left` when it was put down unfinished."""
        clock, workbook = self.engine.clock, self.workbook
        began = clock() - row.seconds
        try:
            end = self._end(hand, row, began=began)
        except Left as left:
            place = left.place

            def leave(reports: list[Report | Kept]) -> bool:
                return workbook.leave(hand.job, run=hand.run, seconds=clock() - began, place=place, reports=reports)

            if not patiently(lambda: self.teller.last(hand.job, leave), hand=hand):
                raise Left from None  # another run has it, and knows where it goes
            raise

        def write(reports: list[Report | Kept]) -> bool:
            return workbook.end(hand.job, run=hand.run, end=end, reports=reports)

        patiently(lambda: self.teller.last(hand.job, write), hand=hand)

    def _end(self, hand: Hand, row: Row, *, began: float) -> End:
        """How it came out."""
        clock, steps = self.engine.clock, None
        try:
            with closing(self.engine.store.session()) as session:
                steps = self._steps(hand, row, session=session, began=began)
                outcome = self._outcome(hand, steps, ask=papers.load_request(row.request), session=session)
                size = sum(blob.size for blob in set(blobs_of(outcome)))
                return End("completed", clock() - began, outcome, fallbacks=outcome.fallbacks, size=size)
        except AvatarError as failure:
            if hand.left.is_set():
                raise Left from failure
            error = failure
        except Exception as failure:  # the worker's loop: whatever it was, this job ends and the next one runs
            LOG.exception("job %s stopped unexpectedly", hand.job)
            what = f"Something unexpected happened ({type(failure).__name__}). Ask again, or report it."
            error = AvatarError(what)
        status: Status = "canceled" if isinstance(error, Cancelled) else "failed"
        stage, fallbacks = (steps.stage, steps.fallbacks) if steps else (None, ())
        return End(status, clock() - began, error=error, stage=stage, fallbacks=fallbacks)

    def _outcome(self, hand: Hand, steps: Steps, *, ask: Ask, session: Session) -> Outcome:
        """What was made. Its files are kept under the job's name from here on."""
        outcome = steps.told(self.render(ask, steps))
        if self.finish is not None:
            outcome = self.finish(ask, outcome, session)
        if outcome.film:
            rigs.remember(session, outcome.film)
        self.engine.store.retain(hand.job, blobs_of(outcome))
        return outcome

    def _steps(self, hand: Hand, row: Row, *, session: Session, began: float) -> Steps:
        ask, clock = papers.load_request(row.request), self.engine.clock
        limit = min((each for each in (row.timeout, self.timeout) if each is not None), default=None)
        begun_before = row.attempts or row.started_at
        narrator = Narrator(
            self.teller,
            job=hand.job,
            run=hand.run,
            stages=self.stages.get(ask.kind, ()),
            paces=patiently(lambda: self.workbook.shares(size=row.weight), hand=hand),
            percent=row.progress,
            playable=lambda event: self.live.show(hand.job, event.path),
            spent=lambda: clock() - began,
        )
        wish = Wish(
            narrator,
            hand.cancelled,
            limit and began + limit,
            strict=not ask.allow_degraded,
            patience=self.patience,
            backends=ask.backends,
            barred=self.barred(ask),
        )
        return Steps(
            self.engine,
            session,
            wish=wish,
            done=patiently(lambda: self.workbook.done(hand.job), hand=hand) if begun_before else (),
            diary=Notes(hand, self.teller, narrator.skip),
            elsewhere=lambda stage, brief: patiently(lambda: self.elsewhere(stage, brief), hand=hand),
        )


def patiently(action: Callable[[], T], *, hand: Hand) -> T:
    """What `action` gives, tried again and again while the database is gone. Raises `Left` when put down meanwhile."""
    while True:
        try:
            return action()
        except StorageError:
            if hand.left.wait(AGAIN):
                raise Left from None
