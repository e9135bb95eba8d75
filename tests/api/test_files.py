"""A job's files over HTTP: whole, in parts, and not again."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from avatar.events import Outcome
from tests.api.asked import problem
from tests.api.served import Served

FILM = bytes(range(256)) * 4000  # 1,024,000 bytes, more than one piece


def finished(served: Served) -> str:
    """The address of a finished film."""
    job_id = served.ask()
    served.jobs.finish(job_id, video=FILM)
    return f"/v1/videos/{job_id}/content"


@pytest.fixture(scope="module")
def film(still: Served) -> str:
    """The address of a finished film that nobody removes."""
    return finished(still)


def test_the_film_comes_whole_with_its_name_and_kind(still: Served, film: str) -> None:
    answer = still.client.get(film)
    job_id = film.split("/")[3]
    assert answer.content == FILM
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == f'inline; filename="{job_id}.mp4"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("variant", "kind", "content"),
    [
        ("video", "video/mp4", FILM),
        ("audio", "audio/wav", b"a sound"),
        ("thumbnail", "image/jpeg", b"still"),
        ("captions.vtt", "text/vtt; charset=utf-8", b"vtt"),
        ("captions.srt", "application/x-subrip; charset=utf-8", b"srt"),
        ("words.json", "application/json", b"words"),
        ("motion.csv", "text/csv; charset=utf-8", b"motion"),
    ],
)
def test_each_variant_is_a_file_of_its_kind(still: Served, film: str, variant: str, kind: str, content: bytes) -> None:
    answer = still.client.get(film, params={"variant": variant})
    assert (answer.content, answer.headers["content-type"]) == (content, kind)


def test_the_certificate_is_measured_when_somebody_asks(still: Served, film: str) -> None:
    told = still.client.get(film, params={"variant": "certificate.json"})
    assert told.json()["passed"] is True
    again = still.client.get(
        film, params={"variant": "certificate.json"}, headers={"If-None-Match": told.headers["etag"]}
    )
    assert again.status_code == 304


def test_an_export_is_what_the_house_makes_of_the_film(still: Served, film: str, tmp_path: Path) -> None:
    asked: list[str] = []

    def export(_outcome: Outcome, kind: str) -> Path:
        asked.append(kind)
        path = tmp_path / "made.webm"
        path.write_bytes(FILM)
        return path

    still.jobs.house = replace(still.jobs.house, export=export)
    answer = still.client.get(film, params={"variant": "alpha.webm"}, headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, FILM[4:8])
    assert answer.headers["content-type"] == "video/webm"
    assert answer.headers["content-disposition"].endswith('.alpha.webm"')
    assert asked == ["alpha.webm"]


@pytest.mark.parametrize("variant", ["rig", "alpha.mp4", "../video", "", "video\x00"])
def test_other_variants_are_refused(still: Served, film: str, variant: str) -> None:
    problem(still.client.get(film, params={"variant": variant}), 422, "invalid_request")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, len(FILM)),
        ("bytes=5-9", 5, 10),
        ("bytes=1000000-9999999", 1_000_000, len(FILM)),
        ("bytes=-4", len(FILM) - 4, len(FILM)),
        ("bytes=-99999999", 0, len(FILM)),
        ("bytes=100000-900000", 100_000, 900_001),
    ],
)
def test_a_range_is_what_comes(still: Served, film: str, wanted: str, start: int, end: int) -> None:
    answer = still.client.get(film, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == FILM[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(FILM)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=9-5", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=5"])
def test_a_range_that_means_nothing_here_gets_the_whole_file(still: Served, film: str, wanted: str) -> None:
    answer = still.client.get(film, headers={"Range": wanted})
    assert (answer.status_code, len(answer.content)) == (200, len(FILM))


@pytest.mark.parametrize("wanted", [f"bytes={len(FILM)}-", "bytes=999999999999999-", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(still: Served, film: str, wanted: str) -> None:
    answer = still.client.get(film, headers={"Range": wanted})
    problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


def test_a_range_of_another_film_gets_the_whole_one(still: Served, film: str) -> None:
    etag = still.client.head(film).headers["etag"]
    same = still.client.get(film, headers={"Range": "bytes=0-3", "If-Range": etag})
    other = still.client.get(film, headers={"Range": "bytes=0-3", "If-Range": '"other"'})
    dated = still.client.get(film, headers={"Range": "bytes=0-3", "If-Range": same.headers["last-modified"]})
    assert (same.status_code, other.status_code, dated.status_code) == (206, 200, 206)


def test_what_the_client_has_is_not_sent_again(still: Served, film: str) -> None:
    first = still.client.get(film)
    etag = first.headers["etag"]

    def status(name: str, value: str) -> int:
        return still.client.get(film, headers={name: value}).status_code

    assert status("If-None-Match", etag) == 304
    assert status("If-None-Match", f'"x", W/{etag}') == 304
    assert status("If-None-Match", "*") == 304
    assert status("If-None-Match", '"x"') == 200
    assert status("If-Modified-Since", first.headers["last-modified"]) == 304
    assert status("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT") == 200
    assert status("If-Modified-Since", "yesterday") == 200


def test_head_says_what_get_would(still: Served, film: str) -> None:
    head, get = still.client.head(film), still.client.get(film)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type", "last-modified", "accept-ranges"):
        assert head.headers[name] == get.headers[name]
    assert still.client.head(film, headers={"Range": "bytes=0-1"}).status_code == 206


def test_before_the_end_there_is_no_file_yet(served: Served) -> None:
    job_id = served.ask()
    problem(served.client.get(f"/v1/videos/{job_id}/content"), 409, "conflict")
    served.jobs.start(job_id)
    problem(served.client.get(f"/v1/videos/{job_id}/content"), 409, "conflict")


def test_a_job_that_came_to_nothing_has_no_file(served: Served) -> None:
    called_off, expired = served.ask(), served.ask()
    served.client.post(f"/v1/videos/{called_off}/cancel")
    served.jobs.finish(expired)
    served.jobs.expire(expired)
    for job_id in (called_off, expired):
        problem(served.client.get(f"/v1/videos/{job_id}/content"), 404, "not_found")


def test_without_a_film_the_sound_is_the_content(served: Served) -> None:
    job_id = served.ask(kind="speech")
    served.jobs.finish(job_id, video=None)
    answer = served.client.get(f"/v1/videos/{job_id}/content")
    assert (answer.content, answer.headers["content-type"]) == (b"a sound", "audio/wav")
    problem(served.client.get(f"/v1/videos/{job_id}/content?variant=video"), 404, "not_found")
    problem(served.client.get(f"/v1/videos/{job_id}/content?variant=certificate.json"), 404, "not_found")


def test_a_film_that_is_removed_while_it_is_sent_still_comes_whole(served: Served) -> None:
    film = finished(served)
    with served.client.stream("GET", film) as answer:
        pieces = answer.iter_bytes()
        got = next(pieces)
        served.client.delete(film.removesuffix("/content"))
        for path in (served.jobs.folder).iterdir():
            path.unlink()
        got += b"".join(pieces)
    assert got == FILM


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(still: Served, film: str) -> None:
    with httpx.Client(base_url=still.address) as hasty, hasty.stream("GET", film) as answer:
        next(answer.iter_bytes())
    assert still.client.get(film).content == FILM
