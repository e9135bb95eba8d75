"""The application with the MCP door in it, served on a loopback port over scripted jobs."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from avatar.doors.api.app import create
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.api.serve import server
from avatar.doors.mcp.over_http import mount
from avatar.jobs.service import House, UploadKind
from avatar.jobs.webhooks import check_url
from avatar.testing_jobs import Plays, ScriptedJobs
from tests.tiny import tiny_house

PATIENCE = 90.0


def no_fetch(_url: str, _folder: Path, _kind: UploadKind) -> Path:
    """No test of this door fetches anything."""
    raise AssertionError


HANDS = Hands(fetch=no_fetch, check_hook=check_url)


@dataclass(frozen=True)
class Served:
    """A running application: its address, its jobs, and itself."""

    url: str
    jobs: ScriptedJobs
    app: FastAPI

    @property
    def mcp(self) -> str:
        return f"{self.url}/mcp"


@contextmanager
def served(
    folder: Path,
    *,
    plays: Plays | None = None,
    hands: Hands = HANDS,
    rules: Callable[[Path], Rules] = Rules,
    house: House | None = None,
) -> Iterator[Served]:
    """Serve until the `with` ends."""
    incoming = folder / "incoming"
    incoming.mkdir(parents=True)
    jobs = ScriptedJobs(folder / "jobs", house=house or tiny_house(), plays=plays)
    app = create(jobs, rules(incoming), hands, others=[mount])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        running = server(app, host="127.0.0.1", port=port)
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            until(lambda: running.started)
            yield Served(f"http://127.0.0.1:{port}", jobs, app)
        finally:
            running.should_exit = True
            thread.join()


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, and fail aloud when it never comes."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
