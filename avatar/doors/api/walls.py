"""What every request meets first: limits on what it brings, and headers on what it gets. Knows no route."""

import asyncio
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avatar.doors.api import problems
from avatar.doors.api.paths import UPLOADS, is_ours, path_of
from avatar.doors.api.rules import FORM_EXTRA, JSON_LIMIT, Rules

LOG = logging.getLogger("avatar.api")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}


class BrokenOff(Exception):
    """An answer can't be finished. It is cut, so that no client takes it for a whole one."""


class Courtesy:
    """The last wall: headers for browsers' safety on every answer, a cut for those that break off, nothing of a bug."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not is_ours(scope):
            await self.app(scope, receive, send)
            return

        started = False

        async def safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, safely)
        except BrokenOff:
            return  # the server closes a connection whose answer has no end
        except Exception:
            LOG.exception("An answer failed unexpectedly.")
            if not started:
                await problems.unexpected()(scope, receive, safely)


class Limit:
    """Refuses bodies that are too long before they are read, those that grow too long, and those that stall."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self._uploads = rules.upload_limit + FORM_EXTRA
        self._patience = rules.patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not is_ours(scope):
            await self.app(scope, receive, send)
            return
        limit = self._uploads if path_of(scope) == UPLOADS else JSON_LIMIT
        body = _Body(receive, limit=limit, patience=self._patience)
        if body.declares_too_much(Headers(scope=scope).get("content-length", "")):
            await problems.of_http(body.too_large())(scope, receive, send)
            return
        await self.app(scope, body.receive, send)


class _Body:
    """One request's body, as it comes."""

    def __init__(self, receive: Receive, *, limit: int, patience: float) -> None:
        self._receive = receive
        self._limit = limit
        self._patience = patience
        self._size = 0
        self._whole = False

    def declares_too_much(self, length: str) -> bool:
        return length.isdecimal() and (len(length) > 18 or int(length) > self._limit)

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience)
        except TimeoutError:
            detail = f"Nothing came for {self._patience:g} s. Send the request anew."
            raise HTTPException(408, detail, {"Connection": "close"}) from None
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise self.too_large()
        self._whole = not message.get("more_body", False)
        return message

    def too_large(self) -> HTTPException:
        detail = f"The body is longer than {self._limit:,} bytes. Send less."
        return HTTPException(413, detail, {"Connection": "close"})
