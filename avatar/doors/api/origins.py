"""Which names and which pages may ask: a wall against pages that steer a visitor's browser. Knows no key, no route.

A page can make its own name point at this machine (DNS rebinding): its browser then takes this server for the page's.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from avatar.doors.api import problems
from avatar.doors.api.paths import is_ours
from avatar.doors.api.rules import Rules

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Origins:
    """Answers 403 to names that don't lead here, and to pages of other origins that want something done.

    A server on a loopback address is asked by that address or as localhost. It takes other names only where the owner
    told of a proxy before it, by `public_url` or `trusted_proxies`. Requests without an Origin are no page's.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        told = [urlsplit(page) for page in (*rules.cors, rules.public_url) if page]
        self._pages = frozenset(f"{page.scheme}://{page.netloc}".lower() for page in told)
        self._all = "*" in rules.cors
        self._proxied = bool(rules.trusted_proxies or rules.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refusal = self._refusal(scope) if scope["type"] == "http" and is_ours(scope) else ""
        if refusal:
            await problems.problem("forbidden", refusal)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        server = scope.get("server")
        if server and _loopback(server[0]) and not (self._proxied or _own(_name(f"//{host}"))):
            return "This name does not lead here. Ask by localhost, or let the owner set AVATAR_PUBLIC_URL."
        origin = headers.get("origin", "").lower()
        if not origin or self._all or scope["method"] in READS:
            return ""
        if origin in self._pages or _own(_name(origin)) or origin.partition("://")[2] == host:
            return ""
        return "Pages of this origin may not ask. Let the owner add it to AVATAR_CORS."


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _own(name: str) -> bool:
    """Whether no name server can make this name point elsewhere, or from elsewhere to here."""
    return name == "localhost" or _loopback(name)


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
