"""What the loop of a queue sleeps on: wakes when rung, or when a look says that it is worth it. Knows no queue."""

import threading
import time
from collections.abc import Callable

from avatar.errors import StorageError

LOOK = 0.2  # seconds between two looks
LONGEST = 2.0  # seconds after which the loop looks by itself, whatever we think
PAUSE = 0.02  # seconds between two turns of the loop, in which a job just taken comes to be counted


class Bell:
    """The part of `threading.Event` that a loop uses; `set` ends it.

    `worth` says whether it should look now, `free` whether it may.
    """

    def __init__(self, worth: Callable[[], bool], *, free: Callable[[], bool]) -> None:
        self._worth = worth
        self._free = free
        self._change = threading.Condition()
        self._rung = False
        self._over = False

    def ring(self) -> None:
        """Something may be there: look now."""
        with self._change:
            self._rung = True
            self._change.notify_all()

    def set(self) -> None:
        """Stop the loop."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._over

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until it is worth looking, at most `LONGEST` seconds while free; true to stop.

        The loop's own time is not kept.
        """
        until = time.monotonic() + LONGEST
        self._sleep(PAUSE, ring=False)
        while not (self._over or self._look(until)):
            self._sleep(LOOK, ring=True)
        return self._over

    def _look(self, until: float) -> bool:
        self._rung = False
        if not self._free():
            return False
        if time.monotonic() > until:
            return True
        try:
            return self._worth()
        except StorageError:  # the database is gone: the loop finds out for itself, and waits
            return False

    def _sleep(self, seconds: float, *, ring: bool) -> None:
        with self._change:
            self._change.wait_for(lambda: self._over or (ring and self._rung), timeout=seconds)
