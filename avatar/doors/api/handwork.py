"""Small services about what was brought and made: faces in a picture, words in a sound, films joined."""

from contextlib import ExitStack
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import At, Desk, Who
from avatar.doors.api.problems import declared
from avatar.doors.api.sources import folder
from avatar.doors.api.videos import ALWAYS, WITH_BODY
from avatar.errors import BadRequest
from avatar.jobs.service import ID, UPLOAD_ID, Upload, UploadKind
from avatar.request import Landmarks

WORK = anyio.CapacityLimiter(2)
"""Each takes a core for a second or more: they hold up one another, and nobody else."""
MOST = 60
"""Films that are joined at once."""
UploadId = Annotated[str, Path(pattern=f"^{UPLOAD_ID}$", description="The `upload_id` of an upload")]

router = APIRouter(prefix="/v1", tags=["services"])


class FacesAnswer(BaseModel):
    """The faces in a picture, the largest first. Marks are pixels of the picture upright, at this size."""

    object: Literal["faces"] = "faces"
    width: int
    height: int
    faces: list[Landmarks]


class WordsAnswer(BaseModel):
    """What is said in a recording."""

    object: Literal["words"] = "words"
    text: str


class JoinBody(BaseModel):
    """Which films, in their order."""

    model_config = ConfigDict(extra="forbid")

    videos: list[Annotated[str, Field(pattern=f"^{ID}$")]] = Field(min_length=1, max_length=MOST)


@router.get("/uploads/{upload_id}/faces", responses=declared(*ALWAYS, "not_found", "unsupported_media", "unavailable"))
async def faces(upload_id: UploadId, desk: At, caller: Who) -> FacesAnswer:
    """Where the faces of a picture are, to be sent back corrected as `landmarks`."""
    upload = await _brought(desk, upload_id, "image", caller)
    found = await anyio.to_thread.run_sync(desk.jobs.house.faces, upload.blob, limiter=WORK)
    return FacesAnswer(width=found.width, height=found.height, faces=list(found.faces))


@router.get("/uploads/{upload_id}/words", responses=declared(*ALWAYS, "not_found", "unsupported_media", "unavailable"))
async def words(upload_id: UploadId, desk: At, caller: Who) -> WordsAnswer:
    """What is said in a recording, in English; needs wav2vec2's weights."""
    upload = await _brought(desk, upload_id, "audio", caller)
    return WordsAnswer(text=await anyio.to_thread.run_sync(desk.jobs.house.hear, upload.blob, limiter=WORK))


@router.post(
    "/joined",
    responses={
        200: {"description": "One MP4", "content": {"video/mp4": {}}},
        **declared(*WITH_BODY, "not_found", "unavailable"),
    },
    response_class=FileResponse,
)
async def joined(body: JoinBody, desk: At, caller: Who) -> FileResponse:
    """Finished films of yours, one behind the other, as one file without a loss."""
    with ExitStack() as stack:
        file = stack.enter_context(folder(desk)) / "joined.mp4"
        films = [await desk.ask(desk.jobs.file, job, "video", client=caller.sees) for job in body.videos]
        await anyio.to_thread.run_sync(desk.jobs.house.join, films, file, limiter=WORK)
        gone = BackgroundTask(stack.pop_all().close)
    return FileResponse(file, media_type="video/mp4", filename="conversation.mp4", background=gone)


async def _brought(desk: Desk, upload_id: str, kind: UploadKind, caller: Caller) -> Upload:
    upload = await desk.ask(desk.jobs.uploaded, upload_id, client=caller.sees)
    if upload.kind != kind:
        raise BadRequest(f"Upload {upload.id} is of kind {upload.kind}. Name one of kind {kind} here.")
    return upload
