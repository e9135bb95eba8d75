"""The page, at the root of the API's application. Knows no component: Gradio is loaded while the API serves already.

The API's own addresses stay as they are; the page has all that they leave.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio.to_thread
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.routing import Match, Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avatar.doors.api.desk import Desk
from avatar.doors.api.paths import LOOK, VISIT, is_ours
from avatar.doors.web.conversation import Talker
from avatar.doors.web.looking import Looking
from avatar.doors.web.visits import Visit, Visitors

POLICY = (
    b"default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    b" style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
SAFE = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
MISSING = """<!doctype html><html lang="en"><title>Avatar Chat</title>
<p>The page needs Gradio, which is not installed here. Install requirements.txt.
The API is at <a href="docs">/docs</a>.</p></html>"""


@dataclass(frozen=True, slots=True)
class Door:
    """A route for the application's router, and what must run while it serves."""

    route: Mount
    running: Callable[[], AbstractAsyncContextManager[None]]


def mount(desk: Desk, *, talker: Talker | None = None) -> Door:
    """The door for one desk. It must be the last route: it has every path that no other one has.

    `talker` answers in the chat; without one the avatar says what the visitor writes.
    """
    visitors = Visitors(desk.rules)
    looking = Looking(desk, visitors, talker=talker)
    page = Page(partial(_built, desk, visitors, talker))
    visit = Visit(visitors)
    ours = Router(looking.routes(), default=visit)

    async def all_else(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("app_root_path", ""))
        below = path.startswith((f"{VISIT}/", f"{LOOK}/"))
        await (ours if below else page)(scope, receive, send)

    return Door(Rest("/", all_else), page.running)


class Rest(Mount):
    """Every path that the API has not; its own with a wrong method are left to be told as such."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this path is the page's."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if is_ours(scope) and not path.startswith((f"{VISIT}/", f"{LOOK}/")):
            return Match.NONE, {}
        return super().matches(scope)


class Page:
    """Gradio's application, which is made in a thread once the server runs. Who comes before it is there waits."""

    def __init__(self, build: Callable[[], Coroutine[None, None, FastAPI | None]]) -> None:
        self._build = build
        self._app: ASGIApp = HTMLResponse(MISSING, 503)
        self._ready = asyncio.Event()
        self._over = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves the page for the length of a `with`."""
        task = asyncio.create_task(self._live())
        try:
            yield
        finally:
            self._over.set()
            await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self._ready.wait()

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *SAFE]}
            await send(message)

        await self._app(scope, receive, safely)

    async def _live(self) -> None:
        try:
            made = await anyio.to_thread.run_sync(asyncio.run, self._build())
            if made is None:
                self._ready.set()
                return
            self._app = made
            async with made.router.lifespan_context(made):
                self._ready.set()
                await self._over.wait()
        finally:
            self._ready.set()


async def _built(desk: Desk, visitors: Visitors, talker: Talker | None) -> FastAPI | None:
    """Gradio leaves event loops open that it makes where none runs: so it is loaded within one."""
    try:
        from avatar.doors.web.endpoints import Endpoints
        from avatar.doors.web.page import application
    except ModuleNotFoundError as missing:
        if missing.name != "gradio":
            raise
        return None
    return application(Endpoints(desk, visitors, talker))
