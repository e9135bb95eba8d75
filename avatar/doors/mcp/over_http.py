"""MCP over streamable HTTP, at `/mcp` of the API's application and behind its walls. Knows no tool.

No session is kept: each request stands for itself, so that any server process can answer it. There is no stream to be
opened by GET, for nothing is ever told unasked.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from avatar.doors.api.desk import Desk
from avatar.doors.api.rules import JSON_LIMIT
from avatar.doors.mcp.server import build

PATH = "/mcp"
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Door:
    """A route for the application's router, and what must run while it serves."""

    route: Route
    running: Callable[[], AbstractAsyncContextManager[None]]


def mount(desk: Desk) -> Door:
    """The door for one desk. The application's `Gate` must stand before it: it says who calls."""
    manager = StreamableHTTPSessionManager(build(desk), stateless=True, max_request_body_size=JSON_LIMIT)
    known = frozenset(_origin(page) for page in (*desk.rules.cors, desk.rules.public_url) if page)
    return Door(Route(PATH, endpoint=_Guarded(manager.handle_request, known), methods=["POST"]), manager.run)


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
