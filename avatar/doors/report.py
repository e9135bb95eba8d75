"""Jobs, errors and certificates in the words of a reader: JSON or a few lines. Knows neither arguments nor files."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.errors import AvatarError, StageFailed
from avatar.events import Outcome
from avatar.jobs.files import seconds_of
from avatar.jobs.service import Job

if TYPE_CHECKING:
    from avatar.media.provenance import Provenance


def as_json(value: Any) -> str:
    """One JSON object of dataclasses, mappings, paths and what JSON has itself."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(item) for item in items]
    return str(value) if isinstance(value, Path) else value


def error(error: AvatarError) -> dict[str, Any]:
    """An error as the API tells it too."""
    return {
        "code": error.code,
        "message": str(error),
        "stage": error.stage if isinstance(error, StageFailed) else None,
        "retryable": error.retryable,
    }


def job(job: Job, written: Mapping[str, Path]) -> dict[str, Any]:
    """A finished job: what became of it and where its files are."""
    outcome = job.outcome
    told: dict[str, Any] = {
        "id": job.id,
        "object": "video",
        "status": job.status,
        "processing_seconds": round(job.seconds, 3),
    }
    if outcome is None:
        return told
    shown = outcome.film or (outcome.takes.takes[0] if outcome.takes else None)
    size = {"width": shown.width, "height": shown.height, "fps": shown.fps, "frames": shown.frames} if shown else {}
    return told | {
        "mode": outcome.mode,
        "degraded": outcome.degraded,
        "reason": outcome.reason,
        "fallbacks": outcome.fallbacks,
        "backends": outcome.backends,
        "output": {
            **written,
            "duration_seconds": seconds_of(outcome),
            **size,
            "seed": outcome.seed,
            "voice": outcome.speech.voice if outcome.speech else None,
            "diffusion": [work.figures for work in outcome.diffusion],
            "notes": list(outcome.notes),
        },
    }


def steps_down(outcome: Outcome) -> list[str]:
    """Why less was made than was asked for, a line each."""
    taken = [f"{step.stage} by {step.to}, not {step.backend}: {step.why}" for step in outcome.fallbacks]
    told = {step.why for step in outcome.fallbacks}
    return [outcome.reason, *taken] if outcome.reason and outcome.reason not in told else taken


def provenance(told: "Provenance | None") -> str:
    """What a film says of its own making, in a few lines."""
    if told is None:
        return "This film carries no Content Credentials: it tells nothing of how it was made."
    vouched = "a known authority vouches for it" if told.trusted else "no known authority vouches for it"
    state = "unchanged since it was signed" if told.valid else f"CHANGED or broken ({', '.join(told.problems)})"
    lines = [
        f"made by   {told.generator}",
        f"kind      {told.source}",
        f"signed    {told.signer} ({vouched})",
        f"state     {state}",
    ]
    lines += [f"{stage:<9} {backend}" for stage, backend in told.making.get("backends", {}).items()]
    lines += [
        f"diffused  {', '.join(f'{name} {value}' for name, value in work.items() if value != '')}"
        for work in told.making.get("diffusion", [])
    ]
    lines += [f"licence   {licence}" for licence in told.making.get("licences", [])]
    uploads = told.making.get("uploads", [])
    lines += [f"upload    {digest} (who sent it said that the person in it agrees)" for digest in uploads]
    return "\n".join(lines)


def summary(job: Job) -> str:
    """A finished job in one line."""
    outcome = job.outcome
    if outcome is None:
        return job.status
    shown = outcome.film or (outcome.takes.takes[0] if outcome.takes else None)
    if shown is None:
        shape = f"{seconds_of(outcome):.1f} s of sound"
    elif shown.seconds:
        shape = f"{shown.seconds:.1f} s, {shown.width}x{shown.height}, {shown.fps:g} fps"
    else:
        shape = f"{shown.width}x{shown.height}"
    return f"{shape}, seed {outcome.seed}, made in {job.seconds:.1f} s"
