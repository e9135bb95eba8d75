"""Who waits how long, and how long that is told to be: 200 jobs of 20 clients, one of them greedy."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import Job, Order
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
