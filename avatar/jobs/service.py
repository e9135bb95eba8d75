"""What doors may do: the façade that every kind of job service has. Knows no door, no engine and no stage."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from avatar.artifacts import Blob
from avatar.errors import AvatarError, NotFound
from avatar.events import FellBack, Listener, Outcome
from avatar.jobs.files import Variant
from avatar.jobs.house import House as House  # noqa: PLC0414 - the façade gives it out
from avatar.jobs.house import UploadKind as UploadKind  # noqa: PLC0414
from avatar.request import Ask

Status = Literal["queued", "in_progress", "completed", "failed", "canceled", "expired"]
ENDED: frozenset[Status] = frozenset({"completed", "failed", "canceled", "expired"})

ID = "[A-Za-z0-9_-]{1,80}"
"""What ids of jobs look like, as a pattern."""
UPLOAD_ID = f"upload_{ID}"

WebhookEvent = Literal["started", "completed", "failed", "canceled"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to tell what became of a job, and which of it."""

    url: str
    events: tuple[WebhookEvent, ...] = ("completed", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Order:
    """How a request is to be treated, beside what it asks for.

    `client` is who asks, as a door knows them: jobs are listed and shared out by it. `payer` is whose rate they count
    against, the client itself where it is empty. `priority` is 0 (first) to 9. `timeout` is seconds of work, `key` the
    client's idempotency key and `digest` the sha256 of the body that came with it.
    """

    client: str = "local"
    payer: str = ""
    priority: int = 5
    timeout: float | None = None
    key: str | None = None
    digest: str = ""
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One request's fate as of now. `outcome` is there when completed, `error` when failed or canceled.

    Times are Unix seconds, `progress` is 0 to 100, `seconds` the time spent working, `queue_position` 1 for the next.
    """

    id: str
    status: Status
    request: Ask
    seconds: float = 0.0
    outcome: Outcome | None = None
    error: AvatarError | None = None
    client: str = "local"
    priority: int = 5
    stage: str | None = None
    progress: float = 0.0
    fallbacks: tuple[FellBack, ...] = ()
    queue_position: int | None = None
    eta_seconds: float | None = None
    created_at: float = 0.0
    started_at: float | None = None
    completed_at: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, newest first; `after` continues where they end, None at the last one."""

    jobs: tuple[Job, ...]
    after: str | None


TOLD = Literal[
    "queued",
    "started",
    "progress",
    "playable",
    "glimpse",
    "fell_back",
    "stage_finished",
    "finished",
    "failed",
    "canceled",
]  # fmt: skip
LAST: frozenset[TOLD] = frozenset({"finished", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Told:
    """One numbered event of a job, as clients hear it; numbers rise within a job and are never used twice.

    queued {position, eta_seconds} · started {stage, backend} · progress {stage, done, total, percent} · playable {}
    glimpse {stage}: there is a new picture of what is coming into being
    fell_back {stage, from, to, why} · stage_finished {stage, backend, seconds, cached}
    finished {mode, degraded} · failed {code, message, stage, retryable} · canceled {}
    """

    number: int
    at: float
    name: TOLD
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture or a sound that a client brought, and whether the person in it agreed."""

    id: str
    kind: UploadKind
    blob: Blob
    client: str
    consent: bool
    created_at: float
    expires_at: float


BROUGHT: dict[str, UploadKind] = {
    "image": "image", "backdrop": "image", "audio": "audio", "voice_sample": "audio", "video": "video"
}  # fmt: skip
"""What a request may have brought, by the name of its field, and of which kind that is."""


def brought(job: Job, part: str) -> tuple[Blob, UploadKind]:
    """What was brought for a job as one part of its request. Raises `NotFound` where nothing was."""
    blob: Blob | None = getattr(job.request, part) if part in BROUGHT else None
    if blob is None:
        raise NotFound(f"Nothing was brought as {part[:40]} of job {job.id}. Its request tells what was.")
    return blob, BROUGHT[part]


class Maker(Protocol):
    """Makes films while the caller waits: what the command line needs. Every `JobService` is one."""

    @property
    def house(self) -> House:
        """What else can be asked."""
        ...

    def submit(self, ask: Ask, order: Order = ..., /) -> Job:
        """Take a request. Returns at once, with the job as it then is.

        The same `order.key` of the same client gives the same job again, and `Conflict` when `order.digest` differs.
        Raises `QueueFull`, `RateLimited`, `StorageError`.
        """
        ...

    def follow(self, job_id: str, listener: Listener, /) -> Job:
        """Hear every event until the job has ended, and get it as it then is. Raises `NotFound`."""
        ...

    def job(self, job_id: str, /, *, client: str | None = None) -> Job:
        """The job as it is now. Raises `NotFound`, also for another client's."""
        ...

    def cancel(self, job_id: str, /, *, client: str | None = None) -> Job:
        """Call a job off: at once when it waits, within its current step when it runs. Raises `NotFound`."""
        ...

    def file(self, job_id: str, variant: Variant, /, *, client: str | None = None) -> Path:
        """A finished file of the job, to be read, not kept. Raises `NotFound`, `StorageError`."""
        ...

    def delete(self, job_id: str, /, *, client: str | None = None) -> None:
        """Call off and forget a job, and let go of its files. Raises `NotFound`."""
        ...

    def upload(self, file: Path, media_type: str, /, *, kind: UploadKind, consent: bool, client: str = ...) -> Upload:
        """Take a checked picture or sound; the file is moved away. Raises `ConsentRequired`, `StorageError`."""
        ...

    def uploaded(self, upload_id: str, /, *, client: str | None = None) -> Upload:
        """What was brought under this id. Raises `NotFound`."""
        ...

    def close(self) -> None:
        """Stop in good order: work in hand is left for the next start. May be called twice."""
        ...


class JobService(Maker, Protocol):
    """Takes requests, keeps them through everything that may happen, and answers for them."""

    def jobs(
        self, *, client: str | None = None, after: str | None = None, limit: int = 20, status: Status | None = None
    ) -> Page:
        """Jobs, newest first; `after` is a job's id, `client` None sees all. Raises `NotFound` for an unknown one."""
        ...

    def events(self, job_id: str, /, *, after: int = 0) -> tuple[Told, ...]:
        """What was told of the job since number `after`. Never waits. Raises `NotFound`."""
        ...

    def watch(self, news: Callable[[str], None], /) -> Callable[[], None]:
        """Call `news` with a job's id, from any thread, soon after there are new events of it.

        Returns how to stop that. Costs nothing while nobody watches.
        """
        ...

    def renew(self, job_id: str, part: str, /, *, client: str, sees: str | None) -> Upload:
        """What was brought for a job that `sees` may see, as a new upload of `client`. Raises as `brought` does."""
        ...

    def live(self, job_id: str, /) -> Iterator[bytes]:
        """The film as fragmented MP4 from its first byte on, while it is being made; ends with it.

        An empty piece means that nothing new is there yet: wait a little. Raises `NotFound` when there is no film to
        come, or the job's own error when it failed.
        """
        ...

    def glimpse(self, job_id: str, /, *, client: str | None = None) -> bytes:
        """The last small JPEG of what the job is making. Raises `NotFound`, also when it has ended or shows none."""
        ...

    def standing(self) -> "Standing":
        """How full the house is."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Figures for `/health` and `/metrics`: counts now, and totals since the database was made."""

    queued: int
    running: int
    workers: int
    ended: dict[Status, int] = field(default_factory=dict)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    stage_count: dict[str, int] = field(default_factory=dict)
