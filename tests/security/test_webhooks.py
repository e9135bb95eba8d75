"""Webhooks: signed, sent again until they are heard, never sent inside, never waited for."""

import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from avatar.errors import BadRequest, NotFound
from avatar.jobs import tables
from avatar.jobs.shelf import Shelf
from avatar.jobs.webhooks import DELAYS, Postman, check_url, secret
from avatar.outside import Outside
from avatar.testing import ManualClock
from tests.security.hosts import Answer, Host, host, saying, sending

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE = 60.0
OK = saying(b"", status="204 No Content")


class Office:
    """A real outbox in a real database, with a clock that moves when told to."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(time.time())
        self.database = tables.Database(tables.address(folder, ""))
        self.shelf = Shelf(self.database, clock=self.clock)

    def post(self, url: str, *, name: str = "msg_1", event: str = "completed", job: str = "video_1") -> None:
        now = self.clock()
        with self.database.write() as found:
            found.execute(
                tables.webhooks.insert().values(id=name, job=job, url=url, event=event, at=now, attempt=0, next_at=now)
            )

    def postman(self, outside: Outside, **changed: Any) -> Postman:
        ways: dict[str, Any] = {"describe": describe, "outside": outside, "clock": self.clock, **changed}
        return Postman(self.shelf, KEY, **ways)

    def left(self) -> int:
        """How many messages wait, due or not."""
        with self.database.read() as found:
            return len(found.execute(tables.webhooks.select()).all())


def describe(job: str) -> dict[str, Any]:
    """The job, or its absence."""
    if job != "video_1":
        raise NotFound("There is no such job.")
    return {"id": job, "object": "video", "status": "completed"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    with closing(made.database):
        yield made


def parts(asked: bytes) -> tuple[str, dict[str, str], str]:
    head, _, content = asked.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return first, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, content


def test_a_message_arrives_signed_so_that_the_standard_s_own_library_believes_it(office: Office) -> None:
    with host(OK) as served:
        office.post(served.url("/hook?x=1"))
        assert office.postman(served.outside()).round() == 1
    first, headers, content = parts(served.asked[0])
    assert first == "POST /hook?x=1 HTTP/1.1"
    told = Webhook(KEY).verify(content, headers)
    assert told["type"] == "video.completed"
    assert told["data"] == describe("video_1")
    assert told["timestamp"].endswith("Z")
    assert office.left() == 0


def test_a_message_that_was_changed_on_its_way_is_not_believed(office: Office) -> None:
    with host(OK) as served:
        office.post(served.url())
        office.postman(served.outside()).round()
    _, headers, content = parts(served.asked[0])
    for changed in (content.replace("completed", "failed"), content + " "):
        with pytest.raises(WebhookVerificationError):
            Webhook(KEY).verify(changed, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(content, headers | {"webhook-id": "msg_2"})


def test_a_receiver_that_refuses_is_told_again_with_growing_patience_and_at_last_no_more(office: Office) -> None:
    with host(saying(b"", status="500 Oops")) as served:
        office.post(served.url())
        postman = office.postman(served.outside())
        for attempt, delay in enumerate(DELAYS, start=1):
            assert postman.round() == 1
            assert len(served.asked) == attempt
            office.clock.advance(delay - 1)
            assert postman.round() == 0
            office.clock.advance(1)
        assert postman.round() == 1
        assert office.left() == 0
    assert len({parts(asked)[1]["webhook-id"] for asked in served.asked}) == 1
    assert len({parts(asked)[1]["webhook-timestamp"] for asked in served.asked}) == len(DELAYS) + 1


def test_a_receiver_that_is_gone_for_good_is_told_no_more(office: Office) -> None:
    with host(saying(b"", status="410 Gone")) as served:
        office.post(served.url())
        office.postman(served.outside()).round()
    assert office.left() == 0


def test_nothing_is_sent_of_a_job_that_is_gone(office: Office) -> None:
    with host(OK) as served:
        office.post(served.url(), job="video_2")
        office.postman(served.outside()).round()
    assert served.asked == []
    assert office.left() == 0


def test_no_redirect_is_followed(office: Office) -> None:
    with host(OK) as inner, host(saying(b"", f"Location: {inner.url()}", status="307 Temporary Redirect")) as served:
        office.post(served.url())
        office.postman(served.outside(ports=frozenset({served.port, inner.port}))).round()
    assert len(served.asked) == 1
    assert inner.asked == []
    assert office.left() == 1


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "films.test"])
def test_nothing_is_sent_to_an_inner_address_though_the_url_was_taken_before(office: Office, name: str) -> None:
    with host(OK) as served:
        office.post(served.url(host=name))
        inner = Outside(ports=frozenset({served.port}), resolve=served.outside().resolve)
        office.postman(inner).round()
    assert served.asked == []
    assert office.left() == 1


def silent(_line: socket.socket, served: Host) -> None:
    served.closing.wait(PATIENCE)


@pytest.mark.parametrize("answer", [silent, sending(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", every=0.05)])
def test_a_receiver_that_is_slow_is_left_and_tried_later(office: Office, answer: Answer) -> None:
    with host(answer) as served:
        office.post(served.url())
        begun = time.monotonic()
        office.postman(served.outside(), patience=0.3).round()
        assert time.monotonic() - begun < PATIENCE / 2
    assert office.left() == 1


def test_what_a_receiver_answers_beside_yes_is_not_read(office: Office) -> None:
    with host(sending(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65_536))) as served:
        office.post(served.url())
        office.postman(served.outside()).round()
        assert office.left() == 0


def test_a_slow_receiver_keeps_only_its_own_messages_waiting(office: Office) -> None:
    with host(silent) as slow, host(OK) as quick:
        for number in range(12):
            office.post(slow.url(), name=f"msg_a{number}")
        office.post(quick.url(), name="msg_b")
        both = quick.outside(ports=frozenset({slow.port, quick.port}))
        office.postman(both, patience=0.3).round()
        assert len(quick.asked) == 1
        assert len(slow.asked) == 1


def test_two_processes_never_send_the_same_message(office: Office) -> None:
    with host(OK) as served:
        for number in range(20):
            office.post(served.url(), name=f"msg_{number}")
        postmen = [office.postman(served.outside()) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(Postman.round, postmen)) == 20
    assert len({parts(asked)[1]["webhook-id"] for asked in served.asked}) == len(served.asked) == 20


def test_a_postman_at_work_sends_what_comes_and_stops_when_told(office: Office) -> None:
    with host(OK) as served, office.postman(served.outside()).at_work(pause=0.01):
        office.post(served.url())
        end = time.monotonic() + PATIENCE
        while office.left() and time.monotonic() < end:
            time.sleep(0.005)
    assert office.left() == 0
    assert not any(thread.name == "postman" for thread in threading.enumerate())


def test_a_message_that_can_not_be_told_keeps_back_no_later_one(office: Office) -> None:
    def broken(job: str) -> dict[str, Any]:
        return {"id": job, "status": {"video_1": "completed"}[job]}

    with host(OK) as served:
        office.post(served.url("/hook"), name="msg_0", job="video_0")
        with office.postman(served.outside(), describe=broken).at_work(pause=0.01):
            until = time.monotonic() + PATIENCE
            while office.shelf.any_due() and time.monotonic() < until:
                time.sleep(0.01)
            office.post(served.url("/hook"))
            while office.left() > 1 and time.monotonic() < until:
                time.sleep(0.01)
    assert [json.loads(parts(asked)[2])["data"]["id"] for asked in served.asked] == ["video_1"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "file:///x", "http://example.org:25/", "nonsense"],
)
def test_a_url_that_nothing_would_be_sent_to_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadRequest):
        check_url(url)


def test_a_name_that_is_not_known_yet_is_taken(office: Office) -> None:
    check_url("https://hooks.example/", outside=Outside(resolve=lambda _name, _seconds: ()))


def test_the_key_is_made_once_and_for_its_owner_s_eyes_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: secret("", tmp_path / "data"), range(32)))
    (file,) = (tmp_path / "data").iterdir()
    assert keys == {file.read_text()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    Webhook(keys.pop())


@pytest.mark.parametrize("chosen", ["whsec_", "whsec_short", "whsec_!!!!", "secret", "whsec_" + "A" * 400])
def test_a_key_that_is_none_is_refused(tmp_path: Path, chosen: str) -> None:
    with pytest.raises(BadRequest, match="whsec_"):
        secret(chosen, tmp_path)


def test_a_chosen_key_is_taken_with_and_without_its_mark(tmp_path: Path) -> None:
    assert secret(KEY, tmp_path) == secret(KEY.removeprefix("whsec_"), tmp_path) == KEY
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_in_no_message_and_in_no_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with host(OK) as served:
        office.post(served.url())
        postman = office.postman(served.outside())
        postman.round()
    bare = KEY.removeprefix("whsec_")
    assert bare not in repr(postman) + caplog.text + served.asked[0].decode() + json.dumps(describe("video_1"))
