"""Trying again: how long, how often, and when it is over. Knows not what is tried."""

import time
from collections.abc import Callable
from typing import TypeVar

from avatar.errors import Cancelled, FetchError
from avatar.fetch.words import Patience

T = TypeVar("T")
TICK = 0.05


class Setback(Exception):
    """It went wrong, and may go right when tried again after `wait` seconds; `error` is what it is in the end."""

    def __init__(self, error: FetchError, *, wait: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def nothing() -> int:
    """The gain of an attempt that is whole or nothing."""
    return 0


def persist(
    attempt: Callable[[], T],
    *,
    patience: Patience,
    cancelled: Callable[[], bool],
    gained: Callable[[], int] = nothing,
) -> T:
    """Do it, again and again while patience lasts; it lasts anew whenever `gained` has grown. Raises `FetchError`."""
    tries, had = 0, gained()
    while True:
        try:
            return attempt()
        except Setback as setback:
            now = gained()
            tries, had = (0, now) if now > had else (tries, had)
            tries += 1
            if tries >= patience.attempts or setback.wait > patience.longest:
                raise setback.error from setback
            wait = max(setback.wait, min(patience.longest, patience.pause * 2.0 ** (tries - 1)))
        pause(wait, cancelled)


def pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    """Wait. Raises `Cancelled` as soon as it is no longer wanted."""
    until = time.monotonic() + seconds
    while True:
        if cancelled():
            raise Cancelled("Fetching was called off.")
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(TICK, left))
