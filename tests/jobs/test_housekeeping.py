"""What a worker's housekeeping does when the ground gives way: seats, jobs left lying, and databases that go away."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import sqlalchemy as sa

from avatar.artifacts import Blob
from avatar.errors import DatabaseGone, NotFound, RateLimited, StorageError
from avatar.jobs import seats, tables
from avatar.jobs.doing import Doer, Hands, Notes
from avatar.jobs.durable import DurableJobs
from avatar.jobs.keeper import Keeper
from avatar.jobs.live import LiveFolder
from avatar.jobs.reports import Kept, Report
from avatar.jobs.service import Job, Order, Upload
from avatar.jobs.shelf import Shelf
from avatar.jobs.steps import Left
from avatar.jobs.sweep import Sweep
from avatar.jobs.telling import Teller
from avatar.jobs.transact import Desk, Floor
from avatar.jobs.workbook import Workbook
from avatar.request import parse
from avatar.stage import Stage
from avatar.store import FolderStore
from tests.jobs import product
from tests.jobs.conftest import Open, Server
from tests.jobs.waiting import ended, running, wait
from tests.tiny import tiny_house


@contextmanager
def shut(server: Server, database: str) -> Iterator[None]:
    """The database takes no connections, and breaks those that it has."""
    name = sa.make_url(database).database or ""
    with psycopg.connect(server.get_uri(), autocommit=True) as owner:
        owner.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            owner.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def test_a_seat_that_a_lost_connection_dropped_is_taken_again_as_soon_as_it_is_free(
    server: Server, postgres: str, tmp_path: Path
) -> None:
    database = tables.Database(tables.address(tmp_path, postgres))
    seat, watcher = seats.take(database, data=tmp_path), seats.take(database, data=tmp_path)
    with shut(server, postgres):
        for _ in range(3):
            with pytest.raises(StorageError, match="database"):
                seat.check()
    watcher.check()
    with watcher.dead(seat.id) as dead:  # and nobody can take it now
        assert dead
        seat.check()
    with watcher.dead(seat.id) as dead:
        assert dead
    seat.check()
    with watcher.dead(seat.id) as dead:
        assert not dead
    for each in (seat, watcher):
        each.leave()
    database.close()


def test_an_id_that_no_database_can_hold_is_not_found(door: Open, postgres: str) -> None:
    jobs = door(postgres)
    questions: tuple[Callable[[str], object], ...] = (jobs.job, jobs.cancel, jobs.delete)
    for ask in questions:
        with pytest.raises(NotFound):
            ask("video_\0")


def test_a_job_deleted_on_its_way_to_another_queue_is_not_put_there(tmp_path: Path) -> None:
    desk = Desk(tables.address(tmp_path, ""))
    desk.again("video_deleted", queue="gpu")
    assert desk.owned() == {}
    assert desk.queued("gpu") == set()
    desk.close()


def take(data: Path, job: Job, executor: str) -> None:
    """A queue has given the job to this executor, which has not begun it."""
    database = tables.Database(tables.address(data, ""))
    with database.write() as found:
        taken = {"status": "PENDING", "executor_id": executor, "application_version": "1"}
        workflows = sa.table("workflow_status", *map(sa.column, ("workflow_uuid", *taken)))
        assert found.execute(workflows.update().where(workflows.c.workflow_uuid == job.id).values(taken)).rowcount == 1
    database.close()


def test_a_job_whose_worker_died_before_it_began_is_done_by_the_next(
    door: Open, embedded: Open, tmp_path: Path
) -> None:
    job = door().submit(parse({"text": "Hello."}))
    take(tmp_path, job, "worker-7")
    assert ended(embedded(), job).status == "completed"


def test_a_run_that_lost_its_job_does_not_stop_the_next_one(tmp_path: Path) -> None:
    hands = Hands()
    before = hands.take("video_1")
    hands.drop(before)
    now = hands.take("video_1")
    hands.lose("video_1", before.run)
    assert not now.left.is_set()
    hands.lose("video_1", now.run)
    assert now.left.is_set()


@contextmanager
def housekeeping(data: Path, desk: Desk, *, alive: Callable[[], None] = lambda: None) -> Iterator[tuple[Keeper, Shelf]]:
    """A keeper that may begin, and the shelf that it sweeps."""
    database = tables.Database(tables.address(data, ""))
    seat = seats.take(database, data=data)
    shelf, live = Shelf(database, clock=time.time), LiveFolder(data / "live")
    keeper = Keeper(
        Workbook(database, keep=60.0, clock=time.time),
        desk=desk,
        floor=cast(Floor, None),  # nobody is dead
        seat=seat,
        hands=Hands(),
        alive=alive,
        sweep=Sweep(shelf, desk=desk, store=product.store(data), live=live, keep=60.0, budget=10**9),
    )
    yield keeper, shelf
    keeper.close()
    seat.leave()
    desk.close()
    database.close()


def test_the_housekeeping_goes_on_whatever_it_stumbles_over(tmp_path: Path) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    old = Upload("upload_old", "image", Blob("0" * 64, "image/png", 1), "me", consent=True, created_at=0, expires_at=1)
    with housekeeping(tmp_path, Desk(tables.address(tmp_path, "")), alive=stumble) as (keeper, shelf):
        shelf.put(old, budget=1)
        keeper.start()
        wait(lambda: shelf.stale() == ([], []))


class Quick(Desk):
    """A desk where a job comes back before it has been told that it is gone."""

    keeper: Keeper

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.told: list[str] = []

    def again(self, job: str, *, queue: str) -> None:
        self.told.append(queue)
        super().again(job, queue=queue)
        if len(self.told) == 1:
            self.keeper.put_back(job)


def laid_down(jobs: DurableJobs, workbook: Workbook, *, place: str) -> Job:
    """A job that a worker has begun, and left for whoever takes it from there."""
    job = jobs.submit(parse({"text": "Hello."}))
    assert workbook.begin(job.id, run="a run", worker="somebody")
    assert workbook.place(job.id) is None
    assert workbook.leave(job.id, run="a run", seconds=0, place=place)
    return job


def test_a_job_that_is_back_at_once_is_put_back_once_more(door: Open, tmp_path: Path) -> None:
    desk = Quick(tables.address(tmp_path, ""))
    with housekeeping(tmp_path, desk) as (keeper, shelf):
        desk.keeper = keeper
        workbook = Workbook(shelf.database, keep=60.0, clock=time.time)
        workbook.seen("a worker with a GPU", slots=1, stages=["motion/fast"], general=False)
        keeper.put_back(laid_down(door(), workbook, place="gpu").id)
        keeper.start()
        wait(lambda: desk.told == ["gpu", "gpu"])


@pytest.mark.parametrize("where", ["in a queue that was just given up", "in our own hand, which refused it"])
def test_a_job_that_lies_where_nobody_looks_is_found(embedded: Open, tmp_path: Path, where: str) -> None:
    jobs = embedded()
    desk = Desk(tables.address(tmp_path, ""))
    first, second = (jobs.submit(parse({"text": text})) for text in ("slow motion", "Hello."))
    running(jobs, first, "motion")  # so the second one waits
    (me,) = desk.owned()
    if "queue" in where:
        desk.again(second.id, queue="gpu")
    else:
        take(tmp_path, second, me)
    (tmp_path / "go").touch()
    assert [ended(jobs, each).status for each in (first, second)] == ["completed"] * 2
    desk.close()


class Noted(FolderStore):
    """A store that notes how many jobs there were each time that something was to be kept."""

    jobs: DurableJobs

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, budget=10**8)
        self.seen: list[int] = []

    def retain(self, name: str, blobs: Iterable[Blob]) -> None:
        self.seen.append(len(self.jobs.jobs().jobs))
        super().retain(name, blobs)


def test_what_was_brought_is_kept_before_a_worker_can_see_the_job_and_only_for_jobs(tmp_path: Path) -> None:
    chosen = product.settings(tmp_path, rate_limit="1")
    store = Noted(tmp_path / "store")
    store.jobs = jobs = DurableJobs(chosen, house=tiny_house(), store=store)
    face = tmp_path / "face.png"
    face.write_bytes(b"a face")
    upload = jobs.upload(face, "image/png", kind="image", consent=True)
    ask, order = parse({"text": "Me.", "image": upload.blob}), Order(key="once", digest="1")
    job = jobs.submit(ask, order)
    assert store.seen == [0, 0]  # the upload's own, and the job's
    assert jobs.submit(ask, order).id == job.id
    with pytest.raises(RateLimited):
        jobs.submit(ask)
    assert store.retained() == {upload.id, job.id}
    jobs.close()


def test_a_run_that_was_overtaken_ends_with_its_stage_and_one_that_was_put_down_shows_nothing(
    door: Open, tmp_path: Path
) -> None:
    jobs = door()
    job = jobs.submit(parse({"text": "Hello."}))
    database = tables.Database(tables.address(tmp_path, ""))
    book, hands = Workbook(database, keep=60.0, clock=time.time), Hands()
    teller = Teller(book, lost=hands.lose, news=lambda _: None)
    hand = hands.take(job.id)
    notes = Notes(hand, teller, lambda _: None)
    assert book.begin(job.id, run=hand.run, worker="worker-0") is not None
    notes.keep(0, "key", "{}")
    assert book.begin(job.id, run="another", worker="worker-1") is not None
    with pytest.raises(Left):
        notes.keep(1, "key", "{}")
    teller.close()
    book.write([Report(job.id, "another", "glimpse", {"stage": "film"}, picture=b"seen")])
    assert jobs.glimpse(job.id) == b"seen"
    assert book.leave(job.id, run="another", seconds=1.0, place="gpu")
    assert jobs.cancel(job.id).status == "canceled"
    with pytest.raises(NotFound):
        jobs.glimpse(job.id)
    assert book.done(job.id) == []
    database.close()


class Shaken(Workbook):
    """A workbook whose database is gone each time that something is asked first."""

    asked: set[str]

    def shares(self, *, size: float) -> dict[str, float]:
        self._shake("shares")
        return super().shares(size=size)

    def done(self, job_id: str) -> list[Kept]:
        self._shake("done")
        return super().done(job_id)

    def elsewhere(self, _stage: Stage[Any, Any], _brief: object) -> None:
        self._shake("elsewhere")

    def _shake(self, what: str) -> None:
        if what not in self.asked:
            self.asked.add(what)
            raise DatabaseGone("It is gone.")


def test_a_job_waits_for_its_database_wherever_it_needs_it(door: Open, tmp_path: Path) -> None:
    jobs = door()
    job = jobs.submit(parse({"text": "Hello."}))
    database = tables.Database(tables.address(tmp_path, ""))
    book = Shaken(database, keep=60.0, clock=time.time)
    book.asked = set()
    hands, engine = Hands(), product.engine(tmp_path)
    assert book.begin(job.id, run="killed", worker="worker-0") is not None
    hand = hands.take(job.id)
    row = book.begin(job.id, run=hand.run, worker="worker-0")
    assert row is not None
    teller = Teller(book, lost=hands.lose, news=lambda _: None)
    render = product.Product(tmp_path).render
    Doer(engine, render, book, teller, LiveFolder(tmp_path / "live"), book.elsewhere).do(hand, row)
    teller.close()
    database.close()
    assert book.asked == {"shares", "done", "elsewhere"}
    assert jobs.job(job.id).status == "completed"
