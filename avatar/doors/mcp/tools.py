"""The tools: what each takes, what it gives, and what it does. Knows no transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from avatar.doors.api.answers import Video
from avatar.doors.api.asking import request_of, understood
from avatar.doors.api.body import VideoBody
from avatar.doors.api.catalogues import AvatarList, PlanAnswer, VoiceList, plan_of
from avatar.doors.mcp.resources import described
from avatar.doors.mcp.visits import Visit
from avatar.doors.mcp.waiting import ended
from avatar.gallery import speaking
from avatar.jobs.service import ID

T = TypeVar("T", bound=BaseModel)


class CreateVideo(VideoBody):
    """What `create_video` takes."""

    wait: bool = Field(
        default=False, description="Stay until it has ended, with progress, for up to ten minutes; else answer at once"
    )


class OneVideo(BaseModel):
    """A job by its id."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=f"^{ID}$", description="The id that `create_video` gave")


class WhichVoices(BaseModel):
    """Which voices to list."""

    model_config = ConfigDict(extra="forbid")

    language: str = Field("", max_length=20, description="Only those of this language, such as en or pt-br")


class Nothing(BaseModel):
    """No arguments."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Tool(Generic[T]):
    """One tool. `act` raises `AvatarError`."""

    name: str
    title: str
    description: str
    takes: type[T]
    gives: type[BaseModel]
    act: Callable[[Visit, T], Awaitable[BaseModel]]
    reads_only: bool = False


async def _create(visit: Visit, asked: CreateVideo) -> Video:
    request, order = await understood(visit.desk, visit.caller, asked)
    if asked.wait:
        visit.desk.check_streams(visit.caller)
    job = await visit.desk.ask(visit.desk.jobs.submit, request, order)
    return await described(visit, await ended(visit, job) if asked.wait else job)


async def _get(visit: Visit, asked: OneVideo) -> Video:
    return await described(visit, await visit.desk.ask(visit.desk.jobs.job, asked.id, client=visit.caller.sees))


async def _cancel(visit: Visit, asked: OneVideo) -> Video:
    return await described(visit, await visit.desk.ask(visit.desk.jobs.cancel, asked.id, client=visit.caller.sees))


async def _plan(visit: Visit, asked: VideoBody) -> PlanAnswer:
    request = await request_of(visit.desk, visit.caller, asked)
    return plan_of(await visit.desk.ask(visit.desk.jobs.house.plan, request))


async def _voices(visit: Visit, asked: WhichVoices) -> VoiceList:
    cards = await visit.desk.ask(visit.desk.jobs.house.voices)
    return VoiceList(data=list(speaking(cards, asked.language)))


async def _avatars(visit: Visit, _asked: Nothing) -> AvatarList:
    return AvatarList(data=list(await visit.desk.ask(visit.desk.jobs.house.avatars)))


_ALL: tuple[Tool[Any], ...] = (
    Tool(
        name="create_video",
        title="Make a film",
        description="Have an avatar say a text, lip-synced, as an MP4 with sound; or make only the sound (kind=speech)."
        " Answers with a job: its status, and once completed where the film is.",
        takes=CreateVideo,
        gives=Video,
        act=_create,
    ),
    Tool(
        name="get_video",
        title="Look at a film",
        description="How far a film is, and what came of it.",
        takes=OneVideo,
        gives=Video,
        act=_get,
        reads_only=True,
    ),
    Tool(
        name="cancel_video",
        title="Call a film off",
        description="Stop a film: at once when it waits, within its current step when it is being made.",
        takes=OneVideo,
        gives=Video,
        act=_cancel,
    ),
    Tool(
        name="plan_video",
        title="Plan a film",
        description="What a request would do here: which backends, downloads, memory, seconds. Nothing is run.",
        takes=VideoBody,
        gives=PlanAnswer,
        act=_plan,
        reads_only=True,
    ),
    Tool(
        name="list_voices",
        title="List the voices",
        description="The voices that can speak; an id goes into `voice`.",
        takes=WhichVoices,
        gives=VoiceList,
        act=_voices,
        reads_only=True,
    ),
    Tool(
        name="list_avatars",
        title="List the avatars",
        description="The avatars that can be seen; an id goes into `avatar`.",
        takes=Nothing,
        gives=AvatarList,
        act=_avatars,
        reads_only=True,
    ),
)
BY_NAME = {tool.name: tool for tool in _ALL}
