"""What the façade promises, in one process on SQLite."""

import threading
from pathlib import Path

import pytest

from avatar.errors import (  # fmt: skip
    AvatarError,
    Cancelled,
    Conflict,
    ConsentRequired,
    NoRoom,
    NotFound,
    QueueFull,
    RateLimited,
    TimedOut,
)
from avatar.events import Event, FellBack, Finished, Playable, Progressed, Started, unheard
from avatar.jobs.service import Order
from avatar.request import parse
from tests.jobs.conftest import Open
from tests.jobs.product import STAGES
from tests.jobs.waiting import PATIENCE, ended, running, wait


def test_a_job_is_made_and_its_files_can_be_read(embedded: Open) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "Hello.", "seed": 7}))
    assert job.status == "queued"
    done = jobs.follow(job.id, unheard)
    assert done.status == "completed"
    assert done.progress == 100
    assert done.outcome is not None
    assert done.outcome.backends == dict.fromkeys(STAGES, "tiny")
    assert done.outcome.seed == 7
    assert jobs.file(job.id, "video").read_bytes() == b"film of Hello."
    assert jobs.file(job.id, "audio").read_bytes() == b"sound of Hello."
    assert done.created_at <= (done.started_at or 0) <= (done.completed_at or 0) < (done.expires_at or 0)


def test_who_follows_hears_every_event_in_its_order(embedded: Open) -> None:
    jobs = embedded()
    heard: list[Event] = []
    jobs.follow(jobs.submit(parse({"text": "fall back"})).id, heard.append)
    quiet = [event for event in heard if not isinstance(event, Progressed)]
    assert [type(event) for event in quiet] == [
        Started, Finished, Started, FellBack, Started, Finished, Started, Playable, Finished,
    ]  # fmt: skip
    assert FellBack("motion", "better", "tiny", "It is not here.") in heard


def test_a_step_down_stands_in_the_outcome(embedded: Open) -> None:
    jobs = embedded()
    done = jobs.follow(jobs.submit(parse({"text": "fall back"})).id, unheard)
    assert done.outcome is not None
    assert done.outcome.degraded
    assert done.outcome.reason == "It is not here."
    assert done.fallbacks == done.outcome.fallbacks == (FellBack("motion", "better", "tiny", "It is not here."),)


def test_events_are_numbered_without_gaps_and_can_be_resumed(embedded: Open) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "Hello."}))
    jobs.follow(job.id, unheard)
    events = jobs.events(job.id)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert events[0].name == "queued"
    assert events[0].data == {"position": 1, "eta_seconds": None}
    assert events[-1].name == "finished"
    assert jobs.events(job.id, after=3) == events[3:]


def test_what_is_seen_of_a_job_at_work_goes_with_its_end(embedded: Open, door: Open, database: str) -> None:
    jobs, other = embedded(database), door(database)
    job = jobs.submit(parse({"text": "seen, slow motion"}), Order(client="me"))
    wait(lambda: any(told.name == "glimpse" for told in other.events(job.id)))
    assert other.glimpse(job.id, client="me") == b"glimpse of seen, slow motion"
    with pytest.raises(NotFound):
        other.glimpse(job.id, client="you")
    jobs.cancel(job.id)
    ended(jobs, job)
    with pytest.raises(NotFound, match="shows nothing now"):
        other.glimpse(job.id)


def test_a_watcher_is_told_of_jobs_of_this_process(embedded: Open) -> None:
    jobs = embedded()
    heard: list[str] = []
    stop = jobs.watch(heard.append)
    job = jobs.submit(parse({"text": "Hello."}))
    ended(jobs, job)
    stop()
    assert job.id in heard


def test_a_watcher_is_told_of_jobs_of_other_doors(embedded: Open, door: Open) -> None:
    working, other = embedded(), door()
    heard = threading.Event()
    stop = other.watch(lambda _job: heard.set())
    working.submit(parse({"text": "Hello."}))
    assert heard.wait(PATIENCE)
    stop()


def test_a_running_job_is_called_off_within_its_step_and_the_next_one_runs(embedded: Open) -> None:
    jobs = embedded()
    job, other = (jobs.submit(parse({"text": text})) for text in ("slow motion", "Next."))
    running(jobs, job, "motion")
    jobs.cancel(job.id)
    called_off = ended(jobs, job)
    assert called_off.status == "canceled"
    assert isinstance(called_off.error, Cancelled)
    assert ended(jobs, other).status == "completed"
    assert jobs.events(job.id)[-1].name == "canceled"


def test_another_process_can_call_a_running_job_off(embedded: Open, door: Open) -> None:
    jobs, other = embedded(), door()
    job = jobs.submit(parse({"text": "slow film"}))
    running(jobs, job, "film")
    other.cancel(job.id)
    assert ended(jobs, job).status == "canceled"


def test_a_queued_job_is_called_off_at_once(door: Open) -> None:
    jobs = door()
    job = jobs.submit(parse({"text": "Hello."}))
    assert jobs.cancel(job.id).status == "canceled"
    assert jobs.standing().queued == 0


def test_a_job_called_off_while_queued_is_never_begun(embedded: Open, door: Open, tmp_path: Path) -> None:
    jobs = door()
    jobs.cancel(jobs.submit(parse({"text": "Never."})).id)
    working = embedded()
    ended(working, working.submit(parse({"text": "Now."})))
    assert "Never." not in (tmp_path / "begun").read_text()


def test_a_job_that_takes_too_long_is_stopped(embedded: Open) -> None:
    jobs = embedded()
    done = ended(jobs, jobs.submit(parse({"text": "slow motion"}), Order(timeout=0.3)))
    assert done.status == "failed"
    assert isinstance(done.error, TimedOut)


def test_a_backend_that_takes_too_long_gives_way_to_the_next(embedded: Open) -> None:
    jobs = embedded(stage_timeout="0.3")
    done = ended(jobs, jobs.submit(parse({"text": "hurry"})))
    assert done.outcome is not None
    assert done.outcome.backends["motion"] == "tiny"
    assert [(each.backend, each.to) for each in done.fallbacks] == [("hurried", "tiny")]
    assert "time" in done.fallbacks[0].why


def test_a_bug_ends_its_job_and_no_other(embedded: Open) -> None:
    jobs = embedded()
    job, other = (jobs.submit(parse({"text": text})) for text in ("break motion", "Next."))
    done = ended(jobs, job)
    assert done.status == "failed"
    assert type(done.error) is AvatarError
    assert jobs.events(job.id)[-1].data["stage"] == "motion"
    assert ended(jobs, other).status == "completed"


def test_the_same_key_gives_the_same_job(door: Open) -> None:
    jobs = door()
    order = Order(key="once", digest="1")
    job = jobs.submit(parse({"text": "Hello."}), order)
    assert jobs.submit(parse({"text": "Hello."}), order).id == job.id
    assert jobs.submit(parse({"text": "Hello."}), Order(client="other", key="once", digest="1")).id != job.id
    with pytest.raises(Conflict, match="another request"):
        jobs.submit(parse({"text": "Hi."}), Order(key="once", digest="2"))


def test_a_full_queue_says_so(door: Open) -> None:
    jobs = door(queue_length="2")
    for _ in range(2):
        jobs.submit(parse({"text": "Hello."}))
    with pytest.raises(QueueFull) as refusal:
        jobs.submit(parse({"text": "Hello."}))
    assert refusal.value.retry_after >= 1


def test_a_client_that_asks_too_often_is_told_when_to_come_back(door: Open) -> None:
    jobs = door(rate_limit="3")
    for _ in range(3):
        jobs.submit(parse({"text": "Hello."}), Order(client="eager"))
    with pytest.raises(RateLimited) as refusal:
        jobs.submit(parse({"text": "Hello."}), Order(client="eager"))
    assert 1 <= refusal.value.retry_after <= 20
    jobs.submit(parse({"text": "Hello."}), Order(client="calm"))
    with pytest.raises(RateLimited):
        jobs.submit(parse({"text": "Hello."}), Order(client="another name", payer="eager"))


def test_jobs_are_listed_newest_first_and_page_by_page(door: Open) -> None:
    jobs = door()
    made = [jobs.submit(parse({"text": "Hello."}), Order(client="me")).id for _ in range(5)]
    jobs.submit(parse({"text": "Hello."}), Order(client="you"))
    first = jobs.jobs(client="me", limit=3)
    second = jobs.jobs(client="me", limit=3, after=first.after)
    assert {job.id for job in (*first.jobs, *second.jobs)} == set(made)
    assert [job.id for job in (*first.jobs, *second.jobs)] == sorted(made, reverse=True)
    assert second.after is None
    assert len(jobs.jobs(status="queued").jobs) == 6
    assert jobs.jobs(status="completed").jobs == ()
    with pytest.raises(NotFound):
        jobs.jobs(after="video_unknown")


def test_jobs_of_another_client_are_not_found(door: Open) -> None:
    jobs = door()
    job = jobs.submit(parse({"text": "Hello."}), Order(client="me"))
    assert jobs.job(job.id, client="me").client == "me"
    for ask in (jobs.job, jobs.cancel, jobs.delete):
        with pytest.raises(NotFound):
            ask(job.id, client="you")


def test_position_and_expected_time_come_from_what_was_measured(embedded: Open, door: Open) -> None:
    jobs = embedded()
    ended(jobs, jobs.submit(parse({"text": "First."})))
    slow = jobs.submit(parse({"text": "slow motion"}))
    running(jobs, slow, "motion")
    waiting = [jobs.submit(parse({"text": f"Later {number}."})) for number in range(3)]
    now = [jobs.job(job.id) for job in waiting]
    assert [job.queue_position for job in now] == [1, 2, 3]
    times = [job.eta_seconds for job in now if job.eta_seconds is not None]
    assert len(times) == 3
    assert times == sorted(times)
    assert jobs.standing().queued == 3
    assert jobs.standing().running == 1
    jobs.cancel(slow.id)


def test_a_deleted_job_is_gone_with_its_files(embedded: Open) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "Hello."}))
    ended(jobs, job)
    film = jobs.file(job.id, "video")
    jobs.delete(job.id)
    assert not film.exists()
    for ask in (jobs.job, jobs.events, jobs.delete, jobs.live):
        with pytest.raises(NotFound):
            ask(job.id)


def test_a_running_job_that_is_deleted_is_stopped(embedded: Open) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "slow motion"}))
    running(jobs, job, "motion")
    jobs.delete(job.id)
    with pytest.raises(NotFound):
        jobs.job(job.id)
    assert ended(jobs, jobs.submit(parse({"text": "Next."}))).status == "completed"


def test_uploads_are_kept_with_consent_and_found_by_their_client(door: Open, tmp_path: Path) -> None:
    jobs = door()
    file = tmp_path / "face.png"
    file.write_bytes(b"a face")
    with pytest.raises(ConsentRequired):
        jobs.upload(file, "image/png", kind="image", consent=False)
    upload = jobs.upload(file, "image/png", kind="image", consent=True, client="me")
    assert not file.exists()
    assert jobs.uploaded(upload.id, client="me") == upload
    with pytest.raises(NotFound):
        jobs.uploaded(upload.id, client="you")
    job = jobs.submit(parse({"text": "Me.", "image": upload.blob}), Order(client="me"))
    again = jobs.renew(job.id, "image", client="me", sees="me")
    assert (again.id != upload.id, again.blob, again.kind) == (True, upload.blob, "image")
    assert jobs.uploaded(again.id, client="me") == again
    for part, sees in (("image", "you"), ("audio", "me"), ("text", "me")):
        with pytest.raises(NotFound):
            jobs.renew(job.id, part, client="me", sees=sees)


def test_uploads_leave_room_for_films(door: Open, tmp_path: Path) -> None:
    jobs = door(keep_budget="40")

    def bring(size: int) -> str:
        file = tmp_path / "face.png"
        file.write_bytes(b"x" * size)
        return jobs.upload(file, "image/png", kind="image", consent=True).id

    kept = [bring(8), bring(12)]
    with pytest.raises(NoRoom, match="20 B already.*AVATAR_KEEP_BUDGET"):
        bring(1)
    jobs.shelf.remove([], kept)
    assert bring(1)


def test_standing_counts_what_was_done(embedded: Open) -> None:
    jobs = embedded()
    for text in ("Hello.", "break motion"):
        ended(jobs, jobs.submit(parse({"text": text})))
    standing = jobs.standing()
    assert standing.workers == 1
    assert standing.ended == {"completed": 1, "failed": 1}
    assert standing.stage_count == {"speech": 2, "motion": 1, "film": 1}


def test_a_stopped_worker_leaves_its_job_and_the_next_start_ends_it(embedded: Open, tmp_path: Path) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "slow motion"}))
    running(jobs, job, "motion")
    jobs.close()
    (tmp_path / "go").touch()
    again = embedded()
    assert ended(again, job).status == "completed"
    begun = (tmp_path / "begun").read_text().split("\n")
    assert begun.count("speech slow motion") == 1
    assert begun.count("motion slow motion") == 2
