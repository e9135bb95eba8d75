"""A job's files over HTTP: ranges, validators, names. Knows no folder: the job service lends each file."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from typing import BinaryIO, Literal, cast

import anyio
import anyio.to_thread
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from avatar.artifacts import ExportKind
from avatar.disk import DATA, storage_errors
from avatar.doors.api import problems
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk
from avatar.doors.api.walls import BrokenOff
from avatar.errors import Conflict, NotFound
from avatar.events import Outcome
from avatar.jobs.files import EXPORTS, TAKES, Variant, blob_of, chief
from avatar.jobs.service import ENDED, Job, JobService

PIECE = 256 * 1024  # bytes read at once
MAKING = anyio.CapacityLimiter(2)
"""Exports that are made at once: they take a core each, and hold up one another only."""
RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*")

Named = Literal[
    "video", "audio", "thumbnail", "captions.vtt", "captions.srt", "words.json", "motion.csv", "certificate.json",
    "alpha.webm", "prores.mov", "av1.mp4", "hevc.mp4", "preview.gif", "preview.webp", "image", "sheet",
    "take-1", "take-2", "take-3", "take-4", "take-5", "take-6", "take-7", "take-8",
]  # fmt: skip
"""Variants that clients may ask for."""

KINDS: dict[Variant, tuple[str, str]] = {
    "video": ("video/mp4", ".mp4"),
    "audio": ("audio/wav", ".wav"),
    "thumbnail": ("image/jpeg", ".jpg"),
    "captions.vtt": ("text/vtt; charset=utf-8", ".vtt"),
    "captions.srt": ("application/x-subrip; charset=utf-8", ".srt"),
    "words.json": ("application/json", ".words.json"),
    "motion.csv": ("text/csv; charset=utf-8", ".motion.csv"),
    "certificate.json": ("application/json", ".certificate.json"),
    "alpha.webm": ("video/webm", ".alpha.webm"),
    "prores.mov": ("video/quicktime", ".prores.mov"),
    "av1.mp4": ("video/mp4", ".av1.mp4"),
    "hevc.mp4": ("video/mp4", ".hevc.mp4"),
    "preview.gif": ("image/gif", ".gif"),
    "preview.webp": ("image/webp", ".webp"),
    "image": ("image/png", ".png"),
    "sheet": ("image/png", ".sheet.png"),
}
"""Media type and ending of each variant."""


@dataclass(frozen=True, slots=True)
class Lent:
    """An open file of a job, and its validators."""

    file: BinaryIO
    size: int
    etag: str
    modified: float
    media_type: str
    name: str


async def send(desk: Desk, request: Request, *, job_id: str, variant: Named | None, caller: Caller) -> Response:
    """The answer to GET or HEAD of a file; without `variant` the film, or the sound where no film was made.

    Raises `NotFound`, `StorageError`, and `Conflict` while the job is not finished.
    """
    if variant == "certificate.json":
        lent = await _certified(desk, job_id, caller)
    elif variant in EXPORTS:
        lent = await anyio.to_thread.run_sync(lend, desk.jobs, job_id, variant, caller, limiter=MAKING)
    else:
        lent = await desk.ask(lend, desk.jobs, job_id, variant, caller)
    headers = {
        "ETag": lent.etag,
        "Last-Modified": formatdate(lent.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Content-Disposition": f'inline; filename="{lent.name}"',
    }
    if _unchanged(request, lent):
        await desk.ask(lent.file.close)
        return Response(None, 304, headers)
    part = _part(request, lent)
    if part is None:
        await desk.ask(lent.file.close)
        return problems.problem(
            "range_not_satisfiable",
            f"The file has {lent.size:,} bytes, and the range begins behind them. Ask for less.",
            headers={"Content-Range": f"bytes */{lent.size}"},
        )
    start, end, status = part
    headers |= {"Content-Length": str(end - start), "Content-Type": lent.media_type}
    if status == HTTPStatus.PARTIAL_CONTENT:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{lent.size}"
    if request.method == "HEAD":
        await desk.ask(lent.file.close)
        return Response(None, status, headers)
    return StreamingResponse(_pieces(lent.file, start, end), status, headers)


def seen(desk: Desk, job_id: str, *, caller: Caller) -> Response:
    """What a job at work shows now, which the next glimpse replaces. Raises `NotFound`."""
    picture = desk.jobs.glimpse(job_id, client=caller.sees)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def lend(jobs: JobService, job_id: str, variant: Named | None, caller: Caller) -> Lent:
    """Open a file, so that it stays readable whatever is removed meanwhile. Raises as `send` does."""
    _, outcome = _finished(jobs, job_id, caller)
    wanted: Variant = variant or chief(outcome)
    if wanted in EXPORTS:
        path = jobs.house.export(outcome, cast(ExportKind, wanted))
    else:
        path = jobs.file(job_id, wanted, client=caller.sees)
    with storage_errors(DATA):
        file = path.open("rb")
        facts = os.fstat(file.fileno())
    media_type, ending = _kind(outcome, wanted)
    return Lent(
        file,
        facts.st_size,
        _etag(job_id, outcome, variant=wanted, facts=facts),
        facts.st_mtime,
        media_type,
        job_id + ending,
    )


def _kind(outcome: Outcome, variant: Variant) -> tuple[str, str]:
    """Media type and ending; those of a take are those of the first one."""
    if variant not in TAKES:
        return KINDS[variant]
    media_type, ending = KINDS[chief(outcome)]
    return media_type, f".{variant}{ending}"


async def _certified(desk: Desk, job_id: str, caller: Caller) -> Lent:
    job, _ = await desk.ask(_finished, desk.jobs, job_id, caller)
    data = await desk.certificates.of(job_id)
    media_type, ending = KINDS["certificate.json"]
    tag = f'"{sha256(data).hexdigest()}"'
    return Lent(BytesIO(data), len(data), tag, job.completed_at or 0.0, media_type, job_id + ending)


def _finished(jobs: JobService, job_id: str, caller: Caller) -> tuple[Job, Outcome]:
    job = jobs.job(job_id, client=caller.sees)
    if job.status not in ENDED:
        raise Conflict(f"Job {job_id} is not finished ({job.status}). Follow its events, or watch its stream.")
    if job.outcome is None:
        raise NotFound(f"Job {job_id} has no files ({job.status}). Ask anew.")
    return job, job.outcome


def _etag(job_id: str, outcome: Outcome, *, variant: Variant, facts: os.stat_result) -> str:
    """The digest where the file is the blob itself; a film that was signed since has other bytes, but never changes.

    An export that was removed and made anew counts as changed.
    """
    size = facts.st_size
    if variant in EXPORTS:
        return f'"{job_id}-{variant}-{size}-{facts.st_mtime_ns}"'
    blob = blob_of(outcome, variant)
    return f'"{blob.sha256}"' if blob.size == size else f'"{job_id}-{variant}-{size}"'


def _unchanged(request: Request, lent: Lent) -> bool:
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return "*" in tags or lent.etag in tags
    since = request.headers.get("if-modified-since")
    return since is not None and _not_after(lent.modified, since)


def _not_after(modified: float, date: str) -> bool:
    try:
        return int(modified) <= parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, TypeError):
        return False


def _part(request: Request, lent: Lent) -> tuple[int, int, int] | None:
    """Start, end and status of what is wanted; None for a range beyond the end. Several ranges get the whole file."""
    whole = (0, lent.size, 200)
    match = RANGE.fullmatch(request.headers.get("range", ""))
    if not match or not any(match.groups()) or not _same(request.headers.get("if-range"), lent):
        return whole
    first, last = match.groups()
    if not first:
        start, end = max(lent.size - int(last), 0), lent.size
        return (start, end, 206) if start < end else None
    start, end = int(first), min(int(last) + 1, lent.size) if last else lent.size
    if last and int(last) < int(first):
        return whole
    return (start, end, 206) if start < lent.size else None


def _same(if_range: str | None, lent: Lent) -> bool:
    return if_range is None or if_range in (lent.etag, formatdate(lent.modified, usegmt=True))


async def _pieces(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        await anyio.to_thread.run_sync(file.seek, start)
        while start < end:
            piece = await anyio.to_thread.run_sync(file.read, min(PIECE, end - start))
            if not piece:
                raise BrokenOff
            start += len(piece)
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(file.close)
