"""What the page shows: its own files, avatars' pictures, and films to their owner. Knows no words and no layout."""

import json
import re
from functools import partial
from pathlib import Path
from typing import get_args

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from avatar.doors.api import files, streams
from avatar.doors.api.desk import Desk
from avatar.doors.api.files import Named
from avatar.doors.api.paths import LOOK, VISIT
from avatar.doors.api.uploads import answer
from avatar.doors.web.conversation import Line, Talker, answered
from avatar.doors.web.document import STATIC
from avatar.doors.web.kept import Shelf
from avatar.doors.web.visits import Visitors
from avatar.drive import GESTURES
from avatar.errors import Unavailable
from avatar.jobs.service import Order
from avatar.sampling import Sampler
from avatar.script import EXPRESSIONS

PICTURES = anyio.CapacityLimiter(2)
"""Drawing takes a second each: it holds up no other question."""
WORDS = Path(__file__).parent / "words"
SHOWN: dict[str, Named] = {name: name for name in get_args(Named)}
"""What films are asked for by; those that have an ending by nature may be asked for with it too."""
SHOWN |= {"video.mp4": "video", "image.png": "image", "audio.wav": "audio"}
DAY = "public, max-age=86400"
EVENT = re.compile(r"[0-9]{1,15}")


class Looking:
    """The routes below `LOOK`, and the page's own questions below `VISIT`."""

    def __init__(self, desk: Desk, visitors: Visitors, *, talker: Talker | None) -> None:
        self._desk = desk
        self._visitors = visitors
        self._talker = talker

    def routes(self) -> list[BaseRoute]:
        """In the order in which they are tried."""
        return [
            Mount(f"{LOOK}/static", Shelf(STATIC)),
            Mount(f"{LOOK}/words", Shelf(WORDS)),
            Route(f"{LOOK}/avatars/{{avatar}}.webp", self.avatar),
            Route(f"{LOOK}/{{viewer}}/{{job}}/{{what}}", self.film, methods=["GET", "HEAD"]),
            Route(f"{VISIT}/v1/page", self.page),
            Route(f"{VISIT}/v1/chat", self.chat, methods=["POST"]),
            Route(f"{VISIT}/v1/asked/{{job}}", self.asked),
            Route(f"{VISIT}/v1/asked/{{job}}/{{part}}", self.brought, methods=["POST"]),
            Route(f"{VISIT}/v1/again/{{job}}", self.again, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """What a page must know before it shows anything: who looks, who answers, which avatars there are."""
        house = self._desk.jobs.house
        caller = self._visitors.caller(request.scope)
        told = {
            "viewer": self._visitors.viewer(caller),
            "answers": self._talker.model if self._talker else "you",
            "avatars": [
                {"id": card.id, "name": card.name, "description": card.description, "voice": card.voice}
                for card in await self._desk.ask(house.avatars)
            ],
            "upload_limit": self._desk.rules.upload_limit,
            "samplers": get_args(Sampler),
            "gestures": GESTURES,
            "expressions": EXPRESSIONS,
            "deaf": await self._desk.ask(house.deaf),
        }
        return Response(json.dumps(told), media_type="application/json")

    async def chat(self, request: Request) -> Response:
        """What answers a line: a film for each sentence, told as lines of JSON as soon as each is asked for."""
        if self._talker is None:
            raise Unavailable("No chat model is set here. Let the owner set AVATAR_CHAT_URL and AVATAR_CHAT_MODEL.")
        caller = self._visitors.caller(request.scope)
        line = Line.read(await request.body())
        told = answered(self._desk, self._talker, line, caller=caller)
        return StreamingResponse(told, media_type="application/x-ndjson", headers={"X-Accel-Buffering": "no"})

    async def asked(self, request: Request) -> Response:
        """The request behind one of the visitor's jobs, to make it again with a change."""
        caller = self._visitors.caller(request.scope)
        job = await self._desk.ask(self._desk.jobs.job, request.path_params["job"], client=caller.sees)
        return Response(job.request.model_dump_json(), media_type="application/json")

    async def brought(self, request: Request) -> Response:
        """What the visitor brought for one of his jobs, as an upload to be used again."""
        caller = self._visitors.caller(request.scope)
        renew = partial(self._desk.jobs.renew, client=caller.name, sees=caller.sees)
        found = await self._desk.ask(renew, request.path_params["job"], request.path_params["part"])
        return Response(answer(found).model_dump_json(), 201, media_type="application/json")

    async def again(self, request: Request) -> Response:
        """One of the visitor's jobs once more, with its own pictures and sounds."""
        caller = self._visitors.caller(request.scope)
        jobs = self._desk.jobs
        job = await self._desk.ask(jobs.job, request.path_params["job"], client=caller.sees)
        made = await self._desk.ask(jobs.submit, job.request, Order(client=caller.name, payer=caller.payer))
        return Response(self._desk.describe(made, "").model_dump_json(), 202, media_type="application/json")

    async def avatar(self, request: Request) -> Response:
        """An avatar's picture."""
        draw = partial(self._desk.jobs.house.portrait, request.path_params["avatar"])
        drawn = await anyio.to_thread.run_sync(draw, limiter=PICTURES)
        return Response(drawn, media_type="image/webp", headers={"Cache-Control": DAY})

    async def film(self, request: Request) -> Response:
        """A job's film while it is made, its files, or what happens to it: `stream`, `events`, `glimpse`, a variant."""
        found = request.path_params
        caller = self._visitors.behind(found["viewer"])
        if caller is None:
            raise HTTPException(404)
        desk, job_id, what = self._desk, found["job"], found["what"]
        request.state.caller = caller
        if what == "stream":
            desk.check_streams(caller)
            grown = await streams.film(desk, job_id, caller=caller)
            return StreamingResponse(grown, media_type="video/mp4", headers={"X-Accel-Buffering": "no"})
        if what == "events":
            desk.check_streams(caller)
            last = request.headers.get("last-event-id", "")
            after = int(last) if EVENT.fullmatch(last) else 0
            told = await streams.events(desk, job_id, caller=caller, after=after)
            if told is None:
                return Response(status_code=204)
            return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        if what == "glimpse":
            return await desk.ask(files.seen, desk, job_id, caller=caller)
        variant = SHOWN.get(what)
        if variant is None:
            raise HTTPException(404)
        return await files.send(desk, request, job_id=job_id, variant=variant, caller=caller)
