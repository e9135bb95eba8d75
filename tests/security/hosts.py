"""Servers on this machine that behave as badly as a test wants, and the way out that reaches them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from avatar.outside import Address, Outside

Answer = Callable[[socket.socket, "Host"], None]
GIVE_UP = 10.0


@dataclass
class Host:
    """A server on a loopback port, and what it was asked."""

    port: int
    asked: list[bytes] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", *, host: str = "films.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def outside(self, **changed: object) -> Outside:
        """A way out whose only openness is this one server."""
        ways: dict[str, object] = {
            "allowed": lambda _address: True,
            "resolve": lambda _host, _seconds: (ip_address("127.0.0.1"),),
            "ports": frozenset({self.port}),
        }
        return Outside(**{**ways, **changed})  # type: ignore[arg-type]


@contextmanager
def host(answer: Answer, *, wrap: Callable[[socket.socket], socket.socket] = lambda line: line) -> Iterator[Host]:
    """A server that reads each request and leaves the rest to `answer`; `wrap` may put TLS around a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        served = Host(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def talk(plain: socket.socket) -> None:
            with plain, suppress(OSError):
                plain.settimeout(GIVE_UP)
                line = wrap(plain)
                served.asked.append(_head(line))
                answer(line, served)
                line.close()

        def accept() -> None:
            while not served.closing.is_set():
                with suppress(TimeoutError):
                    line, _ = listener.accept()
                    threads.append(threading.Thread(target=talk, args=(line,)))
                    threads[-1].start()

        door = threading.Thread(target=accept)
        door.start()
        try:
            yield served
        finally:
            served.closing.set()
            for thread in (door, *threads):
                thread.join()


def _head(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(65_536)
        if not piece:
            break
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += line.recv(65_536)
    return head + b"\r\n\r\n" + body


def saying(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Answer:
    """One plain answer. `length` is what the header claims, the truth unless given."""
    claimed = len(body) if length is None else length
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {claimed}", "Connection: close", *headers)

    def answer(line: socket.socket, _host: Host) -> None:
        line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


def sending(start: bytes, piece: bytes, *, every: float = 0.0) -> Answer:
    """An answer that begins with `start` and never ends: `piece` again and again."""

    def answer(line: socket.socket, served: Host) -> None:
        line.sendall(start)
        while not served.closing.wait(every):
            line.sendall(piece)

    return answer


def addresses(*each: str) -> Callable[[str, float], tuple[Address, ...]]:
    """A resolver that always says the same."""
    return lambda _host, _seconds: tuple(map(ip_address, each))
