"""MCP over streamable HTTP, at `/mcp` of the API's application and behind its walls. Knows no tool.

Its library is loaded for the first request, so that nobody waits for it who only wants the rest.

No session is kept: each request stands for itself, so that any server process can answer it. There is no stream to be
opened by GET, for nothing is ever told unasked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from avatar.doors.api.desk import Desk
from avatar.doors.api.rules import JSON_LIMIT

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Door:
    """A route for the application's router, and what must run while it serves."""

    route: Route
    running: Callable[[], AbstractAsyncContextManager[None]]


def mount(desk: Desk) -> Door:
    """The door for one desk. The application's `Gate` must stand before it: it says who calls."""
    late = _Late(partial(_manager, desk))
    known = frozenset(_origin(page) for page in (*desk.rules.cors, desk.rules.public_url) if page)
    return Door(Route(PATH, endpoint=_Guarded(late, known), methods=["POST"]), late.running)


def _manager(desk: Desk) -> "StreamableHTTPSessionManager":
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from avatar.doors.mcp.server import build

    return StreamableHTTPSessionManager(build(desk), stateless=True, max_request_body_size=JSON_LIMIT)


class _Late:
    """What is made in a thread when the first request comes, and runs from then on in a task of its own."""

    def __init__(self, make: "Callable[[], StreamableHTTPSessionManager]") -> None:
        self._make = make
        self._app: ASGIApp = Response("The tools could not be loaded. Look into the server's log.\n", 503)
        self._wanted, self._ready, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answers for the length of a `with`."""
        task = asyncio.create_task(self._live())
        try:
            yield
        finally:
            self._over.set()
            self._wanted.set()
            await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        self._wanted.set()
        await self._ready.wait()
        await self._app(scope, receive, send)

    async def _live(self) -> None:
        await self._wanted.wait()
        try:
            if not self._over.is_set():
                manager = await anyio.to_thread.run_sync(self._make)
                async with manager.run():
                    self._app = manager.handle_request
                    self._ready.set()
                    await self._over.wait()
        finally:
            self._ready.set()


class _Guarded:
    """Refuses pages of other origins: a name that a page made point here would pass the browser's own check."""

    def __init__(self, app: ASGIApp, known: frozenset[str]) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        origin = Headers(scope=scope).get("origin")
        if origin is None or urlsplit(origin).hostname in HERE or _origin(origin) in self._known:
            await self._app(scope, receive, send)
        else:
            await Response("Pages of this origin may not ask.\n", 403)(scope, receive, send)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
