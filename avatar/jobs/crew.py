"""Who of the workers does a stage, so that a job walks to the one that has the accelerator it needs. Knows no stage.

A job is never in two hands: before a stage that another worker does better it is put down, into the queue of those
who can, and taken up there with all that it came to so far.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any

from avatar.engine import Placer
from avatar.granting import unmet
from avatar.jobs.reports import Member
from avatar.jobs.transact import GPU, JOBS
from avatar.jobs.workbook import Workbook
from avatar.stage import Backend, Choosy, Stage

NONE = (None, "cpu")  # devices that are no accelerator
HOLDS = 1.0  # seconds that a look at who lives is good for


class Crew:
    """What this worker, named `me`, does itself, and what it leaves to others. A `general` one takes every job."""

    def __init__(
        self, workbook: Workbook, *, place: Placer, stages: Sequence[Stage[Any, Any]], me: str, general: bool
    ) -> None:
        self._workbook = workbook
        self._place = place
        self._stages = stages
        self._me = me
        self.general = general
        self._guard = threading.Lock()
        self._looked = float("-inf")
        self._others: tuple[Member, ...] = ()

    def accelerated(self) -> frozenset[str]:
        """What this worker does on an accelerator, as stage/backend."""
        pairs = ((stage.name, backend.id) for stage in self._stages for backend in stage.chain)
        return frozenset(f"{stage}/{backend}" for stage, backend in pairs if self._device(stage, backend) not in NONE)

    def elsewhere(self, stage: Stage[Any, Any], brief: Any) -> str | None:
        """The queue of those who do this stage better, if there are any alive; None when it is best done here."""
        for backend in self._in_turn(stage, brief):
            if isinstance(backend, Choosy) and not backend.takes(brief):
                continue
            device = self._device(stage.name, backend.id)
            if device is not None:
                return None if self.general or device not in NONE else self._general()
            if any(f"{stage.name}/{backend.id}" in each.stages for each in self._alive()):
                return GPU
        return None

    def _in_turn(self, stage: Stage[Any, Any], brief: Any) -> list[Backend[Any, Any]]:
        """The chain, with those who can't grant what the brief wishes behind those who can, and the floor last."""
        return sorted(stage.chain, key=lambda each: 2 if each is stage.chain[-1] else bool(unmet(each, brief)))

    def _general(self) -> str | None:
        """The queue of those who do what needs no accelerator; None when nobody does."""
        return JOBS if any(each.general for each in self._alive()) else None

    def _device(self, stage: str, backend: str) -> str | None:
        placement = self._place(stage, backend)
        return None if placement is None else placement.device

    def _alive(self) -> tuple[Member, ...]:
        with self._guard:
            if time.monotonic() - self._looked > HOLDS:
                self._others = tuple(each for each in self._workbook.crew() if each.id != self._me)
                self._looked = time.monotonic()
            return self._others
