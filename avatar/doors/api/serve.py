"""Serves the API until it is told to stop, and then stops in good order. Knows no settings and no pipeline."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from avatar.doors.api.app import create
from avatar.doors.api.desk import Desk
from avatar.doors.api.rules import Hands, Rules
from avatar.errors import BadRequest
from avatar.jobs.service import JobService

GRACE = 10  # seconds for answers in hand when the server goes down


class Server(uvicorn.Server):
    """Says when it can be reached, and tells streams and waiting calls first that it goes down."""

    def __init__(self, config: uvicorn.Config, desk: Desk, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.desk = desk
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the address."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, finish answers, close the job service."""
        self.desk.bells.close()
        await super().shutdown(sockets)


def server(app: FastAPI, *, host: str, port: int, ready: Callable[[], None] = lambda: None) -> Server:
    """A server for an application of `create`; other doors may hang in it."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `Gate` alone decides whose word counts
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=32_768,
    )
    return Server(config, app.state.desk, ready)


def run(app: FastAPI, *, host: str, port: int, ready: Callable[[], None] = lambda: None) -> int:
    """Serve until SIGINT or SIGTERM; the status is 0. Raises `BadRequest` when the address can't be had.

    `ready` is called once when it listens.
    """
    _check(host, port)
    with _calm():
        server(app, host=host, port=port, ready=ready).run()
    return 0


def serve(jobs: JobService, rules: Rules, hands: Hands, *, host: str = "127.0.0.1", port: int = 7860) -> int:
    """Serve the API alone. Raises `BadRequest` when the address can't be had."""
    return run(create(jobs, rules, hands), host=host, port=port)


@contextmanager
def _calm() -> Iterator[None]:
    """Signals that stop the server end there: uvicorn raises them again once it is down, and there is nothing to do."""
    stops = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {stop: signal.signal(stop, lambda *_: None) for stop in stops}
    try:
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler)


def _check(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            raise BadRequest(f"Nothing can be served at {host}:{port}. Choose another --host or --port.") from None
