"""Who hears of a job: those who asked for webhooks, and those who watch its film while it grows."""

import threading
from pathlib import Path

import pytest

from avatar.errors import AvatarError, NotFound
from avatar.jobs.live import LiveFolder
from avatar.jobs.service import Order, Webhook
from avatar.request import parse
from tests.jobs.conftest import Open
from tests.jobs.waiting import ended


def test_a_film_can_be_watched_while_it_grows(embedded: Open, tmp_path: Path) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "slow film"}))
    pieces = jobs.live(job.id)
    seen = b""
    while seen != b"first ":
        seen += next(pieces)
    (tmp_path / "go").touch()
    assert b"".join(pieces) == b"second"
    assert jobs.job(job.id).status == "completed"
    assert b"".join(jobs.live(job.id)) == b"first second"


def test_a_film_from_the_cache_is_streamed_too(embedded: Open) -> None:
    jobs = embedded()
    for _ in range(2):
        job = jobs.submit(parse({"text": "Hello.", "seed": 1}))
        ended(jobs, job)
    assert b"".join(jobs.live(job.id)) == b"film of Hello."


def test_there_is_no_film_to_watch_of_a_sound_or_of_what_failed(embedded: Open) -> None:
    jobs = embedded()
    sound = jobs.submit(parse({"text": "Hello.", "kind": "speech"}))
    with pytest.raises(NotFound, match="makes no film"):
        jobs.live(sound.id)
    broken = jobs.submit(parse({"text": "break motion"}))
    with pytest.raises(AvatarError, match="unexpected"):
        list(jobs.live(broken.id))


def test_what_a_webhook_wants_to_hear_waits_in_the_outbox(embedded: Open) -> None:
    jobs = embedded()
    hook = Webhook("https://example.org/", ("started", "completed"))
    job = jobs.submit(parse({"text": "Hello."}), Order(webhook=hook))
    ended(jobs, job)
    assert jobs.shelf.any_due()
    due = jobs.shelf.due()
    assert [(each.job, each.url, each.event, each.attempt) for each in due] == [
        (job.id, hook.url, "started", 0),
        (job.id, hook.url, "completed", 0),
    ]
    assert not jobs.shelf.any_due()
    jobs.shelf.sent(due[0].id)
    jobs.shelf.postponed(due[1].id, until=0.0)
    assert [(each.event, each.attempt) for each in jobs.shelf.due()] == [("completed", 1)]


def test_a_job_called_off_while_it_waits_is_told_of(door: Open) -> None:
    jobs = door()
    hook = Webhook("https://example.org/")
    jobs.cancel(jobs.submit(parse({"text": "Hello."}), Order(webhook=hook)).id)
    assert [each.event for each in jobs.shelf.due()] == ["canceled"]


def test_of_a_deleted_job_is_told_what_was_to_be_told_and_then_it_is_forgotten(embedded: Open) -> None:
    jobs = embedded()
    job = jobs.submit(parse({"text": "Hello."}), Order(webhook=Webhook("https://example.org/")))
    ended(jobs, job)
    jobs.delete(job.id)
    with pytest.raises(NotFound):
        jobs.job(job.id)
    (due,) = jobs.shelf.due()
    assert jobs.past(due.job).status == "completed"
    assert jobs.shelf.stale() == ([], [])
    jobs.shelf.sent(due.id)
    assert jobs.shelf.stale() == ([job.id], [])


def test_a_film_that_was_finished_by_another_attempt_meanwhile_is_read_to_its_end(tmp_path: Path) -> None:
    live, over = LiveFolder(tmp_path / "live"), threading.Event()
    for name, written in (("first", b"begun"), ("second", b"begun and ended")):
        (tmp_path / name).write_bytes(written)
    live.show("video_1", tmp_path / "first")
    pieces = live.read("video_1", ended=over.is_set)
    assert next(pieces) == b"begun"
    live.show("video_1", tmp_path / "second")
    over.set()
    assert b"".join(pieces) == b" and ended"
