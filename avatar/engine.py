"""Walks a stage's chain: cache, backend, fallback, event. Knows no stage, no backend and no folder by name."""

import errno
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError

from avatar import granting, records
from avatar.artifacts import blobs_of
from avatar.attempt import Attempt, Clock, Wish
from avatar.batching import Able, Batcher
from avatar.disk import DATA, advice
from avatar.errors import AvatarError, BackendError, BadOutput, StageFailed, StorageError, Unavailable
from avatar.events import Failed, FellBack, Finished, Outcome, Started, together
from avatar.paces import length_of
from avatar.residency import Residency
from avatar.stage import Backend, Batching, Performer, Placement, Stage, Wanted
from avatar.storage import Session, Store
from avatar.turns import Turns

I = TypeVar("I")
O = TypeVar("O")

Placer = Callable[[str, str], Placement | None]
Revision = Callable[[str], str]
Why = Callable[[str, str], str]
Holder = Callable[[Placement], AbstractContextManager[None]]
"""Keeps a placement's weights where they are. Raises `Unavailable` when they are gone already."""
Noter = Callable[[str, str, float, float | None], None]
"""Hears of work: stage, backend, its seconds, and the seconds of film or sound it was done for, None for a picture."""

NOWHERE = Placement()
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


def anywhere(_stage: str, _backend: str) -> Placement | None:
    """The placer without a plan: every backend on the CPU, without weights."""
    return Placement()


def unheld(_placement: Placement) -> AbstractContextManager[None]:
    """The holder of weights that nobody removes."""
    return nullcontext()


def unnoted(_stage: str, _backend: str, _seconds: float, _length: float | None) -> None:
    """The noter that forgets."""


def unexplained(_stage: str, _backend: str) -> str:
    """The reason where no plan is known."""
    return "The plan has no place for it on this machine."


def cache_key(
    stage: str, backend: Backend[I, O], *, brief: I, revision: Revision, placement: Placement = NOWHERE
) -> str:
    """sha256 over all that decides an artifact's bytes: stage, recipe, weights, and the brief with its ancestry.

    With weights, how they are run counts too: kind of device, precision, and offload, as tiles change pixels.
    """
    recipe: dict[str, Any] = {
        "stage": stage,
        "backend": backend.id,
        "version": backend.version,
        "weights": {name: revision(name) for name in {**dict.fromkeys(backend.needs.weights), **placement.weights}},
    }
    if backend.needs.weights:
        recipe["placement"] = [placement.device.partition(":")[0], placement.precision, placement.offload]
    head = json.dumps(recipe, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(head + b"\n" + records.dump(brief)).hexdigest()


class Engine:
    """Runs stages over one store. One engine serves many threads; `residency` keeps the loaded performers.

    `place` says where a backend runs, or None when the plan refused it; `revision` names a weight's pinned revision,
    `why` says why not in a sentence, `hold` keeps weights from removal while they are used, `noted` hears how long work
    took.
    """

    def __init__(
        self,
        store: Store,
        *,
        place: Placer = anywhere,
        revision: Revision = str,
        clock: Clock = time.monotonic,
        residency: Residency | None = None,
        batcher: Batcher | None = None,
        hold: Holder = unheld,
        noted: Noter = unnoted,
        why: Why = unexplained,
    ) -> None:
        self.store = store
        self.hold = hold
        self.noted = noted
        self.why = why
        self.place = place
        self.revision = revision
        self.clock = clock
        self.turns = Turns()
        self.residency = residency or Residency()
        self.batcher = batcher or Batcher(spare=self.residency.evict)

    def walk(self, session: Session, wish: Wish | None = None) -> "Walk":
        """A `Run` for one request. Its artifacts stay in the store at least until `session` is closed."""
        return Walk(self, session, wish or Wish())


class Walk:
    """One request's way through its stages, and what happened on it."""

    def __init__(self, engine: Engine, session: Session, wish: Wish) -> None:
        self._engine = engine
        self._session = session
        self._wish = wish
        self.backends: dict[str, str] = {}
        self.fallbacks: list[FellBack] = []

    def __call__(self, stage: Stage[I, O], brief: I, /) -> O:
        """The artifact that answers `brief`, from the cache or from the first backend that can.

        Raises `StageFailed` when none can, and lets `BadRequest`, `Cancelled` and `StorageError` through.
        """
        try:
            return self._first(stage, brief)
        except AvatarError as error:
            self._wish.listener(Failed(stage.name, error.code, str(error)))
            raise

    def note(self, backends: Mapping[str, str]) -> None:
        """These backends served, by stage."""
        for stage, backend in backends.items():
            self.backends[stage] = together(self.backends.get(stage, ""), backend)

    def known(self, stage: Stage[I, O], brief: I) -> O | None:
        """The artifact, where it is remembered of the backend that would be asked first. Nothing is made."""
        engine = self._engine
        placed = ((b, p) for b in self._asked(stage, brief) if (p := engine.place(stage.name, b.id)) is not None)
        backend, placement = next(placed, (None, NOWHERE))
        if backend is None:
            return None
        key = cache_key(stage.name, backend, brief=brief, revision=engine.revision, placement=placement)
        return self._recall(stage, key)

    def told(self, outcome: Outcome) -> Outcome:
        """The outcome with what happened on the way; any step down makes it a degraded one."""
        fallbacks = tuple(self.fallbacks)
        reason = outcome.reason or (fallbacks[0].why if fallbacks else None)
        return replace(
            outcome,
            backends=dict(self.backends),
            fallbacks=fallbacks,
            degraded=outcome.degraded or bool(fallbacks),
            reason=reason,
        )

    def _check(self) -> None:
        self._wish.check(self._engine.clock())

    def _first(self, stage: Stage[I, O], brief: I) -> O:
        asked = self._asked(stage, brief)
        planned = [(b, p) for b in asked if (p := self._engine.place(stage.name, b.id)) is not None]
        reasons = self._passed_over(stage, asked, brief=brief, first=planned[0][0] if planned else None)
        if reasons and self._wish.strict:
            raise StageFailed(stage.name, tuple(reasons))
        for index, (backend, placement) in enumerate(planned):
            self._check()
            try:
                made = self._make(stage, backend, brief=brief, placement=placement)
            except BackendError as error:
                reasons.append((backend.id, str(error)))
                if self._wish.strict:
                    break
                if index + 1 < len(planned):
                    self._step_down(FellBack(stage.name, backend.id, planned[index + 1][0].id, str(error)))
            else:
                self.note({stage.name: backend.id})
                return made
        raise StageFailed(stage.name, tuple(reasons))

    def _asked(self, stage: Stage[I, O], brief: I) -> list[Backend[I, O]]:
        """Those who take such a brief, and grant what it wishes. Raises `BadRequest` when nobody here does."""
        wish, place = self._wish, self._engine.place
        return granting.asked(stage, brief, backends=wish.backends, barred=wish.barred, placed=place)

    def _passed_over(
        self, stage: Stage[I, O], asked: Sequence[Backend[I, O]], *, brief: I, first: Backend[I, O] | None
    ) -> list[tuple[str, str]]:
        """Those before the first planned one that were asked for by name, and why the plan has no place for them."""
        reasons: list[tuple[str, str]] = []
        for backend in asked[: asked.index(first) if first else None]:
            named = self._wish.backends.get(stage.name) == backend.id
            if named or (isinstance(backend, Wanted) and backend.named(brief)):
                why = self._engine.why(stage.name, backend.id)
                reasons.append((backend.id, why))
                if first is not None and not self._wish.strict:
                    self._step_down(FellBack(stage.name, backend.id, first.id, why))
        return reasons

    def _step_down(self, event: FellBack) -> None:
        self.fallbacks.append(event)
        self._wish.listener(event)

    def _make(self, stage: Stage[I, O], backend: Backend[I, O], *, brief: I, placement: Placement) -> O:
        engine, tell = self._engine, self._wish.listener
        key = cache_key(stage.name, backend, brief=brief, revision=engine.revision, placement=placement)
        with engine.turns.turn(key, check=self._check):
            began = engine.clock()
            tell(Started(stage.name, backend.id))
            made = self._recall(stage, key)
            cached = made is not None
            if made is None:
                made = self._perform(stage, backend, brief=brief, placement=placement)
                self._session.remember(key, records.dump(made))
                length = length_of(made) or length_of(brief)
                engine.noted(stage.name, backend.id, engine.clock() - began, length)
            tell(Finished(stage.name, backend.id, engine.clock() - began, cached))
            return made

    def _recall(self, stage: Stage[I, O], key: str) -> O | None:
        record = self._session.recall(key)
        if record is None:
            return None
        try:
            made = records.load(stage.gives, record)
        except ValidationError:  # written by another version of the artifacts
            return None
        return made if self._session.hold(blobs_of(made)) else None

    def _perform(self, stage: Stage[I, O], backend: Backend[I, O], *, brief: I, placement: Placement) -> O:
        group = (stage.name, backend.id, backend.version, placement.precision, placement.offload)

        def work(performer: Performer[I, O]) -> O:
            with Attempt(
                stage=stage.name,
                session=self._session,
                wish=self._wish,
                clock=self._engine.clock,
                device=placement.device,
                seed=getattr(brief, "seed", 0),
            ) as attempt:
                if not isinstance(performer, Batching):
                    return performer(brief, attempt)
                made: O = self._together(performer, brief, attempt=attempt, group=group)
                return made

        with _foreign_errors(), self._engine.hold(placement):
            made = self._engine.residency.call(stage.name, backend, placement=placement, work=work, check=self._check)
        if not isinstance(made, stage.gives):
            raise BadOutput(f"Backend {backend.id} gave {type(made).__name__} instead of {stage.gives.__name__}.")
        return made

    def _together(self, performer: Able[I, O], brief: I, *, attempt: Attempt, group: tuple[str, ...]) -> O:
        """With others that wait for the same performer, on every device: whether that pays, its batch keys tell.

        Accelerators do one batch at a time, whoever's it is; on a CPU each performer has a lane of its own.
        """
        lane = attempt.device if attempt.device != "cpu" else repr(group)
        return self._engine.batcher.run(performer, brief, context=attempt, lane=lane, group=group, check=self._check)


@contextmanager
def _foreign_errors() -> Iterator[None]:
    """Errors of Python and the operating system, told in our own tree; all others are bugs and stay what they are."""
    try:
        yield
    except ImportError as error:
        raise Unavailable(f"Package {error.name or error} is not installed. Install it to use this backend.") from error
    except StorageError as error:
        if isinstance(error.__cause__, OSError):  # a scratch folder's name says nothing to a reader
            raise StorageError(advice(error.__cause__, DATA)) from error.__cause__
        raise
    except OSError as error:
        if error.errno in DISK_FAULTS:
            raise StorageError(advice(error, DATA)) from error
        raise
