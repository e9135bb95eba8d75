"""The commands `video` and `image`: what words say, as silent films and pictures. Knows the job façade only."""

import argparse
import sys
from pathlib import Path
from typing import Any

from avatar.doors import output, own, report
from avatar.doors.hallway import Hallway
from avatar.doors.speak import called, made, size
from avatar.errors import BadRequest
from avatar.jobs.files import TAKES
from avatar.jobs.service import Job
from avatar.request import Ask, parse

ENDINGS = {"video": ".mp4", "image": ".png"}
WISHES = (
    "negative_prompt", "seed", "steps", "guidance_scale", "sampler", "cache_threshold", "variations", "profile",
    "seconds", "frames", "fps", "label",
)  # fmt: skip


def show(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Make what the words say; several of it are numbered by their seeds' order."""
    kind, target = chosen.command, Path(chosen.output)
    if target.suffix.lower() != ENDINGS[kind]:
        raise BadRequest(f"{target} is not the name of {_article(kind)}. Name a file that ends in {ENDINGS[kind]}.")
    files = own.files({name: getattr(chosen, name, None) for name in ("image", "video")}, consent=chosen.consent)
    ask = _request(chosen, kind, files)
    targets = [_numbered(target, number) for number in range(1, ask.variations + 1)]
    sheet = Path(chosen.sheet) if chosen.sheet else None
    if sheet and ask.variations < 2:
        raise BadRequest("A sheet shows several side by side. Ask for more with --variations.")
    output.check_targets([*targets, *([sheet] if sheet else [])])
    jobs = hallway.start()
    own.bring(jobs, files)
    job = made(jobs, ask, quiet=chosen.json)
    if job.error is not None:
        raise job.error
    for number, place in enumerate(targets, start=1):
        output.publish(jobs.file(job.id, TAKES[number - 1] if len(targets) > 1 else _one(kind)), place)
    if sheet:
        output.publish(jobs.file(job.id, "sheet"), sheet)
    _tell(job, targets, as_json=chosen.json)
    return 0


def _one(kind: str) -> Any:
    return "video" if kind == "video" else "image"


def _article(kind: str) -> str:
    return "a film" if kind == "video" else "a picture"


def _numbered(target: Path, number: int) -> Path:
    """The first keeps its name."""
    return target if number == 1 else target.with_stem(f"{target.stem}-{number}")


def _request(chosen: argparse.Namespace, kind: str, files: own.Files) -> Ask:
    raw: dict[str, Any] = {"kind": kind, **{field: blob for field, (_, blob) in files.items()}}
    if chosen.prompt is not None:
        raw["prompt"] = output.said(chosen.prompt, sys.stdin)
    raw |= {name: value for name in WISHES if (value := getattr(chosen, name, None)) is not None}
    if chosen.size:
        raw["width"], raw["height"] = size(chosen.size)
    if chosen.backend:
        raw["backends"] = {"video" if kind == "video" else "picture": chosen.backend}
    raw["allow_degraded"] = not chosen.strict
    return parse(raw, called=lambda field: "--backend" if field.startswith("backends") else called(field))


def _tell(job: Job, files: list[Path], *, as_json: bool) -> None:
    if as_json:
        kind = "video" if files[0].suffix == ".mp4" else "image"
        print(report.as_json(report.job(job, {kind: files[0]}) | {"files": files}))
        return
    outcome = job.outcome
    for why in report.steps_down(outcome) if outcome else ():
        print(f"warning: {why}", file=sys.stderr)
    for note in outcome.notes if outcome else ():
        print(f"note: {note}", file=sys.stderr)
    for work in outcome.diffusion if outcome else ():
        print(f"made: {work}", file=sys.stderr)
    for number, file in enumerate(files):
        told = f"  {report.summary(job)}" if sys.stdout.isatty() and not number else ""
        print(f"{file}{told}")
