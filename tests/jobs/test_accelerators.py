"""Jobs that walk to the worker with a GPU and back, whoever dies on the way; and those that go on together there."""

from collections import Counter
from pathlib import Path

from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import LAST, Job
from avatar.request import parse
from tests.jobs import product
from tests.jobs.conftest import Crew, Open
from tests.jobs.test_survival import POINTS, left_behind, undisturbed, work_on
from tests.jobs.waiting import all_ended, ended, running, wait
from tests.tiny import tiny_house


def ask(jobs: DurableJobs, text: str) -> Job:
    return jobs.submit(parse({"text": text, "seed": 1}))


def hands(data: Path) -> dict[str, str]:
    """Which process began which stage last."""
    lines = [line.split(" ", 2) for line in (data / "hands").read_text().splitlines()]
    return {f"{stage} {text}": pid for pid, stage, text in lines}


def begun(data: Path, line: str) -> bool:
    """Whether a stage was begun for a text."""
    place = data / "begun"
    return place.exists() and line in place.read_text().splitlines()


def test_a_stage_that_wants_a_gpu_is_done_by_who_has_one_and_the_rest_by_others(
    door: Open, crew: Crew, database: str, tmp_path: Path
) -> None:
    jobs = door(database)
    gpu, cpu = crew.hire(database, "gpu"), crew.hire(database)
    wait(lambda: jobs.standing().workers == 2)
    done = ended(jobs, ask(jobs, "Hello."))
    assert done.outcome is not None
    assert done.outcome.backends == {"speech": "tiny", "motion": "fast", "film": "tiny"}
    assert not done.outcome.degraded
    assert hands(tmp_path) == {
        "speech Hello.": str(cpu.pid),
        "motion Hello.": str(gpu.pid),
        "film Hello.": str(cpu.pid),
    }
    assert [event.number for event in jobs.events(done.id)] == list(range(1, len(jobs.events(done.id)) + 1))


def test_with_a_gpu_elsewhere_too_a_kill_anywhere_costs_no_job_and_no_finished_stage(
    door: Open, crew: Crew, database: str, tmp_path: Path
) -> None:
    jobs = door(database)
    crew.hire(database, "gpu")
    crew.hire(database)
    wait(lambda: jobs.standing().workers == 2)
    made = [ask(jobs, text) for text in POINTS]
    done = work_on(jobs, crew, made, database=database)
    crew.dismiss()
    assert {job.status for job in done} == {"completed"}
    assert [jobs.file(job.id, "video").read_bytes() for job in done] == [undisturbed(text) for text in POINTS]
    assert jobs.standing().ended == {"completed": len(POINTS)}
    for job in done:
        assert [event.name for event in jobs.events(job.id) if event.name in LAST] == ["finished"]
    times = Counter((tmp_path / "begun").read_text().splitlines())
    twice = {f"{stage} die inside {stage}" for stage in product.STAGES}
    assert {line for line, often in times.items() if often > 1} == twice
    assert left_behind(tmp_path, made) == {"runs": set(), "kept": set(), "live": set(), "quarantine": set()}


def test_a_job_is_called_off_at_the_worker_with_the_gpu_and_on_the_way_there(
    door: Open, crew: Crew, database: str, tmp_path: Path
) -> None:
    jobs = door(database)
    crew.hire(database, "gpu")
    crew.hire(database)
    wait(lambda: jobs.standing().workers == 2)
    there = ask(jobs, "slow motion")
    running(jobs, there, "motion")
    waiting = ask(jobs, "Next in line.")
    wait(lambda: (row := jobs.shelf.row(waiting.id)) is not None and row.place == "gpu" and row.run is None)
    assert jobs.cancel(waiting.id).status == "canceled"
    jobs.cancel(there.id)
    assert ended(jobs, there).status == "canceled"
    assert ended(jobs, ask(jobs, "After them.")).status == "completed"
    assert not begun(tmp_path, "motion Next in line.")


def test_when_the_last_gpu_leaves_who_waits_for_it_goes_on_without(
    door: Open, crew: Crew, database: str, tmp_path: Path
) -> None:
    jobs = door(database)
    gpu = crew.hire(database, "gpu")
    crew.hire(database)
    wait(lambda: jobs.standing().workers == 2)
    made = [ask(jobs, text) for text in ("slow motion", "Hello.")]
    running(jobs, made[0], "motion")
    wait(lambda: (row := jobs.shelf.row(made[1].id)) is not None and row.place == "gpu" and row.run is None)
    gpu.terminate()
    gpu.wait()
    (tmp_path / "go").touch()
    outcomes = [job.outcome for job in all_ended(jobs, made)]
    assert [outcome and outcome.backends["motion"] for outcome in outcomes] == ["tiny", "tiny"]


def test_a_worker_for_gpu_work_alone_does_the_rest_too_where_nobody_else_is(
    door: Open, crew: Crew, tmp_path: Path
) -> None:
    jobs = door()
    cpu = crew.hire()
    gpu = crew.hire("", "gpu")
    wait(lambda: jobs.standing().workers == 2)
    job = ask(jobs, "slow motion")
    running(jobs, job, "motion")
    cpu.terminate()
    cpu.wait()
    (tmp_path / "go").touch()
    assert ended(jobs, job).status == "completed"
    assert hands(tmp_path)["film slow motion"] == str(gpu.pid)


def test_jobs_that_wait_for_a_gpu_together_are_done_as_one_batch(tmp_path: Path) -> None:
    chosen = product.settings(tmp_path, jobs="4")
    works = product.engine(tmp_path, gpu=True)
    jobs = DurableJobs(chosen, house=tiny_house(), store=works.store, worker=product.worker(chosen, works=works))
    try:
        first = ask(jobs, "slow motion, together")
        wait(lambda: begun(tmp_path, "motion slow motion, together"))
        others = [ask(jobs, f"Number {number}, together.") for number in range(3)]
        wait(lambda: len(works.batcher.waiting("cuda:0")) == len(others))
        (tmp_path / "go").touch()
        done = all_ended(jobs, [first, *others])
        assert [job.outcome and job.outcome.backends["motion"] for job in done] == ["fast"] * 4
        assert (tmp_path / "batches").read_text().split() == ["3"]
        assert jobs.file(others[1].id, "video").read_bytes() == b"film of Number 1, together."
    finally:
        jobs.close()
