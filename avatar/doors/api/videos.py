"""The routes of `/v1/videos`. Knows the job façade; what is sent over a stream or as a file is made next door."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from avatar.doors.api import files, streams
from avatar.doors.api.answers import Video, VideoList
from avatar.doors.api.asking import understood
from avatar.doors.api.body import VideoBody
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import At, Base, Desk, JobId, Who
from avatar.doors.api.problems import declared
from avatar.jobs.service import ENDED, ID, Job, Status

ALWAYS = ("forbidden", "unauthorised", "invalid_request", "insufficient_storage", "database_gone", "internal")
WITH_BODY = (*ALWAYS, "too_large", "too_slow")
HERE = (*ALWAYS, "not_found")
PREFER = Header(description="`wait=N` holds the answer for up to N seconds, until the job has ended")
WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.IGNORECASE)

router = APIRouter(prefix="/v1/videos", tags=["videos"])

Prefer = Annotated[str | None, PREFER]


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": Video, "description": "It ended while `Prefer: wait` held the answer"},
        **declared(
            *WITH_BODY, "not_found", "conflict", "unsupported_media", "consent_required", "licence_required",
            "rate_limited", "queue_full", "fetch_failed", "timed_out",
        ),
    },
)  # fmt: skip
async def create(
    body: VideoBody,
    response: Response,
    desk: At,
    caller: Who,
    base: Base,
    prefer: Prefer = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x20-\x7e]+$",
            description="The same key with the same body gives the same job for 24 hours",
        ),
    ] = None,
) -> Video:
    """Ask for a film. The answer comes at once; the film is made after it."""
    asked, order = await understood(desk, caller, body, key=idempotency_key)
    job = await desk.ask(desk.jobs.submit, asked, order)
    job = await _waited(desk, job, prefer=prefer, caller=caller, response=response)
    response.headers["Location"] = f"{base}/v1/videos/{job.id}"
    response.status_code = 200 if job.status in ENDED and "Preference-Applied" in response.headers else 202
    return desk.describe(job, base)


@router.get("", responses=declared(*ALWAYS, "not_found"))
def jobs(
    desk: At,
    caller: Who,
    base: Base,
    after: Annotated[str | None, Query(pattern=f"^{ID}$", description="Go on behind this job")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    status: Annotated[Status | None, Query(description="Only jobs of this status")] = None,
) -> VideoList:
    """Your jobs, newest first."""
    return desk.describe_page(desk.jobs.jobs(client=caller.sees, after=after, limit=limit, status=status), base)


@router.get("/{job_id}", responses=declared(*HERE))
async def job(job_id: JobId, response: Response, desk: At, caller: Who, base: Base, prefer: Prefer = None) -> Video:
    """The job as it is now, or with `Prefer: wait=N` as soon as it has ended."""
    found = await desk.ask(desk.jobs.job, job_id, client=caller.sees)
    return desk.describe(await _waited(desk, found, prefer=prefer, caller=caller, response=response), base)


@router.delete("/{job_id}", status_code=204, responses=declared(*HERE))
def delete(job_id: JobId, desk: At, caller: Who) -> None:
    """Call the job off and remove it with its files."""
    desk.jobs.delete(job_id, client=caller.sees)


@router.post("/{job_id}/cancel", responses=declared(*HERE))
def cancel(job_id: JobId, desk: At, caller: Who, base: Base) -> Video:
    """Call the job off: at once when it waits, within its current step when it runs."""
    return desk.describe(desk.jobs.cancel(job_id, client=caller.sees), base)


FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind.partition(";")[0]: {} for kind, _ in files.KINDS.values()}},
    206: {"description": "The part that was asked for", "content": {"*/*": {}}},
    304: {"description": "It is what the client has already"},
    **declared(*HERE, "conflict", "unsupported_media", "range_not_satisfiable"),
}
Kind = Annotated[files.Named | None, Query(description="Without it the film, or the sound where no film could be made")]


@router.get("/{job_id}/content", responses=FILE, response_class=Response)
async def content(request: Request, job_id: JobId, desk: At, caller: Who, variant: Kind = None) -> Response:
    """A file of the finished job. Takes one `Range`, `If-Range`, `If-None-Match`."""
    return await files.send(desk, request, job_id=job_id, variant=variant, caller=caller)


@router.head("/{job_id}/content", responses=FILE, response_class=Response)
async def content_head(request: Request, job_id: JobId, desk: At, caller: Who, variant: Kind = None) -> Response:
    """What GET would say of the file."""
    return await files.send(desk, request, job_id=job_id, variant=variant, caller=caller)


@router.get(
    "/{job_id}/stream",
    responses={
        200: {"description": "Fragmented MP4", "content": {"video/mp4": {}}},
        **declared(*HERE, "rate_limited", "stage_failed", "timed_out", "cancelled", "worker_lost", "conflict"),
    },
    response_class=StreamingResponse,
)
async def stream(job_id: JobId, desk: At, caller: Who) -> Response:
    """The film from its first second on, while the rest is being made. It breaks off when the job fails."""
    desk.check_streams(caller)
    grown = await streams.film(desk, job_id, caller=caller)
    return StreamingResponse(grown, media_type="video/mp4", headers={"X-Accel-Buffering": "no"})


@router.get(
    "/{job_id}/glimpse",
    responses={200: {"description": "A small JPEG", "content": {"image/jpeg": {}}}, **declared(*HERE)},
    response_class=Response,
)
def glimpse(job_id: JobId, desk: At, caller: Who) -> Response:
    """A rough picture of what is coming into being, while a model draws or films. An event tells of each new one."""
    return files.seen(desk, job_id, caller=caller)


@router.get(
    "/{job_id}/events",
    responses={
        200: {"description": "Events, each with its number as id", "content": {"text/event-stream": {}}},
        204: {"description": "All was told already; do not come back"},
        **declared(*HERE, "rate_limited"),
    },
    response_class=StreamingResponse,
)
async def events(
    job_id: JobId,
    desk: At,
    caller: Who,
    last_event_id: Annotated[int | None, Header(ge=0, lt=2**53, description="Go on behind this event")] = None,
    after: Annotated[int, Query(ge=0, lt=2**53, description="The same, where no header can be set")] = 0,
) -> Response:
    """What happens to the job, as Server-Sent Events.

    They are queued, started, progress, playable, glimpse, fell_back and stage_finished; the last one is finished,
    failed or canceled.
    """
    desk.check_streams(caller)
    begun = after if last_event_id is None else last_event_id
    told = await streams.events(desk, job_id, caller=caller, after=begun)
    if told is None:
        return Response(status_code=204)
    return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _waited(desk: Desk, job: Job, *, prefer: str | None, caller: Caller, response: Response) -> Job:
    match = WAIT.search(prefer or "")
    if not match:
        return job
    seconds = min(float(match[1]), desk.rules.longest_wait)
    response.headers["Preference-Applied"] = f"wait={seconds:g}"
    return job if job.status in ENDED else await desk.awaited(job.id, caller=caller, seconds=seconds)
