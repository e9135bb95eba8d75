"""How long all is kept, and what happens when the disk or the database refuses."""

import os
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from avatar.engine import Engine
from avatar.errors import CorruptBlob, NotFound, StorageError
from avatar.jobs import tables
from avatar.jobs.durable import DurableJobs
from avatar.jobs.live import LiveFolder
from avatar.jobs.service import Order, Webhook
from avatar.jobs.sweep import Sweep
from avatar.jobs.transact import Desk
from avatar.request import parse
from avatar.testing import ManualClock
from tests.jobs import product
from tests.jobs.conftest import Crew, Open, Server
from tests.jobs.waiting import ended, running, wait
from tests.tiny import tiny_house

DAY = 86_400.0


def swept(data: Path, clock: ManualClock, jobs: DurableJobs, *, budget: int = 10**9) -> None:
    """One sweep, as a worker does it every minute."""
    chosen = product.settings(data)
    desk = Desk(f"sqlite:///{data / 'jobs.sqlite'}")
    live = LiveFolder(data / "live")
    sweep = Sweep(jobs.shelf, desk=desk, store=product.store(data), live=live, keep=chosen.keep, budget=budget)
    sweep()
    sweep.tidy()
    desk.close()


def bytes_kept(data: Path) -> list[str]:
    return [path.name for path in (data / "store" / "blobs").rglob("*") if path.is_file()]


def test_after_its_time_a_job_is_gone_with_its_files_and_a_running_one_is_not(tmp_path: Path) -> None:
    clock = ManualClock(time.time())
    chosen = product.settings(tmp_path)
    working = product.worker(chosen, clock=clock)
    jobs = DurableJobs(chosen, house=tiny_house(), store=product.store(tmp_path), worker=working, clock=clock)
    try:
        face = tmp_path / "face.png"
        face.write_bytes(b"a face")
        upload = jobs.upload(face, "image/png", kind="image", consent=True)
        order = Order(key="once", digest="1", webhook=Webhook("https://example.org/"))
        old = ended(jobs, jobs.submit(parse({"text": "Old."}), order))
        slow, queued = (jobs.submit(parse({"text": text})) for text in ("slow film", "Queued."))
        running(jobs, slow, "film")
        clock.advance(DAY + 1)
        swept(tmp_path, clock, jobs)
        with pytest.raises(NotFound):
            jobs.job(old.id)
        with pytest.raises(NotFound):
            jobs.uploaded(upload.id)
        assert jobs.shelf.due() == ()
        assert product.store(tmp_path).retained() == frozenset()
        (tmp_path / "go").touch()
        assert ended(jobs, slow).status == "completed"
        assert ended(jobs, queued).status == "completed"
        assert jobs.file(slow.id, "video").read_bytes() == b"film of slow film"
        clock.advance(DAY + 1)
        swept(tmp_path, clock, jobs)
        assert bytes_kept(tmp_path) == []
        assert jobs.jobs().jobs == ()
        with jobs.shelf.database.read() as found:
            assert found.execute(sa.select(tables.clients)).all() == []
        assert list((tmp_path / "live").iterdir()) == []
    finally:
        jobs.close()


def test_over_the_budget_the_oldest_films_go_first_and_their_jobs_say_so(embedded: Open, tmp_path: Path) -> None:
    jobs = embedded()
    old, new = (ended(jobs, jobs.submit(parse({"text": text}))) for text in ("First film.", "Second film."))
    swept(tmp_path, ManualClock(time.time()), jobs, budget=80)
    assert jobs.job(old.id).status == "expired"
    with pytest.raises(NotFound, match="expired"):
        jobs.file(old.id, "video")
    assert jobs.file(new.id, "video").read_bytes() == b"film of Second film."


def test_what_a_job_keeps_outlives_the_budget_of_the_cache(embedded: Open, tmp_path: Path) -> None:
    jobs = embedded()
    done = ended(jobs, jobs.submit(parse({"text": "Hello."})))
    cache = product.store(tmp_path)
    cache.budget = 1
    cache.trim()
    assert jobs.file(done.id, "video").read_bytes() == b"film of Hello."


def test_a_damaged_film_is_told_and_made_anew_when_asked_again(embedded: Open, tmp_path: Path) -> None:
    jobs = embedded()
    done = ended(jobs, jobs.submit(parse({"text": "Hello.", "seed": 1})))
    film = jobs.file(done.id, "video")
    film.chmod(0o600)
    film.write_bytes(b"film of hell__")
    with pytest.raises(CorruptBlob):
        jobs.file(done.id, "video")
    again = ended(jobs, jobs.submit(parse({"text": "Hello.", "seed": 1})))
    assert jobs.file(again.id, "video").read_bytes() == b"film of Hello."
    begun = (tmp_path / "begun").read_text().splitlines()
    assert begun == ["speech Hello.", "motion Hello.", "film Hello.", "film Hello."]


def test_a_finished_stage_that_was_damaged_meanwhile_is_made_anew(door: Open, crew: Crew, tmp_path: Path) -> None:
    jobs = door()
    job = jobs.submit(parse({"text": "die inside film"}))
    first = crew.hire()
    first.wait()
    tracks = b"tracks of die inside film"
    for path in (tmp_path / "store" / "blobs").rglob("*"):
        if path.is_file() and path.read_bytes() == tracks:
            path.write_bytes(b"x" * len(tracks))
    crew.hire()
    assert ended(jobs, job).status == "completed"
    begun = (tmp_path / "begun").read_text().splitlines()
    assert [line.split()[0] for line in begun] == ["speech", "motion", "film", "motion", "film"]


def test_a_disk_that_is_full_ends_the_job_and_the_next_one_runs_once_there_is_room(
    tmp_path: Path, tiny_disk: Path
) -> None:
    chosen = product.settings(tmp_path)
    store = product.store(tiny_disk)
    working = product.worker(chosen, works=Engine(store, place=product.place))
    jobs = DurableJobs(chosen, house=tiny_house(), store=store, worker=working)
    try:
        job = jobs.submit(parse({"text": "slow motion"}))
        running(jobs, job, "motion")
        ballast = tiny_disk / "ballast"
        fill(ballast)
        (tmp_path / "go").touch()
        done = ended(jobs, job)
        assert done.status == "failed"
        assert isinstance(done.error, StorageError)
        assert "full" in str(done.error)
        ballast.unlink()
        assert ended(jobs, jobs.submit(parse({"text": "Next."}))).status == "completed"
    finally:
        jobs.close()


def test_a_disk_that_is_full_under_the_database_too_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    chosen = product.settings(small_disk)
    product_notes = product.Product(tmp_path)
    working = product.worker(chosen, render=product_notes.render)
    jobs = DurableJobs(chosen, house=tiny_house(), store=product.store(small_disk), worker=working)
    try:
        job = jobs.submit(parse({"text": "slow motion"}))
        running(jobs, job, "motion")
        ballast = small_disk / "ballast"
        fill(ballast)
        with pytest.raises(StorageError):
            for _ in range(50):
                jobs.submit(parse({"text": "No room for this one." * 100}))
        (tmp_path / "go").touch()
        wait(lambda: "slow motion" in (tmp_path / "begun").read_text())
        ballast.unlink()
        assert ended(jobs, job).status in {"completed", "failed"}
        assert ended(jobs, jobs.submit(parse({"text": "Next."}))).status == "completed"
    finally:
        jobs.close()


def fill(ballast: Path) -> None:
    """Take all that the disk has left."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            os.fsync(file.fileno())


def test_while_the_database_is_gone_doors_say_so_and_afterwards_nothing_is_lost(
    door: Open, crew: Crew, own_server: Server, tmp_path: Path
) -> None:
    database = own_server.get_uri()
    jobs = door(database)
    first, second = (jobs.submit(parse({"text": text})) for text in ("slow motion", "Next."))
    crew.hire(database)
    running(jobs, first, "motion")
    with own_server.away():
        with pytest.raises(StorageError, match="database"):
            jobs.submit(parse({"text": "Not now."}))
        with pytest.raises(StorageError, match="database"):
            jobs.job(first.id)
        (tmp_path / "go").touch()
        threading.Event().wait(4.0)  # the time that it is gone
    assert ended(jobs, first).status == "completed"
    assert ended(jobs, second).status == "completed"
    assert jobs.standing().ended == {"completed": 2}
    begun = (tmp_path / "begun").read_text().splitlines()
    assert begun.count("motion slow motion") == 1
