"""One at a time for each key, any number of keys at once. Knows not what the keys stand for."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LISTEN = 0.05  # seconds between two calls of `check` while waiting


class Turns:
    """Locks that exist only while somebody holds or awaits them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._wanted: Counter[str] = Counter()

    @contextmanager
    def turn(self, key: str, *, check: Callable[[], None]) -> Iterator[None]:
        """Hold `key`. `check` is called while waiting, and ends the wait by raising."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
            self._wanted[key] += 1
        try:
            while not lock.acquire(timeout=LISTEN):
                check()
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._guard:
                self._wanted[key] -= 1
                if not self._wanted[key]:
                    del self._locks[key], self._wanted[key]
