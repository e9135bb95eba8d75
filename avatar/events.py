"""What happens while a request is made, told as it happens. Knows not who listens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from avatar.artifacts import Film, Speech, Takes
from avatar.sampling import Diffusion, merged


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
class Glimpsed:
    """A small JPEG, 256 pixels on its longer side at most, of what is coming into being."""

    stage: str
    picture: bytes = field(repr=False)


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


Event = Started | Progressed | Playable | Glimpsed | FellBack | Finished | Failed
Listener = Callable[[Event], None]


def unheard(_event: Event) -> None:
    """The listener of a run that nobody follows."""


def together(before: str, more: str) -> str:
    """Backends that served one stage, each named once, as `Outcome.backends` lists them: `espeak, joiner`."""
    return ", ".join(dict.fromkeys((*split(before), *split(more))))


def split(backends: str) -> tuple[str, ...]:
    """The single backends of such a list."""
    return tuple(filter(None, backends.split(", ")))


Mode = Literal["video", "audio_only", "image"]
"""What there is to be had: a film, with sound or silent; sound alone; pictures alone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to. `degraded` is true whenever less was made than was asked for.

    Speaking gives `speech`, and a `film` where there is a picture; pictures and silent films are `takes`. `backends`
    tells by stage who did it; several, where it was done several times.
    """

    mode: Mode
    speech: Speech | None
    film: Film | None
    seed: int
    backends: dict[str, str] = field(default_factory=dict)
    fallbacks: tuple[FellBack, ...] = ()
    degraded: bool = False
    reason: str | None = None
    takes: Takes | None = None

    @property
    def diffusion(self) -> tuple[Diffusion, ...]:
        """How each model that diffused for it really worked."""
        takes = self.takes.takes if self.takes else ()
        return merged(
            [*(self.film.diffusion if self.film else ()), *(one for take in takes if (one := take.diffusion))]
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What one should know of all that was made, each sentence once."""
        takes = self.takes.takes if self.takes else ()
        told = [*(self.speech.notes if self.speech else ()), *(self.film.notes if self.film else ())]
        return tuple(dict.fromkeys([*told, *(note for take in takes for note in take.notes)]))
