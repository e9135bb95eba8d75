"""The API behind a real socket, over jobs that move as a test says."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from avatar.doors.api.app import create
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.api.serve import Server, server
from avatar.jobs.service import House, JobService
from avatar.testing_jobs import ScriptedJobs
from tests.tiny import tiny_house

DEADLINE = 90.0  # seconds after which a condition counts as never met
KEYS = (("ann", "ann-has-a-long-key"), ("bob", "bob-has-a-long-key"))
ADMIN = "the-owner-has-one-too"


def until(condition: Callable[[], Any]) -> Any:
    """What `condition` gives once it is true. Fails after the deadline."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
    return found


def finishing(jobs: ScriptedJobs, job_id: str) -> None:
    """A job that is done at once."""
    jobs.start(job_id)
    jobs.finish(job_id)


@dataclass
class Served:
    """A running server."""

    jobs: ScriptedJobs
    server: Server
    port: int
    client: httpx.Client

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, **body: Any) -> str:
        """The id of a new job."""
        answer = self.client.post("/v1/videos", json={"script": "Hello.", **body})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def stop(self) -> None:
        """Tell the server to go down, as a signal would."""
        self.server.should_exit = True


@contextmanager
def serving(
    folder: Path,
    *,
    plays: Callable[[ScriptedJobs, str], None] | None = None,
    house: House | None = None,
    hands: Hands | None = None,
    headers: dict[str, str] | None = None,
    **rules: Any,
) -> Iterator[Served]:
    """A server on a free port, gone at the end of the `with`."""
    jobs = ScriptedJobs(folder / "store", house=house or tiny_house(), plays=plays)
    chosen = replace(Rules(folder / "incoming"), **rules)
    with running(jobs, chosen, hands or Hands(fetched, lambda url: None)) as (run, port):
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=address, timeout=DEADLINE, headers=headers or {}) as client:
            yield Served(jobs, run, port, client)


@contextmanager
def running(jobs: JobService, rules: Rules, hands: Hands) -> Iterator[tuple[Server, int]]:
    """A server of these jobs, and its port."""
    app = create(jobs, rules, hands)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        run = server(app, host="127.0.0.1", port=port)
        thread = threading.Thread(target=run.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: run.started)
            yield run, port
        finally:
            run.should_exit = True
            thread.join()


def fetched(url: str, folder: Path, kind: str) -> Path:
    """A file whose bytes are its own address."""
    path = folder / "file"
    path.write_text(url)
    return path
