"""The page's named endpoints, for `gradio_client` and its like: chat, talk, video, image. Knows no component.

Each asks for a job in the caller's name, waits for its end, and gives the files by their addresses: nothing is copied.
"""

from typing import Any

import gradio as gr
from gradio.events import api as gradio_api
from pydantic import ValidationError

from avatar.doors.api.answers import Video
from avatar.doors.api.asking import understood
from avatar.doors.api.body import VideoBody
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk
from avatar.doors.api.problems import refusal
from avatar.doors.web.conversation import Line, Talker, answered
from avatar.doors.web.visits import Visitors
from avatar.errors import AvatarError
from avatar.jobs.service import ENDED

LONGEST = 600.0
"""Seconds that one call waits for each job; the job goes on after it, and the answer has its id."""
ENDINGS = {"video": "mp4", "image": "png", "audio": "wav"}


class Endpoints:
    """One per page."""

    def __init__(self, desk: Desk, visitors: Visitors, talker: Talker | None) -> None:
        self._desk = desk
        self._visitors = visitors
        self._talker = talker

    def offer(self) -> None:
        """Make them known, within the page's blocks."""
        for name in ("chat", "talk", "video", "image"):
            gradio_api(getattr(self, name), api_name=name, concurrency_limit=None)

    async def chat(
        self, request: gr.Request, line: str, avatar: str = "", voice: str = ""
    ) -> tuple[str, list[dict[str, Any]]]:
        """What an avatar answers to a line, as text and as films: one for each sentence."""
        asked = {"line": line, **_given(avatar=avatar, voice=voice)}
        caller = self._caller(request)
        if self._talker is None:
            film, _ = await self._made(request, script=line, **_given(avatar=avatar, voice=voice))
            return line, [film]
        said: list[str] = []
        films: list[dict[str, Any]] = []
        try:
            async for told in answered(self._desk, self._talker, Line.model_validate(asked), caller=caller):
                piece = Line.told(told)
                if "problem" in piece:
                    raise gr.Error(piece["problem"])
                said.append(piece["said"])
                films.append((await self._ended(request, piece["job"], caller))[0])
        except ValidationError as error:
            raise gr.Error(str(refusal(error))) from None
        return " ".join(said), films

    async def talk(
        self,
        request: gr.Request,
        script: str,
        avatar: str = "",
        prompt: str = "",
        voice: str = "",
        size: str = "512x512",
        fps: int = 25,
        captions: str = "none",
        seed: int | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A film of an avatar saying the script, and the job that made it."""
        more = _given(avatar=avatar, prompt=prompt, voice=voice, seed=seed)
        return await self._made(request, script=script, size=size, fps=fps, captions=captions, **more)

    async def video(
        self,
        request: gr.Request,
        prompt: str,
        negative_prompt: str = "",
        seconds: float = 4.0,
        size: str = "512x512",
        seed: int | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        sampler: str | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A silent film of what the prompt says, and the job that made it."""
        more = _given(seed=seed, steps=steps, guidance_scale=guidance_scale, sampler=sampler)
        asked = {"prompt": prompt, "negative_prompt": negative_prompt, "seconds": seconds, "size": size}
        return await self._made(request, kind="video", **asked, **more)

    async def image(
        self,
        request: gr.Request,
        prompt: str,
        negative_prompt: str = "",
        size: str = "512x512",
        seed: int | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        sampler: str | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A picture of what the prompt says, and the job that made it."""
        more = _given(seed=seed, steps=steps, guidance_scale=guidance_scale, sampler=sampler)
        return await self._made(
            request, kind="image", prompt=prompt, negative_prompt=negative_prompt, size=size, **more
        )

    def _caller(self, request: gr.Request) -> Caller:
        """Who calls: by key where one is sent, else by the client's own session."""
        came: Any = request.request
        address: str = came.state.caller.address
        try:
            return self._visitors.guest(dict(request.headers), session=str(request.session_hash or ""), address=address)
        except AvatarError as error:
            raise gr.Error(str(error)) from None

    async def _made(self, request: gr.Request, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        caller = self._caller(request)
        try:
            body = VideoBody.model_validate(asked)
            job = await self._desk.ask(self._desk.jobs.submit, *await understood(self._desk, caller, body))
        except ValidationError as error:
            raise gr.Error(str(refusal(error))) from None
        except AvatarError as error:
            raise gr.Error(str(error)) from None
        return await self._ended(request, job.id, caller)

    async def _ended(self, request: gr.Request, job_id: str, caller: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
        """The chief file of a job, and the job itself. Raises gr.Error for one that failed."""
        job = await self._desk.awaited(job_id, caller=caller, seconds=LONGEST)
        if job.status not in ENDED:
            raise gr.Error(f"Job {job_id} is still being made. GET /v1/videos/{job_id} tells how far it is.")
        told = self._desk.describe(job, "")
        if told.output is None:
            raise gr.Error(told.error.message if told.error else f"Job {job_id} was called off.")
        return self._file(request, told, caller), told.model_dump(mode="json", exclude={"urls"})

    def _file(self, request: gr.Request, told: Video, caller: Caller) -> dict[str, Any]:
        """A file as Gradio's clients fetch it: by its address."""
        kind = {"audio_only": "audio"}.get(told.mode, told.mode)
        came: Any = request.request
        base = self._desk.rules.public_url or str(came.base_url).rstrip("/")
        url = f"{base}/look/{self._visitors.viewer(caller)}/{told.id}/{kind}.{ENDINGS[kind]}"
        name = f"{kind}.{ENDINGS[kind]}"
        return {"path": name, "orig_name": name, "url": url, "is_stream": True, "meta": {"_type": "gradio.FileData"}}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None)}
