"""What every request meets first: limits, patience, headers, and the last wall."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from avatar.doors.api.rules import JSON_LIMIT, Hands
from tests.api.asked import problem
from tests.api.served import DEADLINE, Served, fetched, serving
from tests.tiny import tiny_house

ASK = b"POST /v1/videos HTTP/1.1\r\nHost: localhost\r\n"


def raw(served: Served, request: bytes) -> bytes:
    """All that the server says to these bytes until it hangs up."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def test_a_body_that_is_declared_too_long_is_refused_unread(still: Served) -> None:
    head = ASK + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    for length in (JSON_LIMIT + 1, 10**12):
        said = raw(still, head % length)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in said.lower()
        assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == "too_large"


def test_a_body_that_grows_too_long_is_cut_off(still: Served) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 65_536
            yield b" " * 65_536

    answer = still.client.post("/v1/videos", content=endless(), headers={"Content-Type": "application/json"})
    problem(answer, 413, "too_large")
    assert sent < 65_536_000


def test_the_longest_body_that_is_allowed_is_read(still: Served) -> None:
    body = b'{"script": "?!"' + b" " * (JSON_LIMIT - 16) + b"}"
    answer = still.client.post("/v1/videos", content=body, headers={"Content-Type": "application/json"})
    assert "no letter or digit" in problem(answer, 422, "invalid_request")["detail"]


def test_who_falls_silent_in_the_middle_of_a_body_is_not_waited_for(tmp_path: Path) -> None:
    head = ASK + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    form = (
        b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 100\r\n\r\n--x\r\n"
    )
    with serving(tmp_path, patience=0.2) as served:
        for request in (head, form):
            said = raw(served, request)
            assert said.startswith(b"HTTP/1.1 408 ")
            assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == "too_slow"


def test_a_slow_sender_that_goes_on_is_heard_to_the_end(tmp_path: Path) -> None:
    body = b'{"script": "Hi"}'
    head = ASK + b"Connection: close\r\nContent-Type: application/json\r\n"
    with (
        serving(tmp_path, patience=5) as served,
        socket.create_connection(("127.0.0.1", served.port), timeout=20) as line,
    ):
        line.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
        for byte in body:
            line.sendall(bytes([byte]))
        assert line.recv(20).startswith(b"HTTP/1.1 202")


def test_who_hangs_up_in_the_middle_of_an_upload_leaves_nothing(tmp_path: Path) -> None:
    head = (
        b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 100000\r\n\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: image/png\r\n\r\nhalf'
    )
    with serving(tmp_path) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as line:
            line.sendall(head)
        assert served.client.get("/health").status_code == 200
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "path", ["/v1/videos", "/v1/videos/video_0", "/health", "/metrics", "/openapi.json", "/generate"]
)
def test_every_answer_tells_browsers_to_be_careful(still: Served, path: str) -> None:
    headers = still.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_nothing_of_an_unexpected_error_leaves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> tuple[()]:
        raise RuntimeError("secret of /home/somebody")

    house = replace(tiny_house(), voices=broken)
    with caplog.at_level(logging.ERROR, "avatar.api"), serving(tmp_path, house=house) as served:
        answer = served.client.get("/v1/voices")
    problem(answer, 500, "internal")
    assert "secret" in caplog.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00", "\x1b[31m"])
def test_no_answer_carries_line_ends_of_a_request(still: Served, value: str) -> None:
    for answer in (
        still.client.get("/v1/videos", params={"after": value, "status": value}),
        still.client.post("/v1/videos", json={"script": "Hi", "voice": value, value: 1}),
        still.client.get(f"/v1/videos/{value.encode().hex()}"),
    ):
        assert "x-evil" not in answer.headers
        assert answer.status_code in (404, 422)
        assert answer.json()["code"] in ("invalid_request", "not_found")


def test_other_doors_of_the_house_keep_their_own_rules(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        answer = served.client.post("/gradio/upload", content=b"x" * (JSON_LIMIT + 1))
        problem(answer, 404, "not_found")
        assert "content-security-policy" not in answer.headers


HOOKED = {"script": "Hello.", "webhook": {"url": "https://slow.example.org/"}}


@pytest.mark.parametrize("what", [("POST", "/v1/videos", HOOKED), ("GET", "/v1/voices/slow/sample", None)])
def test_what_is_slow_holds_up_nobody_else(tmp_path: Path, what: tuple[str, str, object]) -> None:
    asked, told = threading.Semaphore(0), threading.Event()

    def slow(_what: str) -> bytes:
        asked.release()
        told.wait(DEADLINE)
        return b"RIFF"

    def check(url: str) -> None:
        slow(url)

    method, path, body = what
    talks = replace(tiny_house(), sample=slow)
    with serving(tmp_path, hands=Hands(fetched, check), house=talks) as house, ThreadPoolExecutor(48) as callers:
        answers = [callers.submit(house.client.request, method, path, json=body) for _ in range(48)]
        while asked.acquire(timeout=0.5):  # until all threads that there are for it wait
            pass
        try:
            assert house.client.get("/v1/avatars", timeout=5).status_code == 200
        finally:
            told.set()
        assert {answer.result().is_success for answer in answers} == {True}
