"""Who asks: by key, else by address. Stands before every route, so that no stranger's body is read. Knows no route."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from avatar.doors.api import problems
from avatar.doors.api.paths import is_open, is_ours
from avatar.doors.api.rules import Rules
from avatar.errors import BadRequest, Unauthorised

Network = IPv4Network | IPv6Network
PASSED_ON = frozenset({"forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip"})


@dataclass(frozen=True, slots=True)
class Caller:
    """One client: a key's name, or an address."""

    name: str
    admin: bool = False
    near: bool = False
    """Whether it sits at this machine, and nothing shows that a proxy stands between."""
    address: str = ""
    """Where it asks from, as far as that is known; empty for a key, wherever it is used."""

    @property
    def sees(self) -> str | None:
        """Whose jobs it may see; None for everybody's."""
        return None if self.admin else self.name

    @property
    def payer(self) -> str:
        """Whose rate its jobs count against: no name that it chose itself."""
        return self.address or self.name


class Gate:
    """Puts a `Caller` into each request's state, the page's too, or answers 401."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self._keys = [(_digest(key), Caller(name)) for name, key in rules.api_keys]
        if rules.admin_key:
            self._keys.append((_digest(rules.admin_key), Caller("admin", admin=True)))
        self._closed = bool(rules.api_keys)
        self._proxies = networks(rules.trusted_proxies)
        self._alone = not (self._proxies or rules.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            caller = self._known(headers)
            if caller is None and self._closed and is_ours(scope) and not is_open(scope):
                refusal = Unauthorised("A valid key is needed. Send it as Authorization: Bearer KEY or as X-API-Key.")
                await problems.of_error(refusal)(scope, receive, send)
                return
            trusted = self._trusts(_peer(scope))
            address = self._address(scope, headers) if trusted else _peer(scope)
            near = self._alone and _loopback(_peer(scope)) and not _passed_on(scope, headers)
            scope.setdefault("state", {})["caller"] = caller or Caller(address, near=near, address=address)
            scope["state"]["secure"] = trusted and headers.get("x-forwarded-proto", "").strip().lower() == "https"
        await self.app(scope, receive, send)

    def _known(self, headers: Headers) -> Caller | None:
        """Whose key was sent. All keys are compared, each in constant time, so that time tells nothing."""
        sent = _digest(_sent(headers))
        found = None
        for digest, caller in self._keys:
            if hmac.compare_digest(digest, sent):
                found = caller
        return found

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._proxies)

    def _address(self, scope: Scope, headers: Headers) -> str:
        """The last hop that is not one of the owner's own proxies; hops further out could say anything."""
        hops = [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        for hop in reversed(hops):
            parsed = _parsed(hop)
            if parsed is None:
                break
            if not self._trusts(hop):
                return str(parsed)
        return _peer(scope)


def networks(words: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses and networks as networks. Raises `BadRequest` for one that is neither."""
    try:
        return tuple(ip_network(word, strict=False) for word in words)
    except ValueError:
        raise BadRequest(
            "AVATAR_TRUSTED_PROXIES can't be read. Give addresses or networks such as 10.0.0.0/8, with commas between."
        ) from None


def _passed_on(scope: Scope, headers: Headers) -> bool:
    """Whether a request shows signs of a proxy: headers that these add, or the old protocol that some speak inwards."""
    return scope.get("http_version") == "1.0" or any(
        name in PASSED_ON or name.startswith("x-forwarded-") for name in headers
    )


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _sent(headers: Headers) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return headers.get("x-api-key", "").strip()


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "local"


def _loopback(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
