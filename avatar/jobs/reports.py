"""What workers report: events, what stages came to, how runs ended. Knows no table."""

from dataclasses import dataclass, field
from typing import Any

from avatar.errors import AvatarError
from avatar.events import FellBack, Outcome
from avatar.jobs import papers
from avatar.jobs.service import TOLD, Status


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in one run: an event, and what stands in the job's row from then on.

    `picture` is a small JPEG of what is coming into being, which takes the place of the last one.
    """

    job: str
    run: str
    name: TOLD
    data: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What one stage of a run came to, as JSON: its number in the run, the key of its brief, and the record."""

    job: str
    run: str
    number: int
    key: str
    record: str


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: with an outcome, with an error, or called off. `size` is the bytes that are kept for it."""

    status: Status
    seconds: float
    outcome: Outcome | None = None
    error: AvatarError | None = None
    stage: str | None = None
    fallbacks: tuple[FellBack, ...] = ()
    size: int = 0

    @property
    def words(self) -> tuple[TOLD, dict[str, Any]]:
        """The last event of the job."""
        if self.outcome is not None:
            return "finished", {"mode": self.outcome.mode, "degraded": self.outcome.degraded}
        if self.status == "canceled" or self.error is None:
            return "canceled", {}
        error = self.error
        stage = getattr(error, "stage", self.stage)
        return "failed", {"code": error.code, "message": str(error), "stage": stage, "retryable": error.retryable}


@dataclass(frozen=True, slots=True)
class Member:
    """A living worker: what it does on an accelerator, as stage/backend, and whether it takes other jobs too."""

    id: str
    stages: frozenset[str]
    general: bool


def whose(report: Report | Kept) -> tuple[str, str]:
    """Job and run."""
    return report.job, report.run


def event_row(report: Report, number: int, *, now: float) -> dict[str, Any]:
    """The row of the event table."""
    text = papers.compact(report.data)
    return {"job": report.job, "number": number, "at": now, "name": report.name, "data": text}
