"""Workers that are killed at every point of a job, on both databases: each job ends once, as if nothing had been."""

import random
import signal
import time
from collections import Counter
from pathlib import Path

from avatar.errors import TimedOut
from avatar.events import FellBack
from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import ENDED, LAST, Job, Order
from avatar.request import parse
from tests.jobs import product
from tests.jobs.conftest import Crew, Open
from tests.jobs.waiting import PATIENCE, ended, running, wait

POINTS = [f"die {where} {stage}" for stage in product.STAGES for where in ("inside", "after")]


def work_on(jobs: DurableJobs, crew: Crew, made: list[Job], *, database: str) -> list[Job]:
    """Replace every worker that dies, until all jobs have ended."""
    until = time.monotonic() + PATIENCE
    while any(jobs.job(job.id).status not in ENDED for job in made):
        assert time.monotonic() < until, [jobs.job(job.id) for job in made]
        for one in [one for one in crew.all if one.gone()]:
            crew.all.remove(one)
            crew.call(database, one.kind)
        time.sleep(0.02)
    return [jobs.job(job.id) for job in made]


def undisturbed(text: str) -> bytes:
    return f"film of {text}".encode()


def left_behind(data: Path, made: list[Job]) -> dict[str, set[str]]:
    """What lies in the data folder once its store was opened anew, beside what belongs there."""
    store = product.store(data)
    return {
        "runs": {path.name for path in (data / "store" / "runs").iterdir()},
        "kept": set(store.retained()) - {job.id for job in made},
        "live": {path.stem for path in (data / "live").iterdir()} - {job.id for job in made},
        "quarantine": {path.name for path in (data / "store" / "quarantine").iterdir()},
    }


def test_a_worker_killed_anywhere_costs_no_job_and_no_finished_stage(
    door: Open, crew: Crew, database: str, tmp_path: Path
) -> None:
    jobs = door(database)
    made = [jobs.submit(parse({"text": text, "seed": 1})) for text in POINTS]
    for _ in range(3):
        crew.call(database)
    done = work_on(jobs, crew, made, database=database)
    crew.dismiss()

    assert {job.status for job in done} == {"completed"}
    assert [jobs.file(job.id, "video").read_bytes() for job in done] == [undisturbed(text) for text in POINTS]
    assert jobs.standing().ended == {"completed": len(POINTS)}
    for job in done:
        assert [event.name for event in jobs.events(job.id) if event.name in LAST] == ["finished"]
    begun = Counter((tmp_path / "begun").read_text().splitlines())
    twice = {f"{stage} die inside {stage}" for stage in product.STAGES}
    assert {line for line, times in begun.items() if times == 2} == twice
    assert max(begun.values()) == 2
    assert left_behind(tmp_path, made) == {"runs": set(), "kept": set(), "live": set(), "quarantine": set()}


def test_a_job_that_kills_its_workers_is_given_up_and_the_next_one_runs(door: Open, crew: Crew) -> None:
    jobs = door()
    made = [jobs.submit(parse({"text": text})) for text in ("always die inside motion", "Next.")]
    crew.call()
    poison, other = work_on(jobs, crew, made, database="")
    assert poison.status == "failed"
    assert poison.error is not None
    assert poison.error.code == "worker_lost"
    assert other.status == "completed"


def test_workers_killed_at_random_lose_nothing(door: Open, crew: Crew, database: str, tmp_path: Path) -> None:
    jobs, chance = door(database), random.Random(7)  # noqa: S311 - to strike at any moment, the same ones each time
    texts = [f"Number {number}." for number in range(60)]
    made: list[Job] = []
    for _ in range(3):
        crew.hire(database)
    for _ in range(4):
        more = texts[len(made) : len(made) + 15]
        made += [jobs.submit(parse({"text": text, "seed": 1}), Order(client=text[-3:])) for text in more]
        wait(lambda: jobs.standing().running or not jobs.standing().queued)
        time.sleep(chance.uniform(0.0, 0.2))
        victim = chance.choice(crew.all[:3])
        victim.kill()
        victim.wait()
        crew.call(database)
    done = work_on(jobs, crew, made, database=database)
    crew.dismiss()
    assert [jobs.file(job.id, "video").read_bytes() for job in done] == [undisturbed(text) for text in texts]
    assert jobs.standing().ended == {"completed": len(texts)}
    assert left_behind(tmp_path, made)["runs"] == set()


def test_another_worker_takes_over_from_one_that_does_not_come_back(
    door: Open, crew: Crew, database: str, tmp_path: Path
) -> None:
    jobs = door(database)
    job = jobs.submit(parse({"text": "slow motion"}))
    first = crew.hire(database)
    running(jobs, job, "motion")
    crew.hire(database)
    first.kill()
    first.wait()
    (tmp_path / "go").touch()
    assert ended(jobs, job).status == "completed"


def test_a_worker_thought_dead_that_comes_back_changes_nothing(
    door: Open, crew: Crew, postgres: str, tmp_path: Path
) -> None:
    jobs = door(postgres)
    job = jobs.submit(parse({"text": "slow motion", "seed": 1}))
    first = crew.hire(postgres)
    running(jobs, job, "motion")
    first.send(signal.SIGSTOP)
    cut_off(postgres)
    crew.hire(postgres)
    wait(lambda: (tmp_path / "begun").read_text().count("motion slow motion") == 2)
    first.send(signal.SIGCONT)
    (tmp_path / "go").touch()
    done = ended(jobs, job)
    assert jobs.file(done.id, "video").read_bytes() == undisturbed("slow motion")
    assert [event.name for event in jobs.events(job.id) if event.name in LAST] == ["finished"]
    assert jobs.standing().ended == {"completed": 1}


def cut_off(database: str) -> None:
    """Drop all connections of a database, as a server does with those of a machine that is gone."""
    import psycopg

    with psycopg.connect(database, autocommit=True) as found:
        found.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )


def test_a_running_job_is_called_off_from_another_process(door: Open, crew: Crew, database: str) -> None:
    jobs = door(database)
    job, other = (jobs.submit(parse({"text": text})) for text in ("slow film", "Next."))
    crew.hire(database)
    running(jobs, job, "film")
    jobs.cancel(job.id)
    assert ended(jobs, job).status == "canceled"
    assert ended(jobs, other).status == "completed"


def test_the_time_that_a_killed_worker_spent_counts(door: Open, crew: Crew, database: str, tmp_path: Path) -> None:
    jobs, skip = door(database), tmp_path / "skip"
    job = jobs.submit(parse({"text": "slow motion"}), Order(timeout=1000))
    first = crew.hire(database)
    running(jobs, job, "motion")
    skip.write_text("600")
    wait(lambda: (row := jobs.shelf.row(job.id)) is not None and row.seconds >= 600)
    first.kill()
    first.wait()
    skip.unlink()
    crew.hire(database)
    wait(lambda: (tmp_path / "begun").read_text().count("motion slow motion") == 2)
    assert jobs.job(job.id).status == "in_progress"
    skip.write_text("500")
    done = ended(jobs, job)
    assert isinstance(done.error, TimedOut)
    assert done.seconds >= 1000


def test_a_step_down_is_remembered_through_a_death(door: Open, crew: Crew, database: str) -> None:
    jobs = door(database)
    job = jobs.submit(parse({"text": "fall back and die after motion"}))
    crew.call(database)
    (done,) = work_on(jobs, crew, [job], database=database)
    assert done.outcome is not None
    assert done.outcome.fallbacks == (FellBack("motion", "better", "tiny", "It is not here."),)
    assert [event.name for event in jobs.events(job.id)].count("fell_back") == 1


def test_a_worker_told_to_stop_hands_its_job_on(door: Open, crew: Crew, database: str, tmp_path: Path) -> None:
    jobs = door(database)
    job = jobs.submit(parse({"text": "slow motion"}))
    first = crew.hire(database)
    running(jobs, job, "motion")
    first.terminate()
    assert first.wait() == 0
    assert jobs.job(job.id).status == "in_progress"
    (tmp_path / "go").touch()
    crew.hire(database)
    assert ended(jobs, job).status == "completed"
