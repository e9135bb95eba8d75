"""What a client sees while a job runs: its events, and its film as it grows."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from avatar.doors.api.rules import Hands, Rules
from avatar.errors import DatabaseGone, StageFailed
from avatar.events import FellBack
from avatar.jobs.service import Order, Told
from avatar.request import parse
from avatar.testing_jobs import ScriptedJobs
from tests.api.asked import problem
from tests.api.served import DEADLINE, Served, fetched, running, serving, until
from tests.tiny import tiny_house

Heard = tuple[int, str, dict[str, Any]]


def heard(lines: Iterator[str]) -> Iterator[Heard]:
    """Events as a browser would hear them."""
    parts: dict[str, str] = {}
    for line in lines:
        if not line and "data" in parts:
            yield int(parts["id"]), parts["event"], json.loads(parts["data"])
            parts = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            parts[name] = value


def events(served: Served, job_id: str, **more: Any) -> list[Heard]:
    """All events until the stream ends."""
    with served.client.stream("GET", f"/v1/videos/{job_id}/events", **more) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(heard(answer.iter_lines()))


def listening(served: Served) -> bool:
    """Whether somebody waits for news."""
    return bool(served.server.desk.bells.listeners)


def test_everything_that_happens_is_told_in_order_and_then_it_ends(served: Served) -> None:
    job_id = served.ask()
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(events, served, job_id)
        until(lambda: listening(served))
        served.jobs.start(job_id, "film", "compositor")
        served.jobs.advance(job_id, "film", 1, 2)
        served.jobs.step_down(job_id, FellBack("film", "a", "b", "line\nbreak"))
        served.jobs.grow(job_id, b"x")
        served.jobs.finish(job_id)
        found = told.result()
    assert [name for _, name, _ in found] == ["queued", "started", "progress", "fell_back", "playable", "finished"]
    assert [number for number, _, _ in found] == [1, 2, 3, 4, 5, 6]
    assert found[0][2]["position"] == 1
    assert found[2][2].items() >= {"stage": "film", "done": 1, "total": 2, "percent": 50}.items()
    assert found[3][2].items() >= {"stage": "film", "from": "a", "to": "b", "why": "line\nbreak"}.items()
    assert found[5][2].items() >= {"mode": "video", "degraded": True}.items()


def test_a_client_that_comes_back_hears_what_it_missed_and_nothing_twice(served: Served) -> None:
    job_id = served.ask()
    served.jobs.start(job_id)
    with served.client.stream("GET", f"/v1/videos/{job_id}/events") as answer:
        before = heard(answer.iter_lines())
        seen = [next(before)[0], next(before)[0]]
    served.jobs.advance(job_id, "speech", 1, 1)
    served.jobs.finish(job_id)
    found = events(served, job_id, headers={"Last-Event-ID": str(seen[-1])})
    assert [name for _, name, _ in found] == ["progress", "finished"]
    assert events(served, job_id, params={"after": 3}) == found[1:]


def test_who_has_heard_the_end_is_told_not_to_come_back(served: Served) -> None:
    job_id = served.ask()
    served.jobs.finish(job_id)
    last = events(served, job_id)[-1][0]
    answer = served.client.get(f"/v1/videos/{job_id}/events", headers={"Last-Event-ID": str(last)})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "99999999999999999999"])
def test_a_number_that_is_none_is_refused(still: Served, number: str) -> None:
    job_id = still.ask()
    answer = still.client.get(f"/v1/videos/{job_id}/events", headers={"Last-Event-ID": number})
    problem(answer, 422, "invalid_request")


def test_a_silent_stream_shows_that_it_lives(tmp_path: Path) -> None:
    with serving(tmp_path, heartbeat=0.05) as served:
        job_id = served.ask()
        with served.client.stream("GET", f"/v1/videos/{job_id}/events") as answer:
            assert next(line for line in answer.iter_lines() if line.startswith(":")) == ": here"


def test_failures_and_being_called_off_end_the_stream(served: Served) -> None:
    failed, canceled = served.ask(), served.ask()
    served.jobs.fail(failed, StageFailed("speech", ()), stage="speech")
    served.jobs.cancel(canceled)
    assert events(served, failed)[-1][1:] == (
        "failed",
        events(served, failed)[-1][2]
        | {"code": "stage_failed", "message": "Stage speech failed (it has no backend).", "stage": "speech"},
    )
    assert events(served, canceled)[-1][1] == "canceled"


def test_a_job_that_is_removed_ends_its_stream(served: Served) -> None:
    job_id = served.ask()
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(events, served, job_id)
        until(lambda: listening(served))
        served.client.delete(f"/v1/videos/{job_id}")
        assert [name for _, name, _ in told.result()] == ["queued"]


class Leaving(ScriptedJobs):
    """Jobs whose database goes away."""

    gone = False

    def events(self, job_id: str, /, *, after: int = 0) -> tuple[Told, ...]:
        if self.gone:
            raise DatabaseGone("It is gone.")
        return super().events(job_id, after=after)


def test_while_the_database_is_gone_a_stream_breaks_off_and_nothing_is_taken_for_a_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = Leaving(tmp_path / "store", house=tiny_house())
    job_id = jobs.submit(parse({"text": "Hello."}), Order(client="127.0.0.1")).id
    with running(jobs, Rules(tmp_path / "incoming"), Hands(fetched, lambda url: None)) as (_, port):
        asked = f"http://127.0.0.1:{port}/v1/videos/{job_id}/events"
        with httpx.stream("GET", asked, timeout=DEADLINE) as answer, pytest.raises(httpx.RemoteProtocolError):
            for name in (name for _, name, _ in heard(answer.iter_lines())):
                assert name == "queued"
                jobs.gone = True
                jobs.start(job_id)
    assert caplog.messages == []


def test_hundreds_of_listeners_need_no_thread_each(tmp_path: Path) -> None:
    with serving(tmp_path, streams=1000) as served:
        job_id = served.ask()
        before = threading.active_count()
        limits = httpx.Limits(max_connections=None)
        with httpx.Client(base_url=served.address, limits=limits, timeout=20) as client:
            answers = [
                client.send(client.build_request("GET", f"/v1/videos/{job_id}/events"), stream=True) for _ in range(200)
            ]
            until(lambda: served.server.desk.bells.listeners == 200)
            assert threading.active_count() - before <= 45  # the pool that all share, however many listen
            served.jobs.finish(job_id)
            for answer in answers:
                assert [name for _, name, _ in heard(answer.iter_lines())] == ["queued", "finished"]
                answer.close()


def test_nobody_may_hold_too_many_streams(tmp_path: Path) -> None:
    with serving(tmp_path, streams=2) as served:
        job_id = served.ask()
        address = f"/v1/videos/{job_id}/events"
        with served.client.stream("GET", address) as one, served.client.stream("GET", address) as two:
            held = [one.iter_lines(), two.iter_lines()]  # httpx hangs up when such an iterator is let go
            assert [next(lines) for lines in held] == ["retry: 2000"] * 2
            problem(served.client.get(address), 429, "rate_limited")
        until(lambda: not served.server.desk.streams)
        served.jobs.finish(job_id)
        assert len(events(served, job_id)) == 2


def test_nobody_is_watched_when_nobody_listens(served: Served) -> None:
    job_id = served.ask()
    with served.client.stream("GET", f"/v1/videos/{job_id}/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        until(lambda: served.jobs.watchers == 1)
    served.jobs.start(job_id)
    until(lambda: served.jobs.watchers == 0)


def test_the_film_is_seen_while_it_grows(served: Served) -> None:
    job_id = served.ask()
    served.jobs.start(job_id)
    served.jobs.grow(job_id, b"one ")
    with served.client.stream("GET", f"/v1/videos/{job_id}/stream") as answer:
        assert answer.headers["content-type"] == "video/mp4"
        pieces = answer.iter_raw()
        assert next(pieces) == b"one "
        served.jobs.grow(job_id, b"two ")
        assert next(pieces) == b"two "
        served.jobs.grow(job_id, b"three")
        served.jobs.finish(job_id)
        assert b"".join(pieces) == b"three"


def test_a_film_may_be_waited_for_before_it_begins(served: Served) -> None:
    job_id = served.ask()
    with served.client.stream("GET", f"/v1/videos/{job_id}/stream") as answer:
        assert answer.status_code == 200
        served.jobs.start(job_id)
        served.jobs.grow(job_id, b"film")
        served.jobs.finish(job_id)
        assert answer.read() == b"film"


def test_a_film_that_fails_half_way_does_not_end_as_if_it_were_whole(served: Served) -> None:
    job_id = served.ask()
    served.jobs.grow(job_id, b"half")
    with (
        served.client.stream("GET", f"/v1/videos/{job_id}/stream") as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        pieces = answer.iter_raw()
        assert next(pieces) == b"half"
        served.jobs.fail(job_id, StageFailed("film", ()))
        list(pieces)


def test_a_film_that_failed_before_its_first_byte_says_why(served: Served) -> None:
    job_id = served.ask()
    served.jobs.fail(job_id, StageFailed("film", ()), stage="film")
    told = problem(served.client.get(f"/v1/videos/{job_id}/stream"), 500, "stage_failed")
    assert told["stage"] == "film"


def test_speech_has_no_film_to_stream(served: Served) -> None:
    job_id = served.ask(kind="speech")
    problem(served.client.get(f"/v1/videos/{job_id}/stream"), 404, "not_found")


def test_a_viewer_that_leaves_frees_its_place(served: Served) -> None:
    job_id = served.ask()
    served.jobs.grow(job_id, b"one")
    with served.client.stream("GET", f"/v1/videos/{job_id}/stream") as answer:
        next(answer.iter_raw())
    until(lambda: not served.server.desk.streams)
