"""What can be chosen and what this house would do: voices, avatars, backends, plans, health. Knows no job's fate."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from avatar.doors.api.asking import request_of
from avatar.doors.api.body import VideoBody
from avatar.doors.api.desk import At, Who
from avatar.doors.api.problems import declared
from avatar.doors.api.videos import ALWAYS, WITH_BODY
from avatar.gallery import AvatarCard, VoiceCard, speaking
from avatar.plan import Machine, Plan, Verdict

SAMPLES = anyio.CapacityLimiter(2)
"""Samples that are made at once: a neural voice takes seconds, and holds up other voices only."""

router = APIRouter(tags=["catalogues"])


class VoiceList(BaseModel):
    """The voices."""

    object: Literal["list"] = "list"
    data: list[VoiceCard]


class SeedVoices(BaseModel):
    """The voices, in the first version's words."""

    voices: list[VoiceCard]


class AvatarList(BaseModel):
    """The gallery."""

    object: Literal["list"] = "list"
    data: list[AvatarCard]


class BackendCard(BaseModel):
    """A backend's turn in its stage. Sizes are bytes, times seconds."""

    stage: str
    backend: str
    runs: bool
    why: str = Field(description="Where it runs, or in numbers why it does not")
    floor: bool = Field(description="Whether it runs anywhere, without weights")
    device: str | None
    precision: str | None
    offload: str | None
    vram: int
    ram: int
    fetch: list[str] = Field(description="Weights to come before it can run; until then the next one serves")
    seconds: float = Field(description="Expected for the film that was planned")
    measured: bool = Field(description="Whether `seconds` rests on runs of this machine")


class BackendList(BaseModel):
    """All backends, stage by stage in the order in which they are tried."""

    object: Literal["list"] = "list"
    data: list[BackendCard]


class GpuCard(BaseModel):
    """One accelerator."""

    name: str
    kind: str
    vram: int
    vram_free: int


class MachineCard(BaseModel):
    """What the house has. Sizes are bytes."""

    cores: float
    ram: int
    ram_free: int
    disk: int
    disk_free: int
    gpus: list[GpuCard]


class PlanAnswer(BaseModel):
    """What would be done here for a request, and what it costs. Nothing was run."""

    object: Literal["plan"] = "plan"
    profile: str
    mode: Literal["video", "audio_only", "image"]
    seconds: float = Field(description="Expected once all is fetched")
    seconds_now: float = Field(description="Expected until then")
    stages: list[str] = Field(description="Those that the request runs through, in order")
    known: list[str] = Field(description="Stages that are done already, so that they cost nothing")
    speakers: list[str] = Field([], description="Who speaks in turns, where several do")
    fetch: list[str]
    fetch_bytes: int
    disk_after: int
    peak_vram: int
    peak_ram: int
    notes: list[str]
    backends: list[BackendCard]
    machine: MachineCard


class Queue(BaseModel):
    """How full the house is."""

    queued: int
    running: int
    workers: int


class Health(BaseModel):
    """Whether the house can take requests, and what it can make."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "healthy"}]})

    status: Literal["healthy", "no_worker"]
    capabilities: dict[str, bool]
    queue: Queue
    plan: PlanAnswer


@router.get("/health", responses=declared(*ALWAYS), tags=["first version"])
@router.head("/health", include_in_schema=False)
def health(desk: At) -> Health:
    """Whether the house can take requests. Needs no key."""
    standing = desk.jobs.standing()
    plan = desk.jobs.house.plan(None)
    neural = any(v.placement is not None and not v.floor and not v.fetch for v in plan.verdicts)
    return Health(
        status="healthy" if standing.workers else "no_worker",
        capabilities={
            "speech": True,
            "video": plan.mode == "video",
            "neural": neural,
            "gpu": bool(plan.machine.gpus),
            "uploads": True,
            "streaming": True,
        },
        queue=Queue(queued=standing.queued, running=standing.running, workers=standing.workers),
        plan=plan_of(plan),
    )


@router.get("/voices", responses=declared(*ALWAYS), tags=["first version"])
def seed_voices(desk: At) -> SeedVoices:
    """All voices."""
    return SeedVoices(voices=list(desk.jobs.house.voices()))


@router.get("/v1/voices", responses=declared(*ALWAYS))
def voices(
    desk: At,
    language: Annotated[
        str | None, Query(max_length=40, description="Only voices of this BCP 47 tag, such as pt, and those below it")
    ] = None,
) -> VoiceList:
    """The voices that can be asked for. Any of them takes a timbre: `de+f3`."""
    return VoiceList(data=list(speaking(desk.jobs.house.voices(), language or "")))


@router.get(
    "/v1/voices/{voice:path}/sample",
    responses={
        200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}},
        **declared(*ALWAYS, "not_found", "unavailable"),
    },
    response_class=Response,
)
async def sample(desk: At, voice: Annotated[str, Path(max_length=200)]) -> Response:
    """How a voice sounds: a sentence in its language, as a WAV. One whose weights are not here says so."""
    heard = await anyio.to_thread.run_sync(desk.jobs.house.sample, voice, limiter=SAMPLES)
    return Response(heard, media_type="audio/wav", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/v1/avatars", responses=declared(*ALWAYS))
def avatars(desk: At) -> AvatarList:
    """The avatars that can be asked for by id."""
    return AvatarList(data=list(desk.jobs.house.avatars()))


@router.get("/v1/backends", responses=declared(*ALWAYS))
def backends(desk: At) -> BackendList:
    """Who can do which stage here, and why others can't."""
    return BackendList(data=[_backend(verdict) for verdict in desk.jobs.house.plan(None).verdicts])


@router.post(
    "/v1/plans",
    responses=declared(
        *WITH_BODY, "not_found", "unsupported_media", "consent_required", "licence_required", "fetch_failed"
    ),
)
async def plans(body: VideoBody, desk: At, caller: Who) -> PlanAnswer:
    """What a request would do here. Nothing is run or fetched for it, and nothing is kept but files from URLs."""
    asked = await request_of(desk, caller, body)
    known = await desk.ask(desk.jobs.house.known, asked)
    speakers = list(dict.fromkeys(turn.speaker for turn in asked.turns))
    return plan_of(await desk.ask(desk.jobs.house.plan, asked), known=known, speakers=speakers)


def plan_of(plan: Plan, *, known: Sequence[str] = (), speakers: Sequence[str] = ()) -> PlanAnswer:
    """A plan in the API's words. Folders stay at home."""
    return PlanAnswer(
        profile=plan.profile,
        mode=plan.mode,
        seconds=plan.seconds,
        seconds_now=plan.seconds_now,
        stages=list(plan.stages),
        known=list(known),
        speakers=list(speakers),
        fetch=list(plan.fetch),
        fetch_bytes=plan.fetch_bytes,
        disk_after=plan.disk_after,
        peak_vram=plan.peak_vram,
        peak_ram=plan.peak_ram,
        notes=list(plan.notes),
        backends=[_backend(verdict) for verdict in plan.verdicts],
        machine=_machine(plan.machine),
    )


def _backend(verdict: Verdict) -> BackendCard:
    placed = verdict.placement
    where: dict[str, Any] = {
        "device": placed.device if placed else None,
        "precision": placed.precision if placed else None,
        "offload": placed.offload if placed else None,
        "vram": placed.vram if placed else 0,
        "ram": placed.ram if placed else 0,
    }
    return BackendCard(
        stage=verdict.stage,
        backend=verdict.backend,
        runs=placed is not None and not verdict.fetch,
        why=verdict.why,
        floor=verdict.floor,
        fetch=list(verdict.fetch),
        seconds=verdict.seconds,
        measured=verdict.measured,
        **where,
    )


def _machine(machine: Machine) -> MachineCard:
    return MachineCard(
        cores=machine.cores,
        ram=machine.ram,
        ram_free=machine.ram_free,
        disk=machine.disk,
        disk_free=machine.disk_free,
        gpus=[GpuCard(name=g.name, kind=g.kind, vram=g.vram, vram_free=g.vram_free) for g in machine.gpus],
    )
