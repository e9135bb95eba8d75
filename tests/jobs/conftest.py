"""Databases, services and workers for the tests of jobs."""

import multiprocessing
import os
import signal
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from avatar.jobs.durable import DurableJobs
from avatar.settings import Settings
from tests.jobs import product
from tests.jobs.waiting import PATIENCE
from tests.tiny import tiny_house

Open = Callable[..., DurableJobs]


class Server:
    """A PostgreSQL server that the `pgserver` wheel brings, in a folder that its own user can reach."""

    def __init__(self) -> None:
        with warnings.catch_warnings(action="ignore"):  # it looks for a runtime folder, and says where it found none
            from pgserver.postgres_server import get_server
        self._folder = Path(tempfile.mkdtemp(prefix="avatar-postgres-"))
        self._found = get_server(self._folder, cleanup_mode="delete")
        self.get_uri: Callable[..., str] = self._found.get_uri

    @contextmanager
    def away(self) -> Iterator[None]:
        """The server is gone, as in a crash, for as long as the `with` takes."""
        from pgserver._commands import POSTGRES_BIN_PATH

        argv = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(self._folder), "-m", "immediate", "stop"]
        subprocess.run(argv, check=True, capture_output=True, user=self._found.system_user)
        try:
            yield
        finally:
            self._found.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it, and remove its folder."""
        self._found.cleanup()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for the whole run."""
    found = Server()
    yield found
    found.stop()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of the test's own, to be stopped."""
    found = Server()
    yield found
    found.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of 4 MB: a database fits, and it can be filled. Skips aloud where mounting is refused."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def postgres(server: Server) -> str:
    """The address of a new database."""
    name = f"jobs_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server.get_uri(), autocommit=True) as found:
        found.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.get_uri(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Both kinds of database, one after the other."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Open]:
    """Opens a service that does the jobs in this process, on SQLite unless told otherwise."""
    with ExitStack() as closing:

        def start(database: str = "", **more: str) -> DurableJobs:
            chosen = product.settings(tmp_path, database, **more)
            working = product.worker(chosen)
            closing.callback(working.close)
            return _jobs(chosen, closing, worker=working)

        yield start


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Open]:
    """Opens a service that only takes and answers: the work is left to others."""
    with ExitStack() as closing:

        def start(database: str = "", **more: str) -> DurableJobs:
            return _jobs(product.settings(tmp_path, database, **more), closing)

        yield start


def _jobs(chosen: Settings, closing: ExitStack, **more: object) -> DurableJobs:
    jobs = DurableJobs(chosen, house=tiny_house(), store=product.store(chosen.data), **more)  # type: ignore[arg-type]
    closing.callback(jobs.close)
    return jobs


WORKERS = multiprocessing.get_context("forkserver")
WORKERS.set_forkserver_preload([product.__name__])  # imported once, so that a worker is there at once


class Crew:
    """Worker processes over one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.all: list[Hired] = []

    def hire(self, database: str = "", kind: str = "") -> "Hired":
        """One more, ready to work."""
        one = self.call(database, kind)
        assert one.ready.wait(PATIENCE)
        return one

    def call(self, database: str = "", kind: str = "") -> "Hired":
        """One more, which will come soon."""
        one = Hired(self.data, database, kind)
        self.all.append(one)
        return one

    def dismiss(self) -> None:
        """Tell all to stop, and wait for it."""
        for one in self.all:
            one.terminate()
        for one in self.all:
            one.wait()


class Hired:
    """A worker process of its own."""

    def __init__(self, data: Path, database: str, kind: str) -> None:
        self.kind = kind
        self.ready = WORKERS.Event()
        self._process = WORKERS.Process(target=product.main, args=(str(data), database, kind, self.ready.set))
        self._process.start()

    @property
    def pid(self) -> int:
        """What the system calls it."""
        assert self._process.pid is not None
        return self._process.pid

    def gone(self) -> bool:
        """Whether it has ended."""
        return not self._process.is_alive()

    def terminate(self) -> None:
        """Tell it to stop."""
        self._process.terminate()

    def kill(self) -> None:
        """End it without any last word."""
        self._process.kill()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit status, once it has ended; killed, where it does not."""
        self._process.join(PATIENCE)
        try:
            assert self._process.exitcode is not None, "it did not end"
            return self._process.exitcode
        finally:
            self._process.kill()
            self._process.join()


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Hires worker processes, and sees them off."""
    found = Crew(tmp_path)
    yield found
    found.dismiss()
