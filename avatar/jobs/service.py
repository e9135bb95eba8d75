"""What doors may do: the façade that every kind of job service has. Knows no door, no engine and no stage."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from avatar.artifacts import Blob
from avatar.errors import AvatarError, NotFound
from avatar.events import Listener, Outcome
from avatar.gallery import AvatarCard, VoiceCard
from avatar.plan import Plan
from avatar.request import TalkRequest

if TYPE_CHECKING:
    from avatar.quality.figures import Certificate

Status = Literal["queued", "in_progress", "completed", "failed", "canceled"]
Variant = Literal["video", "audio", "thumbnail", "captions.srt", "captions.vtt", "words.json", "motion.csv", "rig"]


@dataclass(frozen=True, slots=True)
class Job:
    """One request's fate as of now. `outcome` is there when completed, `error` when failed or canceled."""

    id: str
    status: Status
    request: TalkRequest
    seconds: float = 0.0
    outcome: Outcome | None = None
    error: AvatarError | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What else can be asked, as the hallway wired it. Each member is a question that costs nothing until it is called.

    `sheet` writes a picture of all avatars; `certify` measures a film: its file, and its rig's file. Without that it
    looks for the rig itself, in case the film was made here.
    """

    voices: Callable[[], tuple[VoiceCard, ...]]
    avatars: Callable[[], tuple[AvatarCard, ...]]
    plan: Callable[[], Plan]
    explain: Callable[[], str]
    sheet: Callable[[Path], None]
    certify: "Callable[[Path, Path | None], Certificate]"


class JobService(Protocol):
    """Takes requests and answers for them."""

    @property
    def house(self) -> House:
        """What else can be asked."""
        ...

    def submit(self, ask: TalkRequest) -> str:
        """The id under which this request is now known. Returns at once."""
        ...

    def follow(self, job_id: str, listener: Listener) -> Job:
        """Hear every event until the job has ended, and get it as it then is. Raises `NotFound`."""
        ...

    def job(self, job_id: str) -> Job:
        """The job as it is now. Raises `NotFound`."""
        ...

    def cancel(self, job_id: str) -> None:
        """Call a job off: at once when it waits, within its current step when it runs. Raises `NotFound`."""
        ...

    def file(self, job_id: str, variant: Variant) -> Path:
        """A finished file of the job, to be read, not kept. Raises `NotFound`, `StorageError`."""
        ...

    def delete(self, job_id: str) -> None:
        """Forget a job that has ended and let go of its files. Raises `NotFound`."""
        ...


def blob_of(outcome: Outcome, variant: Variant) -> Blob:
    """The blob behind a variant. Raises `NotFound` when this outcome has none."""
    film = outcome.film
    if variant == "audio":
        return outcome.speech.sound
    if film is None:
        raise NotFound(f"There is no {variant}: only sound was made. Ask for the audio, or for the film once more.")
    return {
        "video": film.video,
        "thumbnail": film.thumbnail,
        "captions.srt": film.captions_srt,
        "captions.vtt": film.captions_vtt,
        "words.json": film.words,
        "motion.csv": film.motion_csv,
        "rig": film.rig,
    }[variant]
