"""What the queue costs: beside the mere work, until a job begins, in jobs a second, until an event is heard, when idle.

`python -m benchmarks.jobs DATA [DATABASE]` is a worker that makes nothing, as fast as it can.
"""

import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

from avatar.artifacts import Blob, Speech
from avatar.engine import Engine
from avatar.events import Outcome, unheard
from avatar.jobs.direct import DirectJobs
from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import ENDED, House, Job, Maker
from avatar.jobs.worker import Worker
from avatar.request import TalkRequest, parse
from avatar.settings import Settings, read
from avatar.stage import Context, Run, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend
from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("speech", "portrait", "motion", "pose", "lips", "film")
JOBS = 100
IDLE = 10.0  # seconds
BRIEF_FILM = 2.5  # seconds that a film of 10 s takes on two cores; see the table of films
NO_HOUSE = cast(House, None)  # nobody asks it here


@dataclass(frozen=True, slots=True)
class Nothing:
    """A brief for doing nothing."""

    stage: str
    text: str


def nothing(brief: Nothing, context: Context) -> Speech:
    """A sound of a few bytes."""
    path = context.scratch() / "sound"
    path.write_text(f"{brief.stage} {brief.text}")
    sound: Blob = context.keep(path, "audio/wav")
    return Speech(sound, sound, 1.0, 16_000, "nobody")


def render(ask: TalkRequest, run: Run) -> Outcome:
    """Six stages, as a film has them, that do nothing."""
    for name in STAGES:
        made = run(Stage(name, Speech, (FakeBackend("nothing", nothing),)), Nothing(name, ask.text))
    return Outcome("audio_only", made, None, ask.seed)


def rows() -> Iterator[Row]:
    """Milliseconds are medians."""
    yield from _alone()
    yield from _apart()
    with postgres() as server:
        for name, database in (("SQLite", ""), ("PostgreSQL", server)):
            for workers in (1, 2, 4):
                yield Row(f"jobs of no work, {name}, {workers} workers", _rate(database, workers), "jobs/s")


def _alone() -> Iterator[Row]:
    """One process that takes and does."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings(Path(folder))
        engine = Engine(FolderStore(chosen.data / "store", budget=10**9))
        direct = DirectJobs(engine, render=render, house=NO_HOUSE)
        plain = median(_follow(direct) for _ in range(30))
        with closing(_service(chosen, Worker(engine, render=render, settings=chosen))) as jobs:
            _follow(jobs)
            queued = median(_follow(jobs) for _ in range(30))
            starts = [_start(jobs) for _ in range(30)]
            cost = (queued - plain) * 1000
            yield Row("a job of six stages without work, direct", plain * 1000, "ms")
            yield Row("queue: added to a job", cost, "ms", 60)
            yield Row("queue: share of a 10 s film's time", cost / BRIEF_FILM / 10, "%", 5)
            yield Row("queue: submit to start, same process", median(starts) * 1000, "ms", 120)
            before, began = time.process_time(), time.monotonic()
            time.sleep(IDLE)
            idle = (time.process_time() - before) / (time.monotonic() - began)
            yield Row("idle service with its worker, SQLite", 100 * idle, "% a core", 3)


def _apart() -> Iterator[Row]:
    """A door and a worker in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings(Path(folder))
        with closing(_service(chosen)) as jobs, crew(folder, "", 1):
            _follow(jobs)
            starts = [_start(jobs) for _ in range(30)]
            yield Row("queue: submit to start, other process", median(starts) * 1000, "ms", 120)
            yield Row("event to a client, other process", _heard(jobs) * 1000, "ms", 100)


def _follow(jobs: Maker) -> float:
    began = time.perf_counter()
    jobs.follow(jobs.submit(fresh()).id, unheard)
    return time.perf_counter() - began


def _start(jobs: DurableJobs) -> float:
    job = jobs.submit(fresh())
    done = jobs.follow(job.id, unheard)
    time.sleep(0.15)  # the queue falls asleep
    return (done.started_at or 0.0) - done.created_at


def _heard(jobs: DurableJobs) -> float:
    """From the writing of an event to its reading, by someone who watches."""
    late: list[float] = []
    over = threading.Event()
    number = 0

    def news(job_id: str) -> None:
        nonlocal number
        if job_id == job.id:
            for told in jobs.events(job_id, after=number):
                number = told.number
                late.append(time.time() - told.at)
            if jobs.job(job_id).status in ENDED:
                over.set()

    job = Job("", "queued", fresh())
    for _ in range(10):
        stop = jobs.watch(news)
        number = 0
        over.clear()
        job = jobs.submit(fresh())
        over.wait(10)
        stop()
    return median(late)


def _rate(database: str, workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        url = new_database(database) if database else ""
        with closing(_service(settings(Path(folder), url))) as jobs:
            made = [jobs.submit(fresh()) for _ in range(JOBS)]
            with crew(folder, url, workers):
                while jobs.standing().ended.get("completed", 0) < JOBS:
                    time.sleep(0.05)
            done = [jobs.job(job.id) for job in made]
    first, last = min(job.started_at or 0.0 for job in done), max(job.completed_at or 0.0 for job in done)
    return JOBS / (last - first)


def _service(chosen: Settings, worker: Worker | None = None) -> DurableJobs:
    store = FolderStore(chosen.data / "store", budget=10**9)
    return DurableJobs(chosen, house=NO_HOUSE, store=store, worker=worker)


def fresh() -> TalkRequest:
    """A request that no cache knows."""
    return parse({"text": f"Nothing {uuid.uuid4().hex}."})


def settings(data: Path, database: str = "") -> Settings:
    """No limits, one job at a time for each worker."""
    limits = {"AVATAR_JOBS": "1", "AVATAR_RATE_LIMIT": "1000000", "AVATAR_QUEUE_LENGTH": "1000000"}
    return read({"AVATAR_DATA_DIR": str(data), "AVATAR_DATABASE_URL": database} | limits)


@contextmanager
def crew(data: str, database: str, workers: int) -> Iterator[None]:
    """Worker processes."""
    argv = [sys.executable, "-m", "benchmarks.jobs", data, database]
    hired = [subprocess.Popen(argv, cwd=ROOT) for _ in range(workers)]
    try:
        yield
    finally:
        for one in hired:
            one.terminate()
        for one in hired:
            one.wait()


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a server that the `pgserver` wheel runs."""
    from pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.mkdtemp(prefix="avatar-postgres-")), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def new_database(address: str) -> str:
    """The address of a new database on that server."""
    import psycopg

    name = f"jobs_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(address, autocommit=True) as found:
        found.execute(f"CREATE DATABASE {name}".encode())
    return address.replace("/postgres?", f"/{name}?")


def work(data: str, database: str = "") -> None:
    """Be a worker until told to stop."""
    stop = signal.SIGTERM, signal.SIGINT
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    chosen = settings(Path(data), database)
    engine = Engine(FolderStore(chosen.data / "store", budget=10**9))
    with closing(Worker(engine, render=render, settings=chosen)):
        signal.sigwait(stop)


if __name__ == "__main__":
    work(*sys.argv[1:])
