"""What can be read: `avatar://videos/{id}`, a job, and `avatar://videos/{id}/{variant}`, its files. Knows no tool."""

import base64
import re
from typing import cast, get_args

import mcp_types as types
from mcp.shared.exceptions import MCPError

from avatar.doors.api import answers, files
from avatar.doors.mcp.visits import Visit
from avatar.errors import AvatarError, NotFound, TooLarge
from avatar.jobs.service import ID, Job

ROOT = "avatar://videos"
URI = re.compile(rf"{ROOT}/({ID})(?:/([a-z0-9.-]{{1,40}}))?")
LISTED = 20
"""Jobs that a listing shows, newest first."""

TEMPLATES = [
    types.ResourceTemplate(
        uri_template=f"{ROOT}/{{id}}",
        name="video",
        title="A film's job",
        description="The job as JSON: how far it is, and what came of it.",
        mime_type="application/json",
    ),
    types.ResourceTemplate(
        uri_template=f"{ROOT}/{{id}}/{{variant}}",
        name="file",
        title="A file of a finished film",
        description=f"The bytes of one of {', '.join(get_args(files.Named))}; large ones only by their web address.",
    ),
]


async def listed(visit: Visit) -> list[types.Resource]:
    """The caller's newest jobs."""
    page = await visit.desk.ask(visit.desk.jobs.jobs, client=visit.caller.sees, limit=LISTED)
    return [
        types.Resource(
            uri=f"{ROOT}/{job.id}",
            name=job.id,
            title=" ".join(job.request.text.split())[:80] or None,
            description=job.status,
            mime_type="application/json",
        )
        for job in page.jobs
    ]


def link(video: answers.Video) -> types.ResourceLink | None:
    """Where a finished job's film, or its sound, can be read."""
    if video.output is None:
        return None
    variant = _main(video.output)
    return types.ResourceLink(
        uri=f"{ROOT}/{video.id}/{variant}", name=f"{video.id} {variant}", mime_type=files.KINDS[variant][0]
    )


def _main(there: answers.Output) -> files.Named:
    return "video" if there.video else "image" if there.image else "audio"


async def read(visit: Visit, uri: str) -> list[types.TextResourceContents | types.BlobResourceContents]:
    """What the address names. Raises `MCPError`."""
    match = URI.fullmatch(uri)
    variant = match[2] if match else None
    if not match or (variant and variant not in get_args(files.Named)):
        raise _refusal(NotFound(f"There is nothing at this address. Use {ROOT}/ID or {ROOT}/ID/video."))
    try:
        job = await visit.desk.ask(visit.desk.jobs.job, match[1], client=visit.caller.sees)
        if variant and variant != "certificate.json":
            return [await visit.desk.ask(_file, visit, job.id, cast(files.Named, variant), uri)]
        text = await (_certificate(visit, job) if variant else _job(visit, job))
    except AvatarError as error:
        raise _refusal(error) from None
    return [types.TextResourceContents(uri=uri, mime_type="application/json", text=text)]


async def described(visit: Visit, job: Job) -> answers.Video:
    """The job object; its addresses are those of resources where no web address leads to it."""
    told = await visit.desk.ask(visit.desk.describe, job, visit.base)
    return told if visit.base else _at_resources(told)


def _at_resources(told: answers.Video) -> answers.Video:
    home = f"{ROOT}/{told.id}"

    def named(address: str | None) -> str | None:
        return f"{home}/{address.rpartition('variant=')[2]}" if address else None

    here = told.output
    if here is not None:
        takes = [take.model_copy(update={"url": named(take.url)}) for take in here.takes]
        files_here = {name: named(getattr(here, name)) for name in answers.ADDRESSES}
        here = here.model_copy(update={**files_here, "takes": takes})
    content = f"{home}/{_main(here)}" if here else ""
    urls = answers.Urls(get=home, cancel="", content=content, events="", stream="", glimpse="")
    return told.model_copy(update={"output": here, "urls": urls})


async def _job(visit: Visit, job: Job) -> str:
    return (await described(visit, job)).model_dump_json()


async def _certificate(visit: Visit, job: Job) -> str:
    return (await visit.desk.certificates.of(job.id)).decode()


def _file(
    visit: Visit, job_id: str, variant: files.Named, uri: str
) -> types.TextResourceContents | types.BlobResourceContents:
    lent = files.lend(visit.desk.jobs, job_id, variant, visit.caller)
    with lent.file:
        if lent.size > visit.room:
            where = f"{visit.base}/v1/videos/{job_id}/content?variant={variant}"
            how = f"Get it from {where}." if visit.base else "Ask for a smaller or a shorter film."
            raise TooLarge(f"The file has {lent.size:,} bytes, more than one answer can hold. {how}")
        data = lent.file.read()
    if lent.media_type.startswith(("text/", "application/")):
        return types.TextResourceContents(uri=uri, mime_type=lent.media_type, text=data.decode())
    return types.BlobResourceContents(uri=uri, mime_type=lent.media_type, blob=base64.b64encode(data).decode())


def _refusal(error: AvatarError) -> MCPError:
    """The protocol has one code for what can't be read as it was asked for; ours is in its data."""
    return MCPError(types.INVALID_PARAMS, str(error), {"code": error.code})
