"""Waiting for what must come, with a deadline."""

import time
from collections.abc import Callable, Iterable

from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import ENDED, Job

PATIENCE = 120.0  # seconds after which it is taken to have failed


def wait(condition: Callable[[], object]) -> None:
    """Until the condition holds, or the test has failed."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def ended(jobs: DurableJobs, job: Job) -> Job:
    """The job when it has ended."""
    wait(lambda: jobs.job(job.id).status in ENDED)
    return jobs.job(job.id)


def all_ended(jobs: DurableJobs, made: Iterable[Job]) -> list[Job]:
    """The jobs when all of them have ended."""
    return [ended(jobs, job) for job in made]


def running(jobs: DurableJobs, job: Job, stage: str) -> None:
    """Until the job is in this stage."""
    wait(lambda: jobs.job(job.id).stage == stage)
