"""Hostile servers: huge, slow, lying. None of them costs more than was allowed, and nothing of them stays."""

import gzip
import socket
import threading
import time
from pathlib import Path

import pytest

from avatar.download import Downloaded, download
from avatar.errors import BadRequest, TooLarge, UnsupportedMedia
from avatar.media.kinds import IMAGES, SOUNDS
from tests.security.hosts import Host, host, saying, sending

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"
LATE = 8.0
"""Seconds after which a call that has to end within one second counts as hanging."""


def fetch(served: Host, folder: Path, *, limit: int = 10_000, timeout: float = 5.0) -> Downloaded:
    return download(served.url(), folder=folder, limit=limit, kinds=IMAGES, timeout=timeout, outside=served.outside())


def test_a_file_comes_whole_under_a_name_of_our_own(tmp_path: Path) -> None:
    with host(saying(PNG, 'Content-Disposition: attachment; filename="../../evil.png"')) as served:
        got = fetch(served, tmp_path)
    assert got == Downloaded(got.path, "image/png", len(PNG))
    assert got.path.read_bytes() == PNG
    assert got.path.parent == tmp_path
    assert "evil" not in got.path.name


def test_a_length_over_the_limit_is_refused_before_the_body(tmp_path: Path) -> None:
    with host(saying(PNG, length=10**15)) as served, pytest.raises(TooLarge, match="10,000 bytes"):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("start", "piece"),
    [(ENDLESS + PNG, bytes(4096)), (CHUNKED, b"1000\r\n" + (PNG * 50)[:4096] + b"\r\n")],
    ids=["without a length", "chunked"],
)
def test_a_body_without_an_end_is_cut_at_the_limit(tmp_path: Path, start: bytes, piece: bytes) -> None:
    with host(sending(start, piece)) as served, pytest.raises(TooLarge):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_body_longer_than_its_header_says_is_not_read_on(tmp_path: Path) -> None:
    with host(saying(PNG + b"more" * 1000, length=len(PNG))) as served:
        assert fetch(served, tmp_path).size == len(PNG)


def test_a_body_shorter_than_its_header_says_is_no_file(tmp_path: Path) -> None:
    with host(saying(PNG, length=len(PNG) + 1)) as served, pytest.raises(BadRequest, match="broke off"):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"])
def test_a_compressed_body_is_refused_unopened(tmp_path: Path, coding: str) -> None:
    bomb = gzip.compress(bytes(10**6))
    with host(saying(bomb, f"Content-Encoding: {coding}")) as served, pytest.raises(UnsupportedMedia):
        fetch(served, tmp_path)
    assert b"accept-encoding: identity" in served.asked[0].lower()


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + PNG],
    ids=["no answer", "no end of the headers", "no end of the body"],
)
def test_a_server_that_falls_silent_is_left(tmp_path: Path, start: bytes) -> None:
    def answer(line: socket.socket, served: Host) -> None:
        line.sendall(start)
        served.closing.wait(LATE)

    with host(answer) as served:
        begun = time.monotonic()
        with pytest.raises(BadRequest, match="too slow"):
            fetch(served, tmp_path, timeout=0.5)
        assert time.monotonic() - begun < LATE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + PNG, b"a"),
        (CHUNKED, b"1\r\na\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ],
    ids=["headers", "body", "chunks", "interim answers"],
)
def test_a_server_that_drips_is_left_at_the_deadline(tmp_path: Path, start: bytes, piece: bytes) -> None:
    with host(sending(start, piece, every=0.05)) as served:
        begun = time.monotonic()
        with pytest.raises(BadRequest, match="too slow"):
            fetch(served, tmp_path, timeout=0.5)
        assert time.monotonic() - begun < LATE


def test_headers_without_an_end_are_cut(tmp_path: Path) -> None:
    with host(sending(b"HTTP/1.1 200 OK\r\nX-Huge: ", b"a" * 4096)) as served, pytest.raises(BadRequest):
        fetch(served, tmp_path)


def test_a_name_that_takes_too_long_to_find_is_not_waited_for(tmp_path: Path) -> None:
    from avatar.outside import resolved

    begun = time.monotonic()
    assert resolved("films.test", 0.0) == ()
    assert time.monotonic() - begun < LATE


@pytest.mark.parametrize(
    ("body", "claimed"),
    [
        (b"<html><script>alert(1)</script></html>", "image/png"),
        (b"#!/bin/sh\nid\n", "image/jpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png"),
        (b"PK\x03\x04" + bytes(100), "image/png"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "image/webp"),
        (b"", "image/png"),
    ],
)
def test_the_type_is_what_the_bytes_say(tmp_path: Path, body: bytes, claimed: str) -> None:
    with host(saying(body, f"Content-Type: {claimed}")) as served, pytest.raises(UnsupportedMedia):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lying_type_does_not_spoil_a_good_file(tmp_path: Path) -> None:
    with host(saying(PNG, "Content-Type: text/html")) as served:
        assert fetch(served, tmp_path).media_type == "image/png"


def test_a_picture_is_no_sound(tmp_path: Path) -> None:
    with host(saying(PNG)) as served, pytest.raises(UnsupportedMedia, match="image/png"):
        download(served.url(), folder=tmp_path, limit=999, kinds=SOUNDS, timeout=5, outside=served.outside())


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content", "206 Partial Content"])
def test_only_a_whole_answer_counts(tmp_path: Path, status: str) -> None:
    with host(saying(PNG, status=status)) as served, pytest.raises(BadRequest, match="status|broke off"):
        fetch(served, tmp_path)


def test_a_server_that_does_not_speak_http_is_refused(tmp_path: Path) -> None:
    def answer(line: socket.socket, _served: Host) -> None:
        line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with host(answer) as served, pytest.raises(BadRequest, match="broke off"):
        fetch(served, tmp_path)


def test_errors_name_no_folder_and_no_query(tmp_path: Path) -> None:
    with host(saying(b"", status="403 Forbidden")) as served, pytest.raises(BadRequest) as refused:
        download(
            served.url("/a?signature=secret"),
            folder=tmp_path,
            limit=9,
            kinds=IMAGES,
            timeout=5,
            outside=served.outside(),
        )
    assert "secret" not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    with host(saying(PNG)) as served:
        fetch(served, tmp_path)
    assert threading.active_count() <= before
