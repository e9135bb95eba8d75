"""Direct jobs: the façade over one engine, in this process."""

import threading
from pathlib import Path

import pytest

from avatar.engine import Engine
from avatar.errors import BadRequest, Cancelled, NotFound, StageFailed, TimedOut, Unavailable
from avatar.events import Event, FellBack, Outcome
from avatar.jobs.direct import DirectJobs
from avatar.request import Ask, parse
from avatar.stage import Context, Run
from avatar.store import FolderStore
from avatar.testing import ManualClock
from tests.tiny import SPOKEN, Tiny, tiny_house, tiny_jobs

ASK = parse({"text": "Hello there.", "seed": 3})


def unheard(event: Event) -> None:
    pass


def test_a_job_goes_from_queued_to_completed(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path)
    job_id = jobs.submit(ASK).id
    assert jobs.job(job_id).status == "queued"
    job = jobs.follow(job_id, unheard)
    assert (job.status, job.error) == ("completed", None)
    assert job == jobs.job(job_id) == jobs.follow(job_id, unheard)
    assert job.outcome is not None
    assert (job.outcome.mode, job.outcome.seed, job.outcome.degraded) == ("video", 3, False)
    assert set(job.outcome.backends) == {"speech", "portrait", "motion", "pose", "lips", "film"}


def test_every_file_of_a_film_can_be_had(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path)
    job_id = jobs.submit(ASK).id
    with pytest.raises(NotFound, match="queued"):
        jobs.file(job_id, "video")
    jobs.follow(job_id, unheard)
    assert jobs.file(job_id, "video").read_bytes() == b"film of Hello there."
    assert jobs.file(job_id, "audio").read_bytes() == SPOKEN
    assert jobs.file(job_id, "captions.vtt").read_bytes() == b"vtt"


def test_sound_only_has_no_picture_files(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path)
    job = jobs.follow(jobs.submit(parse({"kind": "speech", "text": "Hi"})).id, unheard)
    assert job.outcome is not None
    assert (job.outcome.mode, job.outcome.film, job.outcome.degraded) == ("audio_only", None, False)
    assert jobs.file(job.id, "audio").read_bytes() == SPOKEN
    with pytest.raises(NotFound, match="only sound"):
        jobs.file(job.id, "video")


def test_without_a_picture_the_sound_remains_and_says_why(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path, Tiny(pose=Unavailable("no neck")))
    outcome = jobs.follow(jobs.submit(ASK).id, unheard).outcome
    assert outcome is not None
    assert (outcome.mode, outcome.degraded, outcome.film) == ("audio_only", True, None)
    assert outcome.reason is not None
    assert "no neck" in outcome.reason


def test_unless_the_request_forbids_it(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path, Tiny(pose=Unavailable("no neck")))
    job = jobs.follow(jobs.submit(parse({"text": "Hi", "allow_degraded": False})).id, unheard)
    assert job.status == "failed"
    assert isinstance(job.error, StageFailed)


def test_a_step_down_is_told_and_marked(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path, Tiny(better_lips=Unavailable("no ears")))
    events: list[Event] = []
    outcome = jobs.follow(jobs.submit(ASK).id, events.append).outcome
    step = FellBack("lips", "better", "tiny", "no ears")
    assert step in events
    assert outcome is not None
    assert (outcome.mode, outcome.degraded, outcome.reason, outcome.fallbacks) == ("video", True, "no ears", (step,))


def test_bad_requests_end_the_job_as_failed(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path, Tiny(speech=NotFound("There is no voice x.")))
    job = jobs.follow(jobs.submit(ASK).id, unheard)
    assert (job.status, str(job.error)) == ("failed", "There is no voice x.")


def test_cancelling_before_and_after(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path)
    job_id = jobs.submit(ASK).id
    jobs.cancel(job_id)
    job = jobs.follow(job_id, unheard)
    assert job.status == "canceled"
    assert isinstance(job.error, Cancelled)


def test_cancelling_from_another_thread(tmp_path: Path) -> None:
    inside, off = threading.Event(), threading.Event()

    def wait(context: Context) -> None:
        inside.set()
        assert off.wait(10)
        context.step(1, 2)

    jobs = tiny_jobs(tmp_path, Tiny(before_film=wait))
    job_id = jobs.submit(ASK).id
    worker = threading.Thread(target=jobs.follow, args=(job_id, unheard))
    worker.start()
    assert inside.wait(10)
    assert jobs.job(job_id).status == "in_progress"
    with pytest.raises(BadRequest, match="Cancel it first"):
        jobs.delete(job_id)
    jobs.cancel(job_id)
    off.set()
    worker.join()
    assert jobs.job(job_id).status == "canceled"


def test_a_job_over_its_time_fails(tmp_path: Path) -> None:
    clock = ManualClock()
    engine = Engine(FolderStore(tmp_path, budget=10**6), clock=clock)

    def late(ask: Ask, run: Run) -> Outcome:
        clock.advance(61)
        return Tiny().render(ask, run)

    jobs = DirectJobs(engine, render=late, house=tiny_house(), timeout=60)
    job = jobs.follow(jobs.submit(ASK).id, unheard)
    assert isinstance(job.error, TimedOut)
    assert job.seconds == 61


def test_deleting_lets_go_and_unknown_ids_are_not_found(tmp_path: Path) -> None:
    jobs = tiny_jobs(tmp_path)
    job_id = jobs.submit(ASK).id
    jobs.follow(job_id, unheard)
    jobs.delete(job_id)
    assert list((tmp_path / "store" / "runs").iterdir()) == []
    for ask in (jobs.job, jobs.cancel, jobs.delete):
        with pytest.raises(NotFound, match="Check the id"):
            ask(job_id)
