"""Faces and voices that clients bring."""

import fcntl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avatar.disk import Flock
from avatar.doors.api.rules import Hands
from avatar.errors import BadRequest, UnsupportedMedia
from tests.api.asked import problem
from tests.api.served import Served, serving, until
from tests.tiny import tiny_house

PNG = ("face.png", b"\x89PNG bytes", "image/png")
YES = {"consent": "true"}


def test_a_picture_is_brought_and_used(served: Served) -> None:
    answer = served.client.post("/v1/uploads", files={"file": PNG}, data=YES)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["object"], told["kind"], told["media_type"], told["size"]) == ("upload", "image", "image/png", 10)
    assert told["consent"] is True
    job_id = served.ask(image=told["upload_id"])
    image = served.jobs.job(job_id).request.image
    assert image
    assert (served.jobs.folder / image.sha256).read_bytes() == b"\x89PNG bytes"


def test_a_recording_needs_no_script(served: Served) -> None:
    told = served.client.post("/v1/uploads", files={"file": ("said", b"RIFF", "audio/wav")}, data=YES).json()
    answer = served.client.post("/v1/videos", json={"audio": told["upload_id"]})
    ask = served.jobs.job(answer.json()["id"]).request
    assert (told["kind"], ask.text, ask.audio is not None) == ("audio", "", True)


@pytest.mark.parametrize(
    "name", ["Gesicht ä ö ü 😀.png", "../../etc/passwd", 'a"; name="consent', "a\r\nX-Evil: 1.png"]
)
def test_a_file_s_name_means_nothing(served: Served, name: str) -> None:
    answer = served.client.post("/v1/uploads", files={"file": (name, b"x", "image/png")}, data=YES)
    assert answer.status_code == 201
    assert "passwd" not in answer.text
    assert "x-evil" not in answer.headers
    assert len(list(served.jobs.folder.iterdir())) == 1


def test_what_a_server_that_died_left_of_an_upload_is_gone_with_the_next_start(tmp_path: Path) -> None:
    dead, alive = tmp_path / "incoming" / "dead", tmp_path / "incoming" / "alive"
    for place in (dead, alive):
        place.mkdir(parents=True)
        (place / "lock").touch()
        (place / "upload").write_bytes(b"a face")
    with Flock(alive / "lock", fcntl.LOCK_EX), serving(tmp_path) as house:
        assert house.client.post("/v1/uploads", files={"file": PNG}, data=YES).status_code == 201
        assert list((tmp_path / "incoming").iterdir()) == [alive]


@pytest.mark.parametrize("consent", [{}, {"consent": "false"}, {"consent": ""}, {"consent": "maybe"}])
def test_without_consent_nothing_is_kept(served: Served, tmp_path: Path, consent: dict[str, str]) -> None:
    problem(served.client.post("/v1/uploads", files={"file": PNG}, data=consent), 403, "consent_required")
    assert not served.jobs.folder.exists()
    until(lambda: not list((tmp_path / "incoming").iterdir()))


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"data": {**YES, "kind": "text"}, "files": {"file": PNG}}, "kind can't be 'text'"),
        ({"data": {**YES, "path": "/etc"}, "files": {"file": PNG}}, "a field that is not known"),
        ({"data": {**YES, "kind": "x" * 200}, "files": {"file": PNG}}, "kind is too long"),
        ({"files": [("file", PNG), ("file", PNG)]}, "The form has file twice"),
        ({"files": {"consent": (None, "true")}}, "The form has no file"),
        ({"json": {"file": "x"}}, "The upload is not a form"),
        ({"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "form"),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "its end is missing"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, "The upload is not a form"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=" + "x" * 999}}, "not a form"),
    ],
)
def test_a_form_that_is_none_is_refused(still: Served, sent: dict[str, Any], says: str) -> None:
    assert says in problem(still.client.post("/v1/uploads", **sent), 422, "invalid_request")["detail"]


def test_a_form_that_ends_too_early_is_refused(still: Served) -> None:
    half = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: image/png\r\n\r\n'
        b"half of a picture"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = still.client.post("/v1/uploads", content=half, headers=headers)
    problem(answer, 422, "invalid_request")


def test_the_kind_may_be_said_where_the_file_does_not(served: Served) -> None:
    answer = served.client.post(
        "/v1/uploads", files={"file": ("x", b"x", "application/octet-stream")}, data={**YES, "kind": "audio"}
    )
    assert (answer.status_code, answer.json()["kind"]) == (201, "audio")


def test_a_file_over_the_limit_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    with serving(tmp_path, upload_limit=1000) as served:
        problem(
            served.client.post("/v1/uploads", files={"file": ("a", b"x" * 1001, "image/png")}, data=YES),
            413,
            "too_large",
        )
        fits = served.client.post("/v1/uploads", files={"file": ("a", b"x" * 1000, "image/png")}, data=YES)
        assert fits.status_code == 201
        assert list((tmp_path / "incoming").iterdir()) == []


def test_a_file_that_is_not_what_it_says_is_refused(tmp_path: Path) -> None:
    def refuse(path: Path, kind: str) -> str:
        raise UnsupportedMedia("This is no picture. Bring a PNG, JPEG or WebP.")

    with serving(tmp_path, house=replace(tiny_house(), examine=refuse)) as served:
        problem(served.client.post("/v1/uploads", files={"file": PNG}, data=YES), 415, "unsupported_media")
        assert list((tmp_path / "incoming").iterdir()) == []


def test_a_url_needs_consent_too_and_is_fetched_once_it_is_there(served: Served) -> None:
    body = {"script": "Hi", "image": "https://example.com/face.png"}
    problem(served.client.post("/v1/videos", json=body), 403, "consent_required")
    job_id = served.ask(**body, consent=True)
    image = served.jobs.job(job_id).request.image
    assert image
    assert (served.jobs.folder / image.sha256).read_text() == "https://example.com/face.png"


def test_a_url_that_must_not_be_asked_is_refused(tmp_path: Path) -> None:
    def refuse(url: str, folder: Path, kind: str) -> Path:
        raise BadRequest("The URL leads to a private address. Give a public one.")

    def no_hook(url: str) -> None:
        raise BadRequest("The webhook leads to a private address. Give a public one.")

    with serving(tmp_path, hands=Hands(refuse, no_hook)) as served:
        for more in ({"image": "http://10.0.0.1/", "consent": True}, {"webhook": {"url": "http://10.0.0.1/"}}):
            answer = served.client.post("/v1/videos", json={"script": "Hi", **more})
            assert "private address" in problem(answer, 422, "invalid_request")["detail"]


@pytest.mark.parametrize("upload", ["upload_0", "upload_%00"])
def test_an_upload_that_is_not_there_is_told(still: Served, upload: str) -> None:
    answer = still.client.post("/v1/videos", json={"script": "Hi", "image": upload})
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] in ("not_found", "invalid_request")


def test_a_sound_is_no_face(served: Served) -> None:
    told = served.client.post("/v1/uploads", files={"file": ("said", b"RIFF", "audio/wav")}, data=YES).json()
    answer = served.client.post("/v1/videos", json={"script": "Hi", "image": told["upload_id"]})
    assert "kind audio" in problem(answer, 422, "invalid_request")["detail"]


def test_an_avatar_and_an_own_face_can_not_both_be(served: Served) -> None:
    told = served.client.post("/v1/uploads", files={"file": PNG}, data=YES).json()
    answer = served.client.post("/v1/videos", json={"script": "Hi", "image": told["upload_id"], "avatar": "ada"})
    problem(answer, 422, "invalid_request")
