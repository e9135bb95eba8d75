"""A job's `Run`: every stage's result is remembered, so that nothing finished is done twice.

Knows no table and no queue: it is given what the job's stages came to in earlier attempts, and somebody who keeps what
they come to in this one, before the job goes on. That says how a stage stepped down, or failed, and holds on other
machines too, where a plan names other backends, and so the store would be asked for other keys.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from traceback import clear_frames
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from avatar import records
from avatar.artifacts import blobs_of
from avatar.attempt import Wish
from avatar.engine import Engine, Walk
from avatar.errors import AvatarError
from avatar.events import FellBack, Outcome
from avatar.jobs import papers
from avatar.jobs.reports import Kept
from avatar.stage import Stage
from avatar.storage import Session

I = TypeVar("I")
O = TypeVar("O")


class Left(BaseException):
    """The job is put down unfinished, to be taken up from the queue `place`: nobody is to record an end."""

    def __init__(self, place: str | None = None) -> None:
        super().__init__()
        self.place = place


class Diary(Protocol):
    """Who keeps what an attempt's stages come to."""

    def keep(self, number: int, key: str, record: str) -> None:
        """Keep it before returning. Raises `Left` when the job was put down meanwhile."""
        ...

    def skip(self, stage: str) -> None:
        """A stage was done in an earlier attempt."""
        ...

    def left(self) -> bool:
        """Whether the job was put down."""
        ...


Elsewhere = Callable[[Stage[Any, Any], Any], str | None]


class Steps:
    """Runs stages. `done` is what they came to before; `elsewhere` names the queue of those who can do one better."""

    def __init__(
        self,
        engine: Engine,
        session: Session,
        *,
        wish: Wish,
        done: Iterable[Kept],
        diary: Diary,
        elsewhere: Elsewhere,
    ) -> None:
        self._engine = engine
        self._session = session
        self._wish = wish
        self._done = list(done)
        self._diary = diary
        self._elsewhere = elsewhere
        self._walk = engine.walk(session, wish)
        self._number = 0
        self.stage: str | None = None

    @property
    def fallbacks(self) -> tuple[FellBack, ...]:
        """The steps down so far, those of earlier attempts included."""
        return tuple(self._walk.fallbacks)

    def __call__(self, stage: Stage[I, O], brief: I, /) -> O:
        """The artifact that answers `brief`: remembered, from the cache, or made now.

        Raises what a `Walk` raises, and `Left` when the job goes on elsewhere.
        """
        self.stage = stage.name
        self._wish.check(self._engine.clock())
        number, self._number = self._number, self._number + 1
        key = sha256(stage.name.encode() + b"\n" + records.dump(brief)).hexdigest()
        record = self._remembered(number, key)
        if record is not None:
            with suppress(ValidationError):  # written by another version of the artifacts
                return self._recall(stage, brief, record=record)
        place = self._elsewhere(stage, brief)
        if place is not None:
            raise Left(place)
        return self._make(stage, brief, number=number, key=key)

    def told(self, outcome: Outcome) -> Outcome:
        """The outcome with what happened on the way, in this attempt and in those before."""
        return self._walk.told(outcome)

    def _remembered(self, number: int, key: str) -> dict[str, Any] | None:
        """What this stage came to in an earlier attempt. Once the ways part, what came after counts no more."""
        if number >= len(self._done):
            return None
        kept = self._done[number]
        if (kept.number, kept.key) != (number, key):
            del self._done[number:]
            return None
        record: dict[str, Any] = json.loads(kept.record)
        return record

    def _recall(self, stage: Stage[I, O], brief: I, *, record: dict[str, Any]) -> O:
        made = None if record["made"] is None else records.load(stage.gives, record["made"])
        self._note(record["backends"], [FellBack(**each) for each in record["fallbacks"]])
        if made is None:
            raise papers.load_error(record["error"])
        self._diary.skip(stage.name)
        return made if self._session.hold(blobs_of(made)) else self._again(stage, brief)

    def _make(self, stage: Stage[I, O], brief: I, *, number: int, key: str) -> O:
        walk = self._engine.walk(self._session, self._wish)
        try:
            made = walk(stage, brief)
        except AvatarError as failure:
            if self._diary.left():
                raise Left from failure
            with suppress(RuntimeError):
                clear_frames(failure.__traceback__)
            cause = self._cause(failure)
            self._keep(walk, number, key, error=papers.dump_error(cause, stage=stage.name))
            raise cause from None
        self._keep(walk, number, key, made=records.dump(made).decode())
        return made

    def _keep(self, walk: Walk, number: int, key: str, *, made: str | None = None, error: str | None = None) -> None:
        told = [papers.fallback(each) for each in walk.fallbacks]
        record = {"made": made, "error": error, "backends": walk.backends, "fallbacks": told}
        self._diary.keep(number, key, papers.compact(record))
        self._note(walk.backends, walk.fallbacks)

    def _note(self, backends: dict[str, str], fallbacks: list[FellBack]) -> None:
        self._walk.note(backends)
        self._walk.fallbacks.extend(fallbacks)

    def _cause(self, failure: AvatarError) -> AvatarError:
        """A stage that failed because the job's time was over has no failure of its own."""
        try:
            self._wish.check(self._engine.clock())
        except AvatarError as cause:
            return cause
        return failure

    def _again(self, stage: Stage[I, O], brief: I) -> O:
        """What was remembered is gone or damaged, so it is made anew; the brief is the same, so the bytes are too."""
        walk = self._engine.walk(self._session, self._wish)
        try:
            return walk(stage, brief)
        except AvatarError as failure:
            if self._diary.left():
                raise Left from failure
            raise
