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
from avatar.request import Ask, parse
from avatar.settings import Settings, read
from avatar.stage import Context, Run, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend
from benchmarks.film import child
from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("speech", "portrait", "motion", "pose", "lips", "film")
JOBS = 60
IDLE = 5.0  # seconds
PATIENCE = 60.0  # seconds after which a measurement has failed
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


def render(ask: Ask, run: Run) -> Outcome:
    """Six stages, as a film has them, that do nothing."""
    for name in STAGES:
        made = run(Stage(name, Speech, (FakeBackend("nothing", nothing),)), Nothing(name, ask.text))
    return Outcome("audio_only", made, None, ask.seed)


def rows() -> Iterator[Row]:
    """Milliseconds are medians."""
    yield from _alone()
    with postgres() as server:
        for name, database in (("SQLite", ""), ("PostgreSQL", server)):
            yield from _apart(name, database)
            yield Row(f"idle service with its worker, {name}", 100 * _idle(database), "% a core", 3)
            for workers in (1, 2, 4):
                yield Row(f"jobs of no work, {name}, {workers} workers", _rate(database, workers), "jobs/s")


def _alone() -> Iterator[Row]:
    """One process that takes and does."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings(Path(folder))
        engine = Engine(FolderStore(chosen.data / "store", budget=10**9))
        direct = DirectJobs(engine, render=render, house=NO_HOUSE)
        with closing(_service(chosen, Worker(engine, render=render, settings=chosen))) as jobs:
            _follow(direct)
            _follow(jobs)
            pairs = [(_follow(direct), _follow(jobs)) for _ in range(30)]  # in turns: other work disturbs both alike
            plain, queued = (median(each) for each in zip(*pairs, strict=True))
            cpu_plain, cpu_queued = _cpu(direct), _cpu(jobs)
            starts = [_start(jobs) for _ in range(20)]
        film = child("speak")
        whole = film["wall"] * 10.0 / film["seconds"]
        cost = queued - plain
        yield Row("a job of six stages without work, direct", plain * 1000, "ms")
        yield Row("queue: added to a job", cost * 1000, "ms", 60)
        yield Row("queue: CPU added to a job, its follower included", (cpu_queued - cpu_plain) * 1000, "ms")
        yield Row("a film of 10 s, direct", whole, "s")
        yield Row("queue: share of a 10 s film's time", 100 * cost / whole, "%", 5)
        yield Row("queue: submit to start, same process", median(starts) * 1000, "ms", 120)


def _apart(name: str, database: str) -> Iterator[Row]:
    """A door and a worker in processes of their own."""
    with place(database) as (folder, url), closing(_service(settings(folder, url))) as jobs, crew(folder, url, 1):
        _follow(jobs)
        starts = [_start(jobs) for _ in range(20)]
        yield Row(f"queue: submit to start, other process, {name}", median(starts) * 1000, "ms", 120)
        yield Row(f"event to a client, other process, {name}", _heard(jobs) * 1000, "ms", 100)


def _idle(database: str) -> float:
    """The share of a core that a service with its worker takes when nothing is to do."""
    with place(database) as (folder, url):
        chosen = settings(folder, url)
        engine = Engine(FolderStore(folder / "store", budget=10**9))
        with closing(_service(chosen, Worker(engine, render=render, settings=chosen))) as jobs:
            _follow(jobs)
            time.sleep(2.0)  # what follows a start is over
            before, began = time.process_time(), time.monotonic()
            time.sleep(IDLE)
            return (time.process_time() - before) / (time.monotonic() - began)


def _cpu(jobs: Maker) -> float:
    """CPU seconds of this process for a job."""
    before = time.process_time()
    for _ in range(20):
        _follow(jobs)
    return (time.process_time() - before) / 20


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
    with place(database) as (folder, url), closing(_service(settings(folder, url))) as jobs:
        made = [jobs.submit(fresh()) for _ in range(JOBS)]
        until = time.monotonic() + PATIENCE
        with crew(folder, url, workers):
            while jobs.standing().ended.get("completed", 0) < JOBS:
                if time.monotonic() > until:
                    raise TimeoutError(f"{workers} workers did not do {JOBS} jobs in {PATIENCE:.0f} s")
                time.sleep(0.05)
        done = [jobs.job(job.id) for job in made]
    first, last = min(job.started_at or 0.0 for job in done), max(job.completed_at or 0.0 for job in done)
    return JOBS / (last - first)


def _service(chosen: Settings, worker: Worker | None = None) -> DurableJobs:
    store = FolderStore(chosen.data / "store", budget=10**9)
    return DurableJobs(chosen, house=NO_HOUSE, store=store, worker=worker)


def fresh() -> Ask:
    """A request that no cache knows."""
    return parse({"text": f"Nothing {uuid.uuid4().hex}."})


def settings(data: Path, database: str = "") -> Settings:
    """No limits, one job at a time for each worker."""
    limits = {"AVATAR_JOBS": "1", "AVATAR_RATE_LIMIT": "1000000", "AVATAR_QUEUE_LENGTH": "1000000"}
    return read({"AVATAR_DATA_DIR": str(data), "AVATAR_DATABASE_URL": database} | limits)


@contextmanager
def place(database: str) -> Iterator[tuple[Path, str]]:
    """A data folder, and the address of a new database where a server's is given."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), new_database(database) if database else ""


@contextmanager
def crew(data: Path, database: str, workers: int) -> Iterator[None]:
    """Worker processes."""
    argv = [sys.executable, "-m", "benchmarks.jobs", str(data), database]
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
    try:
        yield server.get_uri()
    finally:
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
