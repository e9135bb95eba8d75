"""The first version's call, kept as it was: `/generate` waits for the film. Knows nothing of how it is made."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from avatar.allowed import MAX_PROMPT, SEEDS
from avatar.doors.api import answers, files
from avatar.doors.api.body import LONG, Source, refuse
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import At, Base, Desk, Who
from avatar.doors.api.problems import declared
from avatar.doors.api.sources import blob_of
from avatar.doors.api.videos import FILE, WITH_BODY
from avatar.errors import AvatarError, Busy, Cancelled
from avatar.jobs.service import ENDED, ID, Job, Order
from avatar.request import parse

LISTEN = 1.0  # seconds between two looks whether the client is still there
CALLED = {"text": "text_to_speech", "voice": "voice_id", "audio": "audio_url", "image": "image_url"}
UNUSED = ("guidance_scale", "audio_scale", "num_steps", "sp_size", "tea_cache_l1_thresh")
"""Fields for a diffusion model of the first version; no backend of today has a use for them."""

router = APIRouter(tags=["first version"])


class GenerateBody(BaseModel):
    """What the first version took: a prompt, and a text to be spoken or the address of a recording."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"prompt": "A friendly teacher explains mathematics", "text_to_speech": "Hello! Let us begin."}
            ]
        },
    )

    prompt: str = Field(max_length=MAX_PROMPT, description="What the avatar looks like, in words")
    text_to_speech: Annotated[str, LONG] | None = None
    audio_url: Source | None = Field(None, description="A recording to be heard: a public URL or an upload id")
    elevenlabs_audio_url: Source | None = Field(
        None, description="The old name of `audio_url`", json_schema_extra={"deprecated": True}
    )
    voice_id: str | None = Field(None, max_length=200)
    image_url: Source | None = Field(None, description="A face: a public URL or an upload id")
    guidance_scale: float = Field(5.0, description="Has no effect")
    audio_scale: float = Field(3.0, description="Has no effect")
    num_steps: int = Field(30, description="Has no effect")
    sp_size: int = Field(1, description="Has no effect")
    tea_cache_l1_thresh: float | None = Field(None, description="Has no effect")
    seed: int | None = Field(None, ge=0, lt=SEEDS)
    consent: bool = Field(
        default=True,
        description="Whether the person in the picture or recording agreed: who sends one by this call states that",
    )

    @model_validator(mode="after")
    def _spoken(self) -> "GenerateBody":
        if not (self.text_to_speech or self.audio_url or self.elevenlabs_audio_url):
            raise refuse("There is nothing to say. Send text_to_speech or audio_url.")
        return self


class GenerateAnswer(BaseModel):
    """The first version's answer, and what was added since."""

    message: str
    output_path: str = Field(description="Where the film lies on this server")
    processing_time: float = Field(description="Seconds")
    audio_generated: bool = Field(description="Whether the sound was made here")
    tts_method: str | None = Field(description="Who made the sound")
    job_id: str
    mode: Literal["video", "audio_only"]
    degraded: bool
    warnings: list[str] = Field(description="What is other than was asked for")
    seed: int
    video_url: str | None
    captions_url: str | None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "message": "Video generated successfully",
                "output_path": f"/outputs/{answers.EXAMPLE_ID}.mp4",
                "processing_time": 3.2,
                "audio_generated": True,
                "tts_method": "espeak",
                "job_id": answers.EXAMPLE_ID,
                "mode": "video",
                "degraded": False,
                "warnings": [],
                "seed": 42,
                "video_url": f"https://example.com/v1/videos/{answers.EXAMPLE_ID}/content?variant=video",
                "captions_url": f"https://example.com/v1/videos/{answers.EXAMPLE_ID}/content?variant=captions.vtt",
            }
        }
    )


@router.post(
    "/generate",
    responses=declared(
        *WITH_BODY, "not_found", "conflict", "unsupported_media", "consent_required", "licence_required",
        "rate_limited", "queue_full", "fetch_failed", "timed_out", "stage_failed", "cancelled",
    ),
)  # fmt: skip
async def generate(body: GenerateBody, request: Request, desk: At, caller: Who, base: Base) -> GenerateAnswer:
    """Make a film and wait for it. When the caller hangs up, the job is called off."""
    began = time.monotonic()
    voice, warnings = await desk.ask(_voice, desk, body)
    sound = body.audio_url or body.elevenlabs_audio_url
    raw: dict[str, Any] = {
        "prompt": body.prompt,
        "text": body.text_to_speech or "",
        "voice": voice,
        "seed": body.seed,
        "image": await blob_of(desk, body.image_url, kind="image", consent=body.consent, caller=caller),
        "audio": await blob_of(desk, sound, kind="audio", consent=body.consent, caller=caller),
    }
    ask = parse(raw, called=lambda name: CALLED.get(name, name))
    await desk.ask(desk.jobs.house.check, ask)
    job = await desk.ask(desk.jobs.submit, ask, Order(client=caller.name, payer=caller.payer))
    job = await _ended(desk, job, request=request, caller=caller)
    if job.outcome is None:
        raise job.error or Cancelled("The job was called off. Ask anew.")
    return _answer(desk, job, base, warnings=warnings, seconds=time.monotonic() - began, own_sound=bool(sound))


Name = Annotated[str, Path(pattern=rf"^{ID}\.(mp4|wav)$", description="As `output_path` says")]


@router.head("/outputs/{name}", responses=FILE, response_class=Response)
async def output_head(request: Request, desk: At, caller: Who, name: Name) -> Response:
    """What GET would say of the file."""
    return await output(request, desk, caller, name)


@router.get("/outputs/{name}", responses=FILE, response_class=Response)
async def output(request: Request, desk: At, caller: Who, name: Name) -> Response:
    """The file behind an `output_path`."""
    job_id, _, ending = name.rpartition(".")
    variant: files.Named = "video" if ending == "mp4" else "audio"
    return await files.send(desk, request, job_id=job_id, variant=variant, caller=caller)


def _voice(desk: Desk, body: GenerateBody) -> tuple[str | None, list[str]]:
    """The voice to ask for, and what of the request has no effect. Foreign services' ids mean nothing here."""
    warnings = [
        f"{name} has no effect here."
        for name in UNUSED
        if name in body.model_fields_set and getattr(body, name) is not None
    ]
    if not body.voice_id:
        return None, warnings
    known = {card.id.lower() for card in desk.jobs.house.voices()}
    if body.voice_id.partition("+")[0].strip().lower() in known | {""}:
        return body.voice_id, warnings
    return None, [*warnings, "voice_id names no voice of this house; the avatar's own was taken. See /voices."]


async def _ended(desk: Desk, job: Job, *, request: Request, caller: Caller) -> Job:
    async with desk.bells.listen(job.id) as bell:
        while (job := await desk.ask(desk.jobs.job, job.id, client=caller.sees)).status not in ENDED:
            if await request.is_disconnected():
                await desk.ask(desk.jobs.cancel, job.id, client=caller.sees)
                raise Cancelled("The caller hung up.")
            if desk.bells.closed:
                raise Busy(f"The server goes down. Ask for job {job.id} in a moment.", retry_after=5)
            await bell.wait(LISTEN)
    return job


def _answer(desk: Desk, job: Job, base: str, *, warnings: list[str], seconds: float, own_sound: bool) -> GenerateAnswer:
    outcome = job.outcome
    if outcome is None:
        raise job.error or AvatarError("The job has no result.")
    made = desk.describe(job, base)
    down = [f"{step.stage}: {step.to} took over from {step.backend} ({step.why})" for step in outcome.fallbacks]
    reasons = [outcome.reason] if outcome.reason and not down else []
    message = "Video generated successfully"
    if outcome.film is None:
        message = "Only the audio could be generated"
    elif outcome.degraded:
        message = "Video generated, with less than was asked for"
    return GenerateAnswer(
        message=message,
        output_path=f"/outputs/{job.id}{'.mp4' if outcome.film else '.wav'}",
        processing_time=round(seconds, 3),
        audio_generated=not own_sound,
        tts_method=outcome.backends.get("speech"),
        job_id=job.id,
        mode=outcome.mode,
        degraded=outcome.degraded,
        warnings=[*warnings, *down, *reasons, *outcome.notes],
        seed=outcome.seed,
        video_url=made.output.video if made.output else None,
        captions_url=made.output.captions if made.output else None,
    )
