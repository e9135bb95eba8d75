"""Calls that arrive together run together: micro-batches for performers that can do several briefs at once.

Knows no stage and no device. There is no thread of its own: of the threads that call, the first in line leads. It
waits until its window is over, or its batch full, or the lane free, runs the batch, and tells the others what came out.

Each caller keeps its own context. One whose `step` raises (cancelled, too late) has left: a performer may go on
without it, and what it then gives in its place is not looked at; where it lets the error pass, the batch is begun anew
without the one who left. Any other error is told to all. A batch that does not fit into memory is tried in halves.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from traceback import clear_frames
from types import TracebackType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from avatar.artifacts import Blob
from avatar.errors import BadOutput
from avatar.memory import give_back, lacking, memory_errors
from avatar.stage import Batching, Context, Performer
from avatar.turns import LISTEN

I = TypeVar("I")
O = TypeVar("O")
I_contra = TypeVar("I_contra", contravariant=True)
O_co = TypeVar("O_co", covariant=True)
T = TypeVar("T")
P = ParamSpec("P")

WINDOW = 0.05  # seconds that a call waits for others
MOST = 4  # calls in one batch
REMEMBERED = 256  # kinds of batches whose size was found out
REST = 900.0  # seconds after which a size that did not fit is tried again: what took the memory may be gone by then

Check = Callable[[], None]


class Able(Performer[I_contra, O_co], Batching[I_contra, O_co], Protocol[I_contra, O_co]):
    """A performer that does one brief or several."""


class Seat:
    """A caller's context as its batch sees it: acts with the caller's context variables, and knows whether it left."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._variables = copy_context()
        self.left: BaseException | None = None

    @property
    def device(self) -> str:
        """Where to compute."""
        return self._context.device

    @property
    def seed(self) -> int:
        """The brief's own seed."""
        return self._context.seed

    def step(self, done: int, total: int) -> None:
        """Report progress. Raises what the caller's context raises, and then always."""
        try:
            self._ask(self._context.step, done, total)
        except BaseException as error:
            self.left = error
            raise

    def scratch(self) -> Path:
        """A folder of this caller's own."""
        return self._ask(self._context.scratch)

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file into the store. Raises `StorageError`."""
        return self._ask(self._context.keep, path, media_type)

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        return self._ask(self._context.path, blob)

    def playable(self, path: Path) -> None:
        """Tell that this growing file can be played from its start already."""
        self._ask(self._context.playable, path)

    def glimpse(self, picture: bytes) -> None:
        """Show a small JPEG of what is coming into being, to whoever is still there."""
        if self.left is None:
            self._variables.run(self._context.glimpse, picture)

    def _ask(self, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        if self.left is not None:
            raise self.left
        return self._variables.run(act, *args, **named)


@dataclass(eq=False, slots=True)
class _Call(Generic[I, O]):
    kind: Hashable
    brief: I
    seat: Seat
    arrived: float
    made: list[O] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.made) or self.error is not None


@dataclass(eq=False, slots=True)
class _Lane:
    waiting: list[_Call[Any, Any]] = field(default_factory=list)
    busy: bool = False
    callers: int = 0


class Batcher:
    """Gathers calls for up to `window` seconds, `most` at once. One serves all performers and threads.

    `spare` frees what memory it can, when a batch found too little.
    """

    def __init__(
        self,
        *,
        window: float = WINDOW,
        most: int = MOST,
        spare: Callable[[], None] = give_back,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window = window
        self._most = most
        self._spare = spare
        self._clock = clock
        self._changed = threading.Condition()
        self._lanes: dict[str, _Lane] = {}
        self._fits: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def run(
        self,
        performer: Able[I, O],
        brief: I,
        *,
        context: Context,
        lane: str,
        group: Hashable,
        check: Check = lambda: None,
    ) -> O:
        """What the performer makes of one brief, alone or with others of its `group` and batch key.

        Calls of one `lane` (a device) run one batch at a time; one without a batch key runs at once. `check` is called
        while waiting, and ends the wait by raising. Raises what the performer raises.
        """
        key = performer.batch_key(brief)
        if key is None:
            return performer(brief, context)
        call: _Call[I, O] = _Call((group, key), brief, Seat(context), self._clock())
        with self._queued(call, lane) as road:
            while not call.done:
                batch = self._gather(road, call)
                if batch:
                    with _Round(self, road, batch) as made:
                        made.extend(_together(performer, batch))
                elif call in road.waiting:
                    check()
        if call.error is not None:
            raise call.error
        return call.made[0]

    def waiting(self, lane: str) -> tuple[Hashable, ...]:
        """Group and key of those in line, first come first; without those whose batch is running."""
        with self._changed:
            road = self._lanes.get(lane)
            return tuple(call.kind for call in road.waiting) if road else ()

    def ended(
        self, road: "_Lane", batch: "list[_Call[Any, Any]]", *, made: list[Any], error: BaseException | None
    ) -> bool:
        """Share out what came of a batch, and free the lane. Returns whether those concerned were told of the error."""
        try:
            if error is not None and lacking(error):
                clear_frames(error.__traceback__)
                self._spare()
        finally:
            self._share(road, batch, made=made, error=error)
        return isinstance(error, Exception) or any(call.seat.left is error for call in batch)

    def _share(
        self, road: "_Lane", batch: "list[_Call[Any, Any]]", *, made: list[Any], error: BaseException | None
    ) -> None:
        """To each what is due; who got nothing waits again, at the head of the line."""
        stayed = [call for call in batch if call.seat.left is None]
        with self._changed:
            for call in batch:
                call.error = call.seat.left
            if error is None:
                for call, one in zip(batch, made, strict=True):
                    if call.error is None:
                        call.made.append(one)
            elif lacking(error) and len(stayed) > 1:
                self._shrink(batch[0].kind, len(stayed) // 2)
            elif isinstance(error, Exception) and len(stayed) == len(batch):  # else try without those who left
                for call in stayed:
                    call.error = error
            again = [call for call in batch if not call.done]
            for call in again:
                call.arrived = float("-inf")  # their window is over
            road.waiting[:0] = again
            road.busy = False
            self._changed.notify_all()

    @contextmanager
    def _queued(self, call: "_Call[I, O]", lane: str) -> "Iterator[_Lane]":
        """Stand in line; a lane exists only while somebody does."""
        with self._changed:
            road = self._lanes.setdefault(lane, _Lane())
            road.callers += 1
            road.waiting.append(call)
            self._changed.notify_all()
        try:
            yield road
        finally:
            with self._changed:
                road.waiting[:] = [other for other in road.waiting if other is not call]
                road.callers -= 1
                if not road.callers:
                    del self._lanes[lane]
                self._changed.notify_all()

    def _gather(self, road: "_Lane", call: "_Call[I, O]") -> "list[_Call[I, O]]":
        """The batch that this caller has to lead now; none as long as another leads, or more may come."""
        with self._changed:
            wait = LISTEN
            if not call.done and not road.busy and road.waiting[0] is call:
                room = self._room(call.kind)
                same = [other for other in road.waiting if other.kind == call.kind][:room]
                wait = min(wait, call.arrived + self._window - self._clock())
                if wait <= 0 or len(same) == room:
                    road.waiting[:] = [other for other in road.waiting if other not in same]
                    road.busy = True
                    return same
            if not call.done:
                self._changed.wait(wait)
            return []

    def _room(self, kind: Hashable) -> int:
        """Calls that fit into one batch, as far as is known."""
        size, until = self._fits.get(kind, (self._most, 0.0))
        return min(size, self._most) if self._clock() < until else self._most

    def _shrink(self, kind: Hashable, size: int) -> None:
        self._fits[kind] = size, self._clock() + REST
        self._fits.move_to_end(kind)
        if len(self._fits) > REMEMBERED:
            self._fits.popitem(last=False)


class _Round:
    """The time that one batch has the lane. However it ends, all who are in it are told."""

    def __init__(self, batcher: Batcher, road: _Lane, batch: list[_Call[Any, Any]]) -> None:
        self._batcher = batcher
        self._road = road
        self._batch = batch
        self._made: list[Any] = []

    def __enter__(self) -> list[Any]:
        return self._made

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return self._batcher.ended(self._road, self._batch, made=self._made, error=error)


def _together(performer: Able[I, O], batch: list[_Call[I, O]]) -> Sequence[O]:
    """What the performer gives for each call, in their order. Raises what it raises, and `BadOutput`."""
    with memory_errors():
        if len(batch) == 1:
            return [performer(batch[0].brief, batch[0].seat)]
        made = performer.batch([call.brief for call in batch], [call.seat for call in batch])
    if len(made) != len(batch):
        raise BadOutput(f"A batch of {len(batch)} gave {len(made)} results.")
    return made
