"""What happens while a request is made, told as it happens. Knows not who listens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from avatar.artifacts import Film, Speech


@dataclass(frozen=True, slots=True)
class Started:
    """A stage begins with this backend."""

    stage: str
    backend: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """`done` of `total` steps of a stage are behind us."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Playable:
    """A growing fragmented MP4 can be played from the start; more follows at its end."""

    stage: str
    path: Path


@dataclass(frozen=True, slots=True)
class FellBack:
    """A backend could not do it; the next one is tried."""

    stage: str
    backend: str
    to: str
    why: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A stage is done; `cached` when nothing had to be computed."""

    stage: str
    backend: str
    seconds: float
    cached: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A stage ended without a result."""

    stage: str
    code: str
    why: str


Event = Started | Progressed | Playable | FellBack | Finished | Failed
Listener = Callable[[Event], None]


def unheard(_event: Event) -> None:
    """The listener of a run that nobody follows."""


def together(before: str, more: str) -> str:
    """Backends that served one stage, each named once, as `Outcome.backends` lists them: `espeak, joiner`."""
    return ", ".join(dict.fromkeys((*split(before), *split(more))))


def split(backends: str) -> tuple[str, ...]:
    """The single backends of such a list."""
    return tuple(filter(None, backends.split(", ")))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to. `degraded` is true whenever less was made than was asked for.

    `backends` tells by stage who did it; several, where it was done several times.
    """

    mode: Literal["video", "audio_only"]
    speech: Speech
    film: Film | None
    seed: int
    backends: dict[str, str] = field(default_factory=dict)
    fallbacks: tuple[FellBack, ...] = ()
    degraded: bool = False
    reason: str | None = None
