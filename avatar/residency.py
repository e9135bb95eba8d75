"""Loaded performers, lent to whoever works with them, and put out when the next one needs their memory.

Knows no stage and no device by name: what is free it is told by a probe, what is needed by each placement.

    with residency.hold(stage.name, backend, placement=placement) as perform:
        made = perform(brief, context)

A performer is loaded once, however many ask at once, and stays. Before another is loaded, or called again, those that
were idle for longest go until its peak fits; one that is lent never goes, its return is awaited instead. Placements
without bytes (floors) cost nothing here: they are neither counted nor put out. A thread holds one performer at a time.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import Any, TypeVar

from avatar import memory
from avatar.amounts import amount
from avatar.attempt import Clock
from avatar.errors import OutOfMemory, Unavailable
from avatar.stage import Backend, Performer, Placement
from avatar.turns import LISTEN, Turns

I = TypeVar("I")
O = TypeVar("O")
T = TypeVar("T")

Probe = Callable[[str], int | None]
Check = Callable[[], None]
Load = Callable[[str, Backend[Any, Any], Placement], Performer[Any, Any]]
"""Loads a stage's backend in another way than its own. Raises `BackendError`."""

GATE = "gate"
REST = 900.0
"""Seconds that a backend rests that ran out of memory twice: what took the memory may be gone by then."""
TIRED = "It ran out of memory twice and rests for a quarter of an hour. Choose a smaller model, or free memory."


@dataclass(frozen=True, slots=True)
class Resident:
    """One loaded performer. `bytes` says what it took on each device, `used` is the clock's time of its last use."""

    stage: str
    backend: str
    placement: Placement
    bytes: dict[str, int]
    used: float
    lent: int


Name = tuple[str, str, str, str, str, str]


@dataclass(eq=False, slots=True)
class _Seat:
    """A performer's place, from the first one who wants it until it is put out. `took`: bytes, where they are known."""

    stage: str
    backend: str
    placement: Placement
    performer: Performer[Any, Any] | None = None
    took: dict[str, int] = field(default_factory=dict)
    lent: int = 0
    used: float = 0.0

    @property
    def peak(self) -> dict[str, int]:
        """Bytes at the worst moment, by device."""
        if self.placement.device == "cpu":
            return _positive({"cpu": max(self.placement.ram, self.placement.vram)})
        return _positive({self.placement.device: self.placement.vram, "cpu": self.placement.ram})

    def growth(self) -> dict[str, int]:
        """Bytes that its work may take beyond what it took when it was loaded."""
        peak = self.peak
        direct = self.placement.device != "cpu" and self.placement.offload in ("none", "tiles")
        if direct and self.performer is not None:
            peak.pop("cpu", None)  # the RAM was for loading
        return _positive({device: size - self.took.get(device, 0) for device, size in peak.items()})


class Residency:
    """Lends performers to many threads. `free` tells the bytes that a device still has, None where nobody can say."""

    def __init__(self, *, free: Probe = memory.free, clock: Clock = time.monotonic, load: Load | None = None) -> None:
        self._free, self._own_load = free, load
        self._clock = clock
        self._turns = Turns()
        self._changed = threading.Condition()
        self._seats: dict[Name, _Seat] = {}
        self._leaving = self._lendings = 0
        self._tired: dict[tuple[str, str], float] = {}

    @contextmanager
    def hold(
        self, stage: str, backend: Backend[I, O], *, placement: Placement, check: Check = lambda: None
    ) -> Iterator[Performer[I, O]]:
        """Borrow a loaded performer. `check` is called while waiting, and ends the wait by raising.

        Raises `OutOfMemory` when it does not fit, be it while loading or in the body of the `with`, `Unavailable` when
        it ran out of memory too often, and whatever else `backend.load` raises: then nothing stays behind.
        """
        if (stage, backend.id) in self.demoted():
            raise Unavailable(TIRED)
        name = _name(stage, backend, placement)
        with memory.memory_errors():
            with self._turns.turn(repr(name), check=check):
                seat = self._sit(name, _Seat(stage, backend.id, placement), check=check)
                if seat.performer is None:
                    self._load(name, seat, backend=backend)
            try:
                yield seat.performer  # type: ignore[misc]  # it was just loaded, and what is lent stays
            finally:
                self._leave(name, seat)

    def call(
        self,
        stage: str,
        backend: Backend[I, O],
        *,
        placement: Placement,
        work: Callable[[Performer[I, O]], T],
        check: Check = lambda: None,
    ) -> T:
        """What `work` makes of the borrowed performer. Raises what `hold` and `work` raise.

        After a lack of memory everything idle is put out, itself too, and it is tried once more. A second lack demotes
        the backend for `REST`, unless it is a floor: what must always be there gets another chance each time.
        """

        def once() -> T:
            with self.hold(stage, backend, placement=placement, check=check) as performer:
                return work(performer)

        try:
            return once()
        except OutOfMemory as error:
            clear_frames(error.__traceback__)
        self.evict()
        check()
        try:
            return once()
        except OutOfMemory as error:
            clear_frames(error.__traceback__)
            if not backend.needs.floor and not isinstance(error, _NoRoom):
                self._tired[stage, backend.id] = self._clock() + REST
            self.evict()
            raise

    def resident(self) -> tuple[Resident, ...]:
        """What is loaded, longest idle first."""
        with self._changed:
            seats = sorted((seat for seat in self._seats.values() if seat.performer), key=lambda seat: seat.used)
        return tuple(Resident(s.stage, s.backend, s.placement, s.took or s.peak, s.used, s.lent) for s in seats)

    def demoted(self) -> tuple[tuple[str, str], ...]:
        """Stage and backend of those that are not tried for now."""
        now = self._clock()
        return tuple(sorted(name for name, until in list(self._tired.items()) if now < until))

    def evict(self) -> None:
        """Put out everything idle that takes memory."""
        with self._changed:
            idle = [name for name, seat in self._seats.items() if not seat.lent and seat.peak]
            out = [self._pop(name) for name in idle]
        self._dismiss(out)

    def _sit(self, name: Name, fresh: _Seat, *, check: Check) -> _Seat:
        """The seat of this name, lent once more, with room for its work."""
        if not fresh.peak:
            with self._changed:
                return self._lend(name, fresh)
        with self._turns.turn(GATE, check=check):  # one at a time, so that who needs much is not overtaken for ever
            swept = False
            while True:
                with self._changed:
                    seat = self._seats.get(name, fresh)
                    short = self._short(seat)
                    if short is None:
                        return self._lend(name, fresh)
                    out = self._longest_idle(short, but=seat)
                    wait = not out and self._others_work(short, but=seat)
                    if wait:
                        self._changed.wait(LISTEN)
                    elif not out and seat.performer is not None:  # whether its work fits, only trying tells
                        return self._lend(name, fresh)
                    elif not out and swept:
                        raise self._no_room(seat, short)
                if wait:
                    check()
                else:
                    self._dismiss(out)  # with nobody to go, what failed work left behind still may
                swept = not wait

    def _lend(self, name: Name, fresh: _Seat) -> _Seat:
        seat = self._seats.setdefault(name, fresh)
        seat.lent += 1
        seat.used = self._clock()
        self._lendings += bool(seat.peak)
        return seat

    def _leave(self, name: Name, seat: _Seat) -> None:
        with self._changed:
            seat.lent -= 1
            seat.used = self._clock()
            if seat.performer is None:
                self._seats.pop(name, None)
            self._changed.notify_all()

    def _load(self, name: Name, seat: _Seat, *, backend: Backend[Any, Any]) -> None:
        with self._changed:
            before = {device: self._free(device) for device in seat.peak}
            alone = not any(self._others_work(device, but=seat) for device in seat.peak)
            lendings = self._lendings
        try:
            own, placement = self._own_load, seat.placement
            performer = own(seat.stage, backend, placement) if own else backend.load(placement)
            with self._changed:
                if alone and lendings == self._lendings:  # else nobody can tell whose bytes they are
                    seat.took = _taken(before, {device: self._free(device) for device in before}, most=seat.peak)
                seat.performer = performer
        finally:
            if seat.performer is None:
                self._leave(name, seat)

    def _short(self, seat: _Seat) -> str | None:
        """A device on which the seat's work would not fit beside all that others may still take; None when all do."""
        if seat.lent:  # it has its room already
            return None
        for device, need in seat.growth().items():
            free = self._free(device)
            others = (other.growth() for other in self._seats.values() if other.lent and other is not seat)
            if free is not None and need > free - sum(growth.get(device, 0) for growth in others):
                return device
        return None

    def _longest_idle(self, device: str, *, but: _Seat) -> list[_Seat]:
        idle = [
            (seat.used, index, name)
            for index, (name, seat) in enumerate(self._seats.items())
            if not seat.lent and seat is not but and device in seat.peak
        ]
        return [self._pop(min(idle)[2])] if idle else []

    def _pop(self, name: Name) -> _Seat:
        self._leaving += 1
        return self._seats.pop(name)

    def _dismiss(self, seats: list[_Seat]) -> None:
        try:
            for seat in seats:
                _farewell(seat)
            memory.give_back()
        finally:
            with self._changed:
                self._leaving -= len(seats)
                self._changed.notify_all()

    def _others_work(self, device: str, *, but: _Seat) -> bool:
        return self._leaving > 0 or any(
            seat.lent and seat is not but and device in seat.peak for seat in self._seats.values()
        )

    def _no_room(self, seat: _Seat, device: str) -> OutOfMemory:
        kind = "RAM" if device == "cpu" else "VRAM"
        need, free = amount(seat.peak[device]), amount(self._free(device) or 0)
        return _NoRoom(f"It needs {need} of {kind}, {free} are free. Free some memory, or choose a smaller model.")


class _NoRoom(OutOfMemory):
    """It was not begun, so that is no reason to demote it."""


def _name(stage: str, backend: Backend[Any, Any], placement: Placement) -> Name:
    return (stage, backend.id, backend.version, placement.device, placement.precision, placement.offload)


def _farewell(seat: _Seat) -> None:
    """Drop a performer for good."""
    performer, seat.performer = seat.performer, None
    leave = getattr(performer, "close", None) or getattr(performer, "unload", None)
    if callable(leave):
        leave()


def _positive(sizes: dict[str, int]) -> dict[str, int]:
    return {device: size for device, size in sizes.items() if size > 0}


def _taken(before: dict[str, int | None], after: dict[str, int | None], *, most: dict[str, int]) -> dict[str, int]:
    return {
        device: min(max(had - left, 0), most[device])
        for device, had in before.items()
        if had is not None and (left := after[device]) is not None
    }
