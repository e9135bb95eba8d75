"""Who looks at the page: one client for each browser, and the API in that client's name. Knows no route of the API.

A browser draws a long random number, once, and sends it with all it asks. Its hash is the client's name, so that nobody
can ask in the name of a client whose jobs he has seen. Films are shown by addresses that hold a viewer's name, since a
`<video>` sends no header; they can be read by it, and nothing else. With an API key the key says who asks. A number can
be drawn anew for each request, so how often somebody asks is counted by address.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from avatar.doors.api.callers import Caller
from avatar.doors.api.paths import VISIT
from avatar.doors.api.rules import Rules
from avatar.errors import BadRequest, Unauthorised

HEADER = "x-visitor"
NUMBER = re.compile(r"[A-Za-z0-9_-]{22,64}")
NAME = re.compile(r"web-[0-9a-f]{32}")


class Visitors:
    """Names and viewers of one house."""

    def __init__(self, rules: Rules) -> None:
        self._keyed = {name: (_secret(key), Caller(name)) for name, key in rules.api_keys}
        if rules.admin_key:
            self._keyed["admin"] = (_secret(rules.admin_key), Caller("admin", admin=True))
        self.closed = bool(rules.api_keys)

    def caller(self, scope: Scope) -> Caller:
        """Who asks. Raises `BadRequest` when the browser did not say which one it is."""
        headers = Headers(scope=scope)
        known: Caller = scope["state"]["caller"]
        if known.name in self._keyed and ("authorization" in headers or "x-api-key" in headers):
            return known
        number = headers.get(HEADER, "")
        if not NUMBER.fullmatch(number):
            raise BadRequest("The browser did not say which one it is. Load the page anew.")
        return replace(known, name=name_of(number))

    def guest(self, headers: Mapping[str, str], *, session: str, address: str) -> Caller:
        """Who asks without a browser of ours: by key, else by a session of their own. Raises `Unauthorised`."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        sent = key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()
        known = self.behind(_secret(sent)) if sent else None
        if known is None and self.closed:
            raise Unauthorised("A valid key is needed. Send it as Authorization: Bearer KEY or as X-API-Key.")
        return known or Caller(name_of(session), address=address)

    def viewer(self, caller: Caller) -> str:
        """What stands in the addresses of this caller's films."""
        return self._keyed[caller.name][0] if caller.name in self._keyed else caller.name

    def behind(self, viewer: str) -> Caller | None:
        """Whose films are looked at."""
        named = viewer.encode()  # of letters beyond ASCII only bytes can be compared
        for secret, caller in self._keyed.values():
            if hmac.compare_digest(secret.encode(), named):
                return caller
        return Caller(viewer) if NAME.fullmatch(viewer) and not self.closed else None


class Visit:
    """The API, asked in a visitor's name."""

    def __init__(self, visitors: Visitors) -> None:
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, handed to the application's own router as if it had come without the prefix."""
        root = scope.get("app_root_path", scope.get("root_path", ""))
        path = root + scope["path"].removeprefix(root).removeprefix(VISIT)
        state = {**scope["state"], "caller": self._visitors.caller(scope)}
        router: ASGIApp = scope["app"].router
        await router(
            {**scope, "path": path, "raw_path": path.encode(), "root_path": root, "state": state}, receive, send
        )


def name_of(number: str) -> str:
    """The client's name behind a browser's number."""
    return f"web-{sha256(number.encode()).hexdigest()[:32]}"


def _secret(key: str) -> str:
    return hmac.digest(key.encode(), b"films", "sha256").hex()[:40]
