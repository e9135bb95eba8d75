"""A job's `Run`: every stage is a step whose result is remembered, so that nothing finished is done twice.

Knows no table and no queue: it is given `remember`, which gives what a step returned when the job was here before.
"""

from collections.abc import Callable
from contextlib import suppress
from traceback import clear_frames
from typing import Any, TypeVar

from avatar import records
from avatar.attempt import Wish
from avatar.engine import Engine, Walk, blobs_of
from avatar.errors import AvatarError, StorageError
from avatar.events import FellBack, Outcome
from avatar.jobs import papers
from avatar.stage import Stage
from avatar.storage import Session

I = TypeVar("I")
O = TypeVar("O")

Remember = Callable[[str, Callable[[], Any]], Any]


class Left(BaseException):
    """The job is put down unfinished: this process stops, or another run has the job. Nobody is to record an end."""


class Steps:
    """Runs stages, one step each. `left` says whether the job was put down; `skipped` hears of steps done before."""

    def __init__(
        self,
        engine: Engine,
        session: Session,
        *,
        wish: Wish,
        remember: Remember,
        left: Callable[[], bool],
        skipped: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._session = session
        self._wish = wish
        self._remember = remember
        self._left = left
        self._skipped = skipped
        self._walk = engine.walk(session, wish)
        self.stage: str | None = None

    @property
    def fallbacks(self) -> tuple[FellBack, ...]:
        """The steps down so far, those of earlier attempts included."""
        return tuple(self._walk.fallbacks)

    def __call__(self, stage: Stage[I, O], brief: I, /) -> O:
        """The artifact that answers `brief`: remembered, from the cache, or made now. Raises what a `Walk` raises."""
        fresh: list[O] = []
        self.stage = stage.name
        record = self._recorded(stage.name, lambda: self._record(stage, brief, fresh=fresh))
        self._walk.backends.update(record["backends"])
        self._walk.fallbacks.extend(FellBack(**each) for each in record["fallbacks"])
        if record["error"] is not None:
            raise papers.load_error(record["error"])
        if fresh:
            return fresh[0]
        self._skipped(stage.name)
        made = records.load(stage.gives, record["made"])
        return made if self._session.hold(blobs_of(made)) else self._again(stage, brief)

    def told(self, outcome: Outcome) -> Outcome:
        """The outcome with what happened on the way, in this attempt and in those before."""
        return self._walk.told(outcome)

    def once(self, name: str, work: Callable[[], Outcome]) -> Outcome:
        """What `work` gives, as a step of that name. Raises what it raises."""
        self.stage = name
        record = self._recorded(name, lambda: self._caught(name, work))
        if record["error"] is not None:
            raise papers.load_error(record["error"])
        made = papers.load_outcome(record["made"])
        return made if self._session.hold(blobs_of(made)) else work()

    def _recorded(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self._wish.check(self._engine.clock())
        try:
            record: dict[str, Any] = self._remember(name, work)
        except StorageError as failure:  # the database did not take what was made: the job goes on when it does
            raise Left from failure
        return record

    def _record(self, stage: Stage[I, O], brief: I, *, fresh: list[O]) -> dict[str, Any]:
        walk = self._engine.walk(self._session, self._wish)

        def work() -> O:
            fresh.append(walk(stage, brief))
            return fresh[0]

        record = self._caught(stage.name, work)
        return record | {"backends": walk.backends, "fallbacks": [papers.fallback(each) for each in walk.fallbacks]}

    def _caught(self, name: str, work: Callable[[], Any]) -> dict[str, Any]:
        """What it gives, or the error that it raises, as JSON."""
        try:
            return {"made": records.dump(work()).decode(), "error": None}
        except AvatarError as failure:
            if self._left():
                raise Left from failure
            with suppress(RuntimeError):
                clear_frames(failure.__traceback__)
            return {"made": None, "error": papers.dump_error(self._cause(failure), stage=name)}

    def _cause(self, failure: AvatarError) -> AvatarError:
        """A stage that failed because the job's time was over has no failure of its own."""
        try:
            self._wish.check(self._engine.clock())
        except AvatarError as cause:
            return cause
        return failure

    def _again(self, stage: Stage[I, O], brief: I) -> O:
        """What was remembered is gone or damaged, so it is made anew; the brief is the same, so the bytes are too."""
        walk: Walk = self._engine.walk(self._session, self._wish)
        try:
            return walk(stage, brief)
        except AvatarError as failure:
            if self._left():
                raise Left from failure
            raise
