"""One backend's attempt at one brief: the `Context` that its performer sees. Knows neither the chain nor the cache."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from avatar.artifacts import Blob
from avatar.errors import Cancelled, TimedOut
from avatar.events import Event, Glimpsed, Listener, Playable, Progressed, unheard
from avatar.storage import Session

QUIET = 0.1  # seconds that must pass between two progress events of an attempt

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Wish:
    """What holds for a whole run.

    Who listens, whether it is still wanted, until when (clock seconds, None: for ever), whether a second choice counts
    as failure (`strict`), and the seconds that each backend may take over its stage (`patience`). `backends` names the
    one that a stage is to begin with; those in `barred`, as (stage, backend), are passed over.
    """

    listener: Listener = unheard
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadline: float | None = None
    strict: bool = False
    patience: float | None = None
    backends: Mapping[str, str] = field(default_factory=dict)
    barred: frozenset[tuple[str, str]] = frozenset()

    def check(self, now: float) -> None:
        """Raises `Cancelled` when the run is no longer wanted and `TimedOut` when its time is over."""
        if self.cancelled.is_set():
            raise Cancelled("The work was called off.")
        if self.deadline is not None and now > self.deadline:
            raise TimedOut("The time allowed for this request is over. Ask for less, or allow more time.")


class Attempt:
    """A `Context` over a store session. May be used by several threads of the one performer it was made for."""

    def __init__(self, *, stage: str, session: Session, wish: Wish, clock: Clock, device: str, seed: int) -> None:
        self.device = device
        self.seed = seed
        self._stage = stage
        self._session = session
        self._wish = wish
        self._clock = clock
        self._until = float("inf") if wish.patience is None else clock() + wish.patience
        self._spoke = float("-inf")
        self._folder: Path | None = None
        self._cleanup = ExitStack()

    def step(self, done: int, total: int) -> None:
        """Report progress, at most every `QUIET` seconds. Raises `Cancelled` or `TimedOut`."""
        now = self._clock()
        self._wish.check(now)
        if now > self._until:
            raise TimedOut("The time allowed for this step is over. Ask for less, or allow more time.")
        if now - self._spoke >= QUIET or done == total:
            self._spoke = now
            self._tell(Progressed(self._stage, done, total))

    def scratch(self) -> Path:
        """A folder of this attempt's own; it is gone when the attempt ends."""
        if self._folder is None:
            self._folder = self._cleanup.enter_context(self._session.scratch())
        return self._folder

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file into the store. Raises `StorageError`."""
        return self._session.keep(path, media_type)

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        return self._session.path(blob)

    def playable(self, path: Path) -> None:
        """Tell that this growing file can be played from its start already."""
        self._tell(Playable(self._stage, path))

    def glimpse(self, picture: bytes) -> None:
        """Show a small JPEG of what is coming into being."""
        self._tell(Glimpsed(self._stage, picture))

    def close(self) -> None:
        """Remove the scratch folder."""
        self._cleanup.close()

    def __enter__(self) -> "Attempt":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, event: Event) -> None:
        self._wish.listener(event)
