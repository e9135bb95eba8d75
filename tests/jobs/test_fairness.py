"""Who waits how long, and how long that is told to be: 200 jobs of 20 clients, one of them greedy."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from avatar.artifacts import Blob, Speech
from avatar.events import Outcome
from avatar.jobs import rows
from avatar.jobs.durable import DurableJobs
from avatar.jobs.reports import End, Report
from avatar.jobs.service import Job, Order
from avatar.jobs.tables import Database, address
from avatar.jobs.workbook import Workbook
from avatar.request import parse
from tests.jobs.conftest import Open
from tests.jobs.waiting import all_ended, ended

CLIENTS = 20
MODEST = 5  # jobs of each client but the greedy one
GREEDY = 200 - MODEST * (CLIENTS - 1)


def ask(jobs: DurableJobs, client: str, text: str, *, priority: int = 5) -> Job:
    return jobs.submit(parse({"text": text, "kind": "speech", "seed": 1}), Order(client=client, priority=priority))


def served(jobs: DurableJobs, made: list[Job]) -> list[Job]:
    """The jobs in the order in which they were begun."""
    done = all_ended(jobs, made)
    assert {job.status for job in done} == {"completed"}
    return sorted(done, key=lambda job: job.started_at or 0)


def test_a_greedy_client_makes_nobody_wait_more_than_twice_the_fair_share(door: Open, embedded: Open) -> None:
    jobs = door()
    made = [ask(jobs, "greedy", f"Greedy {number}.") for number in range(GREEDY)]
    for number in range(MODEST):
        made += [ask(jobs, f"client {name}", f"Modest {name} {number}.") for name in range(1, CLIENTS)]
    working = embedded()
    order = served(working, made)

    assert Counter(job.id for job in order) == Counter(job.id for job in made)
    assert working.standing().ended == {"completed": 200}
    rounds = Counter[str]()
    for place, job in enumerate(order, start=1):
        rounds[job.client] += 1
        if job.client != "greedy":
            fair = rounds[job.client] * CLIENTS
            assert place <= 2 * fair, f"{job.client} got its job {rounds[job.client]} as number {place}"


def test_who_comes_late_with_few_jobs_is_served_before_the_rest_of_a_long_list(door: Open, embedded: Open) -> None:
    jobs = door()
    made = [ask(jobs, "greedy", f"Greedy {number}.") for number in range(20)]
    working = embedded()
    ended(working, made[3])
    late = ask(working, "late", "Late.")
    order = served(working, [*made, late])
    after = order.index(next(job for job in order if job.id == late.id))
    assert after < len(order) - 1
    assert {job.client for job in order[after + 2 :]} == {"greedy"}


def test_a_lower_priority_number_comes_first_and_jobs_called_off_cost_no_turn(door: Open, embedded: Open) -> None:
    jobs = door()
    later = [ask(jobs, "me", f"Later {number}.") for number in range(3)]
    for job in [ask(jobs, "other", f"Never {number}.") for number in range(10)]:
        jobs.cancel(job.id)
    other = ask(jobs, "other", "Other.")
    first = ask(jobs, "me", "First.", priority=0)
    order = [job.id for job in served(embedded(), [*later, other, first])]
    assert order[0] == first.id
    assert order.index(other.id) <= 2


def test_pictures_and_faces_do_not_make_a_long_script_look_longer(door: Open, tmp_path: Path) -> None:
    jobs = door()
    long, short = (jobs.submit(parse({"text": words})) for words in ("x" * 1500, "Hello."))
    measured = {"speech": 0.1, "portrait": 5.0, "film": 0.2, "picture": 90.0, "reel": 7.0}
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database, database:
        told = [(stage, 1, pace, pace) for stage, pace in measured.items()]
        database.executemany("insert into avatar_paces values (?, ?, ?, ?)", told)
    assert jobs.job(long.id).eta_seconds == pytest.approx(5 + 100 * 0.3)
    assert jobs.job(short.id).eta_seconds == pytest.approx(5 + 100 * 0.3 + 5 + 0.3)


def test_all_turns_of_a_stage_count_as_one_and_what_was_known_already_as_none(door: Open, tmp_path: Path) -> None:
    jobs = door()
    book = Workbook(Database(address(tmp_path, "")), keep=60.0, clock=time.time)

    def paces(*stages: tuple[str, float, bool]) -> dict[str, float]:
        """Those that are told after a job of 10 s at work has been through these stages."""
        job = jobs.submit(parse({"text": "Hello."}))
        assert book.begin(job.id, run="run", worker="me")
        told = [{"stage": name, "backend": "x", "seconds": took, "cached": cached} for name, took, cached in stages]
        said = Speech(Blob("0" * 64, "audio/wav", 1), Blob("1" * 64, "application/json", 1), 10.0, 16_000, "x")
        end = End("completed", 1.0, Outcome("audio_only", said, None, 1))
        assert book.end(
            job.id, run="run", end=end, reports=[Report(job.id, "run", "stage_finished", data) for data in told]
        )
        with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database:
            return dict(database.execute("select stage, pace from avatar_paces"))

    first = paces(("speech", 1.0, False), ("speech", 2.0, False), ("portrait", 4.0, False), ("portrait", 3.0, False))
    assert first == {"speech": pytest.approx(0.3), "portrait": pytest.approx(7.0)}
    assert paces(("speech", 0.0, True), ("speech", 1.0, False), ("portrait", 0.0, True)) == first
    assert paces(("speech", 8.0, False))["speech"] == pytest.approx(0.8 * 0.3 + 0.2 * 0.8)
    book.database.close()


def test_larger_films_of_more_people_weigh_more_and_recordings_by_their_length() -> None:
    plain = rows.weight(parse({"text": "x" * 300}))
    assert plain == pytest.approx(20.0)
    assert rows.weight(parse({"text": "x" * 300, "rate": 2})) == pytest.approx(10.0)
    assert rows.weight(parse({"text": "x" * 300, "width": 1920, "height": 1080, "fps": 50})) > 8 * plain
    two = parse({"text": f"Ada: {'x' * 150}. Omar: {'x' * 140}."})
    assert rows.weight(two) == pytest.approx(1.5 * plain, rel=0.05)
    heard = {"sha256": "1" * 64, "media_type": "audio/wav", "size": 64_000 * 20}
    assert rows.weight(parse({"audio": heard})) == pytest.approx(plain)
    assert rows.weight(parse({"text": "Hi.", "audio": heard}), heard=40.0) == pytest.approx(2 * plain)
