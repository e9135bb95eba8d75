"""The route of `/v1/uploads`: faces and voices that clients bring. Knows no picture and no sound."""

from typing import Any, Literal, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel

from avatar.doors.api import multipart
from avatar.doors.api.desk import At, Who
from avatar.doors.api.problems import declared
from avatar.doors.api.sources import folder, kind_of, taken
from avatar.doors.api.videos import WITH_BODY
from avatar.errors import BadRequest, ConsentRequired
from avatar.jobs.service import Upload, UploadKind

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "consent"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A picture or a recording"},
                        "consent": {
                            "type": "string",
                            "enum": ["true", "false"],
                            "description": "The person in it agreed; without true nothing is kept",
                        },
                        "kind": {
                            "type": "string",
                            "enum": ["image", "audio", "video"],
                            "description": "What it is; left out, the file itself tells",
                        },
                    },
                }
            }
        },
    }
}

KINDS = ("image", "audio", "video")
"""What may be brought. A film that comes without a word is taken for its sound."""


class UploadAnswer(BaseModel):
    """A picture or sound that was taken; its `upload_id` goes into `image` or `audio` of a request."""

    upload_id: str
    object: Literal["upload"] = "upload"
    kind: UploadKind
    media_type: str
    size: int
    consent: bool
    created_at: float
    expires_at: float | None


router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


@router.post(
    "",
    status_code=201,
    openapi_extra=FORM,
    responses=declared(*WITH_BODY, "unsupported_media", "consent_required"),
)
async def upload(request: Request, desk: At, caller: Who) -> UploadAnswer:
    """Bring a picture or a recording of a person who agreed to it."""
    with folder(desk) as place:
        file = place / "upload"
        form = await multipart.receive(request, file, limit=desk.rules.upload_limit)
        kind = _kind(form) or await desk.ask(kind_of, desk, file)
        return answer(await desk.ask(taken, desk, file, kind, caller=caller))


def _kind(form: multipart.Form) -> UploadKind | None:
    if form.file_type is None:
        raise BadRequest("The form has no file. Add one in the field file.")
    consent = form.fields.get("consent", "").lower()
    if consent not in ("true", "1", "yes", "on"):
        raise ConsentRequired(
            "Nothing was kept: the person in it must agree. Send consent=true when that is so, else do not upload it."
        )
    said = form.fields.get("kind")
    if said not in (None, *KINDS):
        raise BadRequest(f"kind can't be {said[:20]!r}. Use image, audio or video, or leave it out.")
    kind = said or form.file_type.partition("/")[0].lower()
    return cast(UploadKind, kind) if kind in (KINDS if said else ("image", "audio")) else None


def answer(found: Upload) -> UploadAnswer:
    """A taken upload."""
    kept: Any = found.expires_at if found.expires_at < float("inf") else None
    return UploadAnswer(
        upload_id=found.id,
        kind=found.kind,
        media_type=found.blob.media_type,
        size=found.blob.size,
        consent=found.consent,
        created_at=found.created_at,
        expires_at=kept,
    )
