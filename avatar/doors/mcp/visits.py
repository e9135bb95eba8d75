"""Who calls a tool, and how they hear of progress. Knows no tool."""

from dataclasses import dataclass
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from starlette.requests import Request

from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk, base_of

LOCAL = Caller("local", admin=True)
"""Who speaks over the standard input of a process has started it."""
OVER_HTTP, OVER_STDIO = 700_000, 32_000_000
"""Bytes of a file that one answer may hold: clients take events of 1 MiB, and base64 adds a third."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One call. `base` is where the API can be reached from outside, empty when it can't; `room` is bytes of a file."""

    desk: Desk
    caller: Caller
    base: str
    room: int
    session: ServerSession

    async def progressed(self, percent: float, message: str) -> None:
        """Tell how far it is, if the caller wants to hear it."""
        await self.session.report_progress(percent, 100.0, message)


def visit(desk: Desk, context: ServerRequestContext[Any, Any]) -> Visit:
    """The call behind a request of the protocol."""
    request = context.request
    if not isinstance(request, Request):
        return Visit(desk, LOCAL, desk.rules.public_url, OVER_STDIO, context.session)
    return Visit(desk, request.state.caller, base_of(request), OVER_HTTP, context.session)
