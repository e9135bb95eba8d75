"""One HTTP exchange with a server that a stranger named: only public addresses, only so long, only so many headers.

Knows not what the exchange is for. A name is resolved once and the connection goes to that checked address, so a name
that changes its mind between check and use gains nothing. No proxy, no cookie, no redirect is followed.
"""

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import certifi
import httpcore
import idna

from avatar.errors import BadRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, float], tuple[Address, ...]]

LONGEST_URL, LONGEST_NAME = 4096, 253
TRIES = 3
"""Addresses of one name that are tried before it counts as unreachable."""
CALLER = "avatar-chat"

_HIDDEN = tuple(
    ipaddress.ip_network(block)
    for block in (
        # IANA's special-purpose registry for IPv4: this network, private, shared, loopback, link-local, protocols,
        # documentation, 6to4 relays, benchmarks, multicast, reserved and broadcast ...
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24"
        " 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
        # ... and a cloud's inner server at an address that looks public
        " 168.63.129.16/32"
        # the same for IPv6, within the only block that is given out: protocols and Teredo, documentation, 6to4
        " 2001::/23 2001:db8::/32 2002::/16 3fff::/20"
    ).split()
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def public(address: Address) -> bool:
    """Whether an address is one of the open internet, whatever other address it may carry inside."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:  # RFC 6052: networks without IPv4 reach it so
            return public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GIVEN_OUT or address.scope_id is not None:
            return False
    return not any(address in block for block in _HIDDEN if block.version == address.version)


def resolved(host: str, seconds: float) -> tuple[Address, ...]:
    """The addresses of a name, as the system knows them; none when there are none, or not in time."""
    answers: SimpleQueue[list[Any]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answers.put([])

    threading.Thread(target=ask, name="resolver", daemon=True).start()  # getaddrinfo itself knows no time limit
    try:
        found = answers.get(timeout=max(0.0, seconds))
    except Empty:
        return ()
    return tuple(dict.fromkeys(ipaddress.ip_address(answer[4][0]) for answer in found))


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute URL taken apart and found harmless as far as can be seen without asking anybody.

    `host` is ASCII, without brackets; `target` is path and query as they are sent.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    def joined(self, location: str) -> str:
        """The absolute URL that `location` stands for, seen from here."""
        return urljoin(f"{self.scheme}://{self.authority}{self.target}", location)


@dataclass(frozen=True, slots=True)
class Outside:
    """The way out. Its defaults are the safe ones; others are for tests and for houses with their own rules."""

    allowed: Callable[[Address], bool] = public
    resolve: Resolver = resolved
    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    certificates: Callable[[], ssl.SSLContext] = _certificates

    def parse(self, text: str) -> Url:
        """A URL that may be asked, as far as its letters tell. Raises `BadRequest`."""
        if len(text) > LONGEST_URL:
            raise BadRequest(f"The URL is longer than {LONGEST_URL} characters. Give a shorter one.")
        if any(sign <= " " or sign in "\\\x7f" for sign in text):
            raise BadRequest("The URL holds blanks, backslashes or control characters. Write them as %20 and the like.")
        try:
            parts = urlsplit(text)
            port = {"https": 443}.get(parts.scheme, 80) if parts.port is None else parts.port
        except ValueError:
            raise BadRequest("The URL can't be read. Give one such as https://example.org/file.png.") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadRequest("The URL does not begin with http:// or https:// and a host. Give one that does.")
        if "@" in parts.netloc:
            raise BadRequest("The URL holds a user name. Give one that needs none, such as a signed link.")
        if port not in self.ports:
            known = ", ".join(map(str, sorted(self.ports)))
            raise BadRequest(f"The URL names port {port}. Use one of {known}.")
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._' + chr(39))}" if parts.query else ""
        return Url(parts.scheme, self._host(parts.hostname), port, path + query)

    def check(self, text: str, *, seconds: float = 2.0) -> Url:
        """Like `parse`, and refuses a host that is not public already now. A host that is not known yet may pass."""
        url = self.parse(text)
        self._judge(url, self._addresses(url, seconds))
        return url

    @contextmanager
    def exchange(
        self,
        method: str,
        url: Url,
        *,
        deadline: float,
        idle: float,
        headers: Iterable[tuple[str, str]] = (),
        content: bytes = b"",
    ) -> Iterator[httpcore.Response]:
        """Ask, and answer with a body still to be read. `deadline` is on the monotonic clock, `idle` seconds.

        Raises `BadRequest` for a host that is not public, not known, too slow or not speaking HTTP, also while the
        body is read within the `with`.
        """
        found = self._addresses(url, deadline - time.monotonic())
        if not found:
            raise BadRequest(f"The host {url.host} is not known. Check the URL.")
        self._judge(url, found)
        sent = [("Host", url.authority), ("User-Agent", CALLER), ("Connection", "close"), *headers]
        asked = httpcore.Request(
            method,
            httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target),
            headers=[*sent, ("Content-Length", str(len(content)))] if content else sent,
            content=content or None,
        )
        line = httpcore.HTTPConnection(
            asked.url.origin,
            ssl_context=self.certificates() if url.scheme == "https" else None,
            network_backend=_Pinned(found, deadline=deadline, idle=idle),
        )
        try:
            yield line.handle_request(asked)
        except httpcore.TimeoutException:
            raise BadRequest(
                f"The host {url.host} was too slow. Try again, or bring the file from elsewhere."
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise BadRequest(
                f"The host {url.host} can't be reached or broke off. Check the URL, or try again."
            ) from None
        finally:
            line.close()

    def _host(self, text: str) -> str:
        """The host as it is asked for: a checked address, or a name in ASCII."""
        try:
            if ":" in text:
                return str(ipaddress.IPv6Address(text))
            name = text.removesuffix(".")
            if not name.isascii() and len(name) <= LONGEST_NAME:
                name = idna.encode(name, uts46=True).decode("ascii")
            if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", name.rpartition(".")[2]):
                return str(ipaddress.IPv4Address(name))
        except ValueError:  # idna's errors among them
            raise BadRequest("The URL's host can't be read. Write a name, or an address such as 192.0.2.1.") from None
        if len(name) > LONGEST_NAME or not all(map(_LABEL.fullmatch, name.split("."))):
            raise BadRequest("The URL's host is not a name that can exist. Check the URL.")
        return name

    def _addresses(self, url: Url, seconds: float) -> tuple[Address, ...]:
        try:
            return (ipaddress.ip_address(url.host),)
        except ValueError:
            return self.resolve(url.host, seconds)

    def _judge(self, url: Url, found: Sequence[Address]) -> None:
        if not all(self.allowed(address) for address in found):
            raise BadRequest(f"The host {url.host} is not on the public internet. Give a URL that everybody can reach.")


class _Pinned(httpcore.NetworkBackend):
    """Connects to addresses found before, whatever the name says by now."""

    def __init__(self, addresses: Sequence[Address], *, deadline: float, idle: float) -> None:
        self._addresses = addresses[:TRIES]
        self._clock = _Clock(deadline, idle)
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one; `host` is not looked at."""
        for address in self._addresses[:-1]:
            try:
                return self._connect(address, port, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(self._addresses[-1], port, socket_options)

    def _connect(self, address: Address, port: int, options: Iterable[Any] | None) -> httpcore.NetworkStream:
        wait = self._clock.left(httpcore.ConnectTimeout)
        return _Timed(self._sockets.connect_tcp(str(address), port, wait, None, options), self._clock)


@dataclass(frozen=True, slots=True)
class _Clock:
    deadline: float
    idle: float

    def left(self, late: type[httpcore.TimeoutException]) -> float:
        """Seconds that the next wait may take. Raises `late` when there are none."""
        seconds = min(self.idle, self.deadline - time.monotonic())
        if seconds <= 0:
            raise late
        return seconds


class _Timed(httpcore.NetworkStream):
    """A connection on which every wait ends at the deadline, however the bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes."""
        return self._stream.read(max_bytes, self._clock.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send them all."""
        self._stream.write(buffer, self._clock.left(httpcore.WriteTimeout))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted, with the certificate checked for the name."""
        wait = self._clock.left(httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, wait), self._clock)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)
