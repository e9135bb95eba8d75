"""What is answered about jobs, uploads and plans, as the API's own words. Knows no HTTP beyond addresses."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from avatar.doors import report
from avatar.errors import AvatarError
from avatar.events import Mode, Outcome
from avatar.jobs.files import TAKES, seconds_of, variants
from avatar.jobs.service import Job, Status
from avatar.request import Ask, Kind
from avatar.sampling import Diffusion

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


class TakeAnswer(BaseModel):
    """One picture or silent film of several."""

    url: str
    seed: int
    width: int
    height: int


class Output(BaseModel):
    """What was made: addresses of files, and figures. Without a picture only `audio` is there."""

    video: str | None
    image: str | None
    takes: list["TakeAnswer"] = Field(description="Pictures or silent films, one for each seed")
    sheet: str | None = Field(description="All takes side by side, as one PNG")
    audio: str | None
    thumbnail: str | None
    captions: str | None = Field(description="WebVTT")
    captions_srt: str | None
    words: str | None = Field(description="When each word is said, as JSON")
    motion: str | None = Field(description="ARKit blendshapes for each frame, as CSV")
    certificate: str | None = Field(description="Measured quality, as JSON")
    duration_seconds: float
    width: int | None
    height: int | None
    fps: float | None
    seed: int = Field(description="The same request with this seed gives the same film")
    voice: str | None
    backends: dict[str, str] = Field(description="Who made which stage")
    diffusion: list[Diffusion] = Field(
        description="How the models that diffused really worked: a request that gives these makes the same again"
    )
    licences: list[str] = Field(description="Licences of the weights that were used")
    notes: list[str] = Field(description="What is amiss in a recording, and how the film differs from what was asked")


ADDRESSES = (
    "video", "image", "sheet", "audio", "thumbnail", "captions", "captions_srt", "words", "motion", "certificate",
)  # fmt: skip
"""Fields of an output that say where a file is."""


class Urls(BaseModel):
    """Where to go on with this job; empty where only a web address would do and there is none."""

    get: str
    cancel: str
    content: str
    events: str
    stream: str
    glimpse: str


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
    mode: Mode
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


MODES: dict[Kind, Mode] = {"talk": "video", "speech": "audio_only", "video": "video", "image": "image"}


def video(job: Job, base: str, *, licences: tuple[str, ...] = ()) -> Video:
    """The job object. `licences` are those of the weights behind it."""
    home = f"{base}/v1/videos/{job.id}"
    outcome = job.outcome
    fallbacks = outcome.fallbacks if outcome else job.fallbacks
    return Video(
        id=job.id,
        status=job.status,
        mode=outcome.mode if outcome else MODES[job.request.kind],
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
            glimpse=f"{home}/glimpse",
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
    shown = outcome.film or (outcome.takes.takes[0] if outcome.takes else None)
    return Output(
        **_files(outcome, home),
        duration_seconds=seconds_of(outcome),
        width=shown.width if shown else None,
        height=shown.height if shown else None,
        fps=shown.fps or None if shown else None,
        seed=outcome.seed,
        voice=outcome.speech.voice if outcome.speech else None,
        backends=outcome.backends,
        diffusion=list(outcome.diffusion),
        licences=list(licences),
        notes=list(outcome.notes),
    )


def _files(outcome: Outcome, home: str) -> dict[str, Any]:
    """The addresses of what there is."""

    def at(variant: str, there: object) -> str | None:
        return f"{home}/content?variant={variant}" if there else None

    film, taken = outcome.film, outcome.takes
    pairs = zip(TAKES, taken.takes if taken else (), strict=False)
    takes = [
        TakeAnswer(url=f"{home}/content?variant={name}", seed=each.seed, width=each.width, height=each.height)
        for name, each in pairs
    ]
    names = variants(taken) if taken else ()
    return {
        "video": at("video", film or "video" in names),
        "image": at("image", "image" in names),
        "takes": takes,
        "sheet": at("sheet", "sheet" in names),
        "audio": at("audio", outcome.speech),
        "thumbnail": at("thumbnail", film or taken),
        "captions": at("captions.vtt", film),
        "captions_srt": at("captions.srt", film),
        "words": at("words.json", film),
        "motion": at("motion.csv", film),
        "certificate": at("certificate.json", film),
    }
