"""Faces in a picture, words in a sound, films joined, and weights: small services at the API's door."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from avatar.errors import Busy, NotFound
from avatar.gallery import WeightsCard
from avatar.jobs.house import Faces, House
from avatar.request import Landmarks
from tests.api.asked import problem
from tests.api.served import ADMIN, KEYS, Served, finishing, serving
from tests.tiny import tiny_house

MARKS = Landmarks(right_eye=(10, 20), left_eye=(30, 20), right_mouth=(13, 40), left_mouth=(27, 40), chin=(20, 55))
EARS = WeightsCard("ears", "Ears", "lips", "apache-2.0", commercial=True, size=1000)


def glued(films: Sequence[Path], joined: Path) -> None:
    joined.write_bytes(b"".join(film.read_bytes() for film in films))


def able(asked: list[str]) -> House:
    """A house with every hand; `asked` is what was wanted of its weights."""

    def evict(name: str) -> None:
        asked.append(f"evict {name}")
        if name != "ears":
            raise NotFound("There are no such weights here.")
        raise Busy("ears is in use. Try again when that has ended.", retry_after=1.0)

    return replace(
        tiny_house(),
        faces=lambda picture: Faces(64, 60, (MARKS,)),
        hear=lambda sound: f"{sound.size} bytes were said",
        join=glued,
        known=lambda ask: ("speech",) if ask.text == "Hello." else (),
        weights=lambda: (EARS,),
        fetch=lambda name: asked.append(f"fetch {name}"),
        evict=evict,
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A house whose jobs are done at once."""
    with serving(tmp_path, house=able([]), plays=finishing) as found:
        yield found


def brought(client: httpx.Client, kind: str) -> str:
    """The id of an upload."""
    answer = client.post("/v1/uploads", data={"consent": "true", "kind": kind}, files={"file": b"four"})
    return str(answer.json()["upload_id"])


def test_faces_of_a_picture_are_told_and_may_be_sent_back_as_marks(served: Served) -> None:
    upload = brought(served.client, "image")
    told = served.client.get(f"/v1/uploads/{upload}/faces").json()
    assert (told["width"], told["height"]) == (64, 60)
    job = served.ask(image=upload, landmarks=told["faces"][0], face=1)
    asked = served.jobs.job(job).request
    assert (asked.landmarks, asked.face) == (MARKS, 1)


def test_marks_that_are_none_are_refused_by_their_name(served: Served) -> None:
    body = {"script": "Hi.", "image": brought(served.client, "image"), "landmarks": {"chin": [1, 2]}}
    said = served.client.post("/v1/plans", json=body)
    problem(said, 422, "invalid_request")
    assert said.json()["field"].startswith("landmarks")


def test_what_is_said_in_a_recording_is_written_down(served: Served) -> None:
    upload = brought(served.client, "audio")
    assert served.client.get(f"/v1/uploads/{upload}/words").json() == {"object": "words", "text": "4 bytes were said"}
    problem(served.client.get(f"/v1/uploads/{upload}/faces"), 422, "invalid_request")
    problem(served.client.get("/v1/uploads/upload_0/words"), 404, "not_found")


def test_a_house_that_can_not_says_why(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        said = served.client.get(f"/v1/uploads/{brought(served.client, 'audio')}/words")
    problem(said, 503, "unavailable")


def test_films_are_joined_in_the_order_that_was_asked_and_nothing_is_left(served: Served, tmp_path: Path) -> None:
    ids = [served.ask(script=script) for script in ("One.", "Two.")]
    for job in ids:
        served.client.get(f"/v1/videos/{job}", headers={"Prefer": "wait=10"})
    films = [served.jobs.file(job, "video").read_bytes() for job in ids]
    joined = served.client.post("/v1/joined", json={"videos": ids[::-1]})
    assert joined.headers["content-type"] == "video/mp4"
    assert joined.content == b"".join(films[::-1])
    problem(served.client.post("/v1/joined", json={"videos": [*ids, "video_0"]}), 404, "not_found")
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_plan_tells_what_is_done_already(served: Served) -> None:
    assert served.client.post("/v1/plans", json={"script": "Hello."}).json()["known"] == ["speech"]
    assert served.client.post("/v1/plans", json={"script": "Hi."}).json()["known"] == []


def test_weights_are_listed_fetched_and_removed_from_the_machine_itself(tmp_path: Path) -> None:
    asked: list[str] = []
    with serving(tmp_path, house=able(asked)) as served:
        told = served.client.get("/v1/weights").json()
        assert (told["data"][0]["licence"], told["yours"]) == ("apache-2.0", True)
        assert served.client.post("/v1/weights/ears/fetch").status_code == 202
        problem(served.client.delete("/v1/weights/ears"), 503, "busy")
        problem(served.client.delete("/v1/weights/eyes"), 404, "not_found")
        assert '"yours":false' in _as_some_proxies_ask(served.client.base_url, "/v1/weights")
    assert asked == ["fetch ears", "evict ears", "evict eyes"]


def _as_some_proxies_ask(address: httpx.URL, path: str) -> str:
    """The answer to a request in the protocol that a proxy speaks inwards, where nobody set it otherwise."""
    with socket.create_connection((address.host, address.port or 80)) as line:
        line.sendall(f"GET {path} HTTP/1.0\r\nHost: {address.host}\r\n\r\n".encode())
        with line.makefile() as answer:
            return answer.read()


@pytest.mark.parametrize(
    ("rules", "headers"),
    [
        ({}, {"X-Forwarded-For": "203.0.113.9"}),
        ({}, {"X-Real-IP": "203.0.113.9"}),
        ({"public_url": "https://films.example"}, {}),
        ({"trusted_proxies": ("127.0.0.1",)}, {}),
        ({"admin_key": ADMIN}, {}),
        ({"api_keys": KEYS, "admin_key": ADMIN}, {"X-API-Key": KEYS[0][1]}),
    ],
)
def test_nobody_but_the_owner_touches_weights(tmp_path: Path, rules: dict[str, Any], headers: dict[str, str]) -> None:
    asked: list[str] = []
    with serving(tmp_path, house=able(asked), headers=headers, **rules) as served:
        assert served.client.get("/v1/weights").json()["yours"] is False
        problem(served.client.post("/v1/weights/ears/fetch"), 403, "forbidden")
        problem(served.client.delete("/v1/weights/ears"), 403, "forbidden")
    assert asked == []


def test_the_admin_key_opens_the_cupboard(tmp_path: Path) -> None:
    asked: list[str] = []
    with serving(tmp_path, house=able(asked), admin_key=ADMIN, headers={"X-API-Key": ADMIN}) as served:
        assert served.client.get("/v1/weights").json()["yours"] is True
        assert served.client.post("/v1/weights/ears/fetch").status_code == 202
    assert asked == ["fetch ears"]


def test_the_reference_comes_from_this_house_alone(served: Served) -> None:
    page = served.client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
