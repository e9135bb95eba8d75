"""What is answered about jobs, uploads and plans, as the API's own words. Knows no HTTP beyond addresses."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from avatar.doors import report
from avatar.errors import AvatarError
from avatar.jobs.service import Job, Status, Upload
from avatar.request import Ask

EXAMPLE_ID = "video_0f8fad5bd9cb469fa16570867728950e"


class Fallback(BaseModel):
    """A step down: a backend could not do its stage, and the next one took over."""

    stage: str
    from_: str = Field(alias="from")
    to: str
    why: str

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)


class JobError(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    stage: str | None
    retryable: bool


class Output(BaseModel):
    """What was made: addresses of files, and figures. Without a picture only `audio` is there."""

    video: str | None
    audio: str
    thumbnail: str | None
    captions: str | None = Field(description="WebVTT")
    captions_srt: str | None
    words: str | None = Field(description="When each word is said, as JSON")
    motion: str | None = Field(description="ARKit blendshapes for each frame, as CSV")
    certificate: str | None = Field(description="Measured quality, as JSON")
    duration_seconds: float
    width: int | None
    height: int | None
    fps: int | None
    seed: int = Field(description="The same request with this seed gives the same film")
    voice: str
    backends: dict[str, str] = Field(description="Who made which stage")
    licences: list[str] = Field(description="Licences of the weights that were used")
    notes: list[str] = Field(description="What is amiss in a recording, and how the film differs from what was asked")


class Urls(BaseModel):
    """Where to go on with this job."""

    get: str
    cancel: str
    content: str
    events: str
    stream: str


class Asked(BaseModel):
    """What a job is for, as it was understood; what was brought shows as its sha256."""

    kind: str
    script: str
    prompt: str
    avatar: str | None
    image: str | None
    voice: str | None
    audio: str | None
    size: str
    fps: int
    captions: str
    speakers: list[str] = Field([], description="Who speaks, where several do")


class Video(BaseModel):
    """A job: what was asked for, how far it is, and what came of it. Times are Unix seconds."""

    id: str
    object: Literal["video"] = "video"
    status: Status
    mode: Literal["video", "audio_only"]
    degraded: bool = Field(description="Whether less was made than was asked for")
    reason: str | None = Field(description="Why it is degraded")
    fallbacks: list[Fallback]
    stage: str | None = Field(description="The stage at work")
    progress: float = Field(ge=0, le=100)
    queue_position: int | None = Field(description="1 for the next")
    eta_seconds: float | None
    created_at: float
    started_at: float | None
    completed_at: float | None
    expires_at: float | None = Field(description="When its files are removed")
    error: JobError | None
    output: Output | None
    request: Asked
    urls: Urls

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": EXAMPLE_ID,
                "object": "video",
                "status": "in_progress",
                "mode": "video",
                "degraded": False,
                "reason": None,
                "fallbacks": [],
                "stage": "film",
                "progress": 42.0,
                "queue_position": None,
                "eta_seconds": 3.5,
                "created_at": 1795255200.0,
                "started_at": 1795255200.2,
                "completed_at": None,
                "expires_at": None,
                "error": None,
                "output": None,
                "request": {
                    "kind": "talk",
                    "script": "Hello, I am Ada.",
                    "prompt": "",
                    "avatar": "ada",
                    "image": None,
                    "voice": None,
                    "audio": None,
                    "size": "512x512",
                    "fps": 25,
                    "captions": "none",
                },
                "urls": {
                    "get": f"https://example.com/v1/videos/{EXAMPLE_ID}",
                    "cancel": f"https://example.com/v1/videos/{EXAMPLE_ID}/cancel",
                    "content": f"https://example.com/v1/videos/{EXAMPLE_ID}/content",
                    "events": f"https://example.com/v1/videos/{EXAMPLE_ID}/events",
                    "stream": f"https://example.com/v1/videos/{EXAMPLE_ID}/stream",
                },
            }
        }
    )


class VideoList(BaseModel):
    """Jobs, newest first. Send `after` back to get those that follow."""

    object: Literal["list"] = "list"
    data: list[Video]
    after: str | None
    has_more: bool


class UploadAnswer(BaseModel):
    """A picture or sound that was taken; its `upload_id` goes into `image` or `audio` of a request."""

    upload_id: str
    object: Literal["upload"] = "upload"
    kind: Literal["image", "audio"]
    media_type: str
    size: int
    consent: bool
    created_at: float
    expires_at: float | None


def video(job: Job, base: str, *, licences: tuple[str, ...] = ()) -> Video:
    """The job object. `licences` are those of the weights behind it."""
    home = f"{base}/v1/videos/{job.id}"
    outcome = job.outcome
    fallbacks = outcome.fallbacks if outcome else job.fallbacks
    sound_only = outcome.mode == "audio_only" if outcome else job.request.kind == "speech"
    return Video(
        id=job.id,
        status=job.status,
        mode="audio_only" if sound_only else "video",
        degraded=outcome.degraded if outcome else bool(fallbacks),
        reason=outcome.reason if outcome else None,
        fallbacks=[Fallback(from_=step.backend, stage=step.stage, to=step.to, why=step.why) for step in fallbacks],
        stage=job.stage if job.status == "in_progress" else None,
        progress=100.0 if job.status == "completed" else round(min(max(job.progress, 0.0), 100.0), 1),
        queue_position=job.queue_position,
        eta_seconds=_rounded(job.eta_seconds),
        created_at=round(job.created_at, 3),
        started_at=_rounded(job.started_at),
        completed_at=_rounded(job.completed_at),
        expires_at=_rounded(job.expires_at),
        error=_error(job.error) if job.error else None,
        output=_output(job, home, licences),
        request=_asked(job.request),
        urls=Urls(
            get=home,
            cancel=f"{home}/cancel",
            content=f"{home}/content",
            events=f"{home}/events",
            stream=f"{home}/stream",
        ),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _asked(ask: Ask) -> Asked:
    return Asked(
        kind=ask.kind,
        script=ask.text,
        prompt=ask.prompt,
        avatar=ask.avatar,
        image=ask.image.sha256 if ask.image else None,
        voice=ask.voice,
        audio=ask.audio.sha256 if ask.audio else None,
        size=f"{ask.width}x{ask.height}",
        fps=ask.fps,
        captions=ask.captions,
        speakers=list(dict.fromkeys(turn.speaker for turn in ask.turns)),
    )


def _error(error: AvatarError) -> JobError:
    return JobError(**report.error(error))


def _output(job: Job, home: str, licences: tuple[str, ...]) -> Output | None:
    outcome = job.outcome
    if outcome is None or job.status != "completed":
        return None
    film = outcome.film
    files = {
        name: f"{home}/content?variant={variant}" if film else None
        for name, variant in {
            "video": "video",
            "thumbnail": "thumbnail",
            "captions": "captions.vtt",
            "captions_srt": "captions.srt",
            "words": "words.json",
            "motion": "motion.csv",
            "certificate": "certificate.json",
        }.items()
    }
    return Output(
        **files,
        audio=f"{home}/content?variant=audio",
        duration_seconds=film.seconds if film else outcome.speech.seconds,
        width=film.width if film else None,
        height=film.height if film else None,
        fps=film.fps if film else None,
        seed=outcome.seed,
        voice=outcome.speech.voice,
        backends=outcome.backends,
        licences=list(licences),
        notes=[*outcome.speech.notes, *(film.notes if film else ())],
    )


def upload(found: Upload) -> UploadAnswer:
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
