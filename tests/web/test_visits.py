"""Who sees which films through the page: one client for each browser, and nobody else's."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from avatar.doors.api.app import create
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.api.serve import server
from avatar.doors.web import over_http
from avatar.doors.web.kept import Shelf
from avatar.testing_jobs import ScriptedJobs
from tests.api.served import ADMIN, KEYS, fetched, finishing, until
from tests.tiny import tiny_house

ANN = {"X-Visitor": "ann-" + "a" * 30}
BOB = {"X-Visitor": "bob-" + "b" * 30}
WORDS = Path(over_http.__file__).parent / "words"


@contextmanager
def opened(folder: Path, **rules: Any) -> Iterator[httpx.Client]:
    """A client of a house with a page, whose jobs are done at once."""
    jobs = ScriptedJobs(folder / "store", house=tiny_house(), plays=finishing)
    chosen = replace(Rules(folder / "incoming"), **rules)
    app = create(jobs, chosen, Hands(fetched, lambda url: None), others=[over_http.mount])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        run = server(app, host="127.0.0.1", port=0)
        thread = threading.Thread(target=run.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: run.started)
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx.Client(base_url=address, timeout=60) as client:
                client.get("/")  # the page is made in a thread, which takes pytest's change of warning filters ill
                yield client
        finally:
            run.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A house that is open to everybody."""
    with opened(tmp_path_factory.mktemp("open")) as found:
        yield found


def made(client: httpx.Client, who: dict[str, str]) -> str:
    """The id of a finished job."""
    answer = client.post("/me/v1/videos", json={"script": "Hello."}, headers=who)
    assert answer.status_code == 202, answer.text
    job = str(answer.json()["id"])
    until(lambda: client.get(f"/me/v1/videos/{job}", headers=who).json()["status"] == "completed")
    return job


def test_a_visitor_finds_his_own_jobs_and_no_others(client: httpx.Client) -> None:
    job = made(client, ANN)
    listed = client.get("/me/v1/videos", headers=ANN).json()["data"]
    assert job in [found["id"] for found in listed]
    assert job not in [found["id"] for found in client.get("/me/v1/videos", headers=BOB).json()["data"]]
    assert client.get(f"/me/v1/videos/{job}", headers=BOB).status_code == 404
    assert client.delete(f"/me/v1/videos/{job}", headers=BOB).status_code == 404
    assert client.get(f"/v1/videos/{job}").status_code == 404


def test_films_are_shown_by_an_address_that_only_their_owner_has(client: httpx.Client) -> None:
    job = made(client, ANN)
    ann, bob = (client.get("/me/v1/page", headers=who).json()["viewer"] for who in (ANN, BOB))
    shown = client.get(f"/look/{ann}/{job}/video", headers={"Range": "bytes=0-3"})
    assert (shown.status_code, len(shown.content)) == (206, 4)
    assert client.get(f"/look/{ann}/{job}/events").text.endswith("\n\n")
    assert client.get(f"/look/{bob}/{job}/video").status_code == 404
    assert client.get(f"/look/{'x' * 36}/{job}/video").status_code == 404
    assert client.get(f"/look/{ann}/{job}/rig").status_code == 404


def test_a_viewers_name_can_not_be_used_to_ask(client: httpx.Client) -> None:
    viewer = client.get("/me/v1/page", headers=ANN).json()["viewer"]
    other = client.get("/me/v1/page", headers={"X-Visitor": viewer}).json()["viewer"]
    assert other != viewer


def test_a_job_is_made_again_and_its_request_told_to_its_owner_only(client: httpx.Client) -> None:
    job = made(client, ANN)
    assert client.get(f"/me/v1/asked/{job}", headers=ANN).json()["text"] == "Hello."
    assert client.get(f"/me/v1/asked/{job}", headers=BOB).status_code == 404
    again = client.post(f"/me/v1/again/{job}", headers=ANN)
    assert (again.status_code, again.json()["id"] != job) == (202, True)
    assert client.post(f"/me/v1/again/{job}", headers=BOB).status_code == 404


def test_what_was_brought_for_a_job_is_used_again_by_its_owner_only(client: httpx.Client) -> None:
    form: Any = {"consent": (None, "true"), "kind": (None, "image"), "file": ("me.png", b"a face", "image/png")}
    brought = client.post("/me/v1/uploads", files=form, headers=ANN).json()["upload_id"]
    asked = client.post("/me/v1/videos", json={"script": "Me.", "image": brought}, headers=ANN).json()["id"]
    again = client.post(f"/me/v1/asked/{asked}/image", headers=ANN)
    assert (again.status_code, again.json()["kind"], again.json()["upload_id"] != brought) == (201, "image", True)
    body = {"script": "Me again.", "image": again.json()["upload_id"]}
    assert client.post("/me/v1/videos", json=body, headers=ANN).status_code == 202
    assert client.post("/me/v1/videos", json=body, headers=BOB).status_code == 404
    assert client.post(f"/me/v1/asked/{asked}/image", headers=BOB).status_code == 404
    assert [client.post(f"/me/v1/asked/{asked}/{part}", headers=ANN).status_code for part in ("audio", "seed")] == [
        404
    ] * 2


def test_no_number_that_a_browser_draws_decides_whose_rate_is_used(tmp_path: Path) -> None:
    jobs = ScriptedJobs(tmp_path / "store", house=tiny_house())
    app = create(jobs, Rules(tmp_path), Hands(fetched, lambda url: None), others=[over_http.mount])
    client = TestClient(app, client=("203.0.113.7", 40_000))
    for who in (ANN, BOB):
        job = client.post("/me/v1/videos", json={"script": "Hello."}, headers=who).json()["id"]
        assert client.post(f"/me/v1/again/{job}", headers=who).status_code == 202
    client.post("/v1/videos", json={"script": "Hello."})
    assert len({order.client for order in jobs.orders}) == 3
    assert {order.payer for order in jobs.orders} == {"203.0.113.7"}


@pytest.mark.parametrize("number", ["", "short", "with space" * 3, "x" * 65])
def test_a_browser_that_does_not_say_which_it_is_gets_nothing(client: httpx.Client, number: str) -> None:
    assert client.get("/me/v1/videos", headers={"X-Visitor": number}).status_code == 422


def test_the_apis_own_addresses_stay_as_they_are(client: httpx.Client) -> None:
    assert client.get("/v1/nothing").json()["code"] == "not_found"
    assert client.put("/v1/videos").json()["code"] == "method_not_allowed"
    assert client.get("/health").json()["status"]


def test_the_page_has_no_secret_and_names_nobody_else(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert client.get("/config").json()["show_error"] is False


def test_the_page_brings_its_chat_and_small_files_come_packed_and_once(client: httpx.Client) -> None:
    page = client.get("/").text
    assert page.index('class="chat"') < page.index("<gradio-app")
    told = re.findall(r'<link rel="modulepreload" href="(look/[^"]+)"', page)
    needed = re.findall(r'from "./([a-z]+.js)"', "".join(client.get(f"/{path}").text for path in told))
    assert {f"look/static/{name}" for name in needed} <= set(told)
    script = client.get("/look/static/chat.js")
    assert (script.headers["content-encoding"], script.headers["cache-control"]) == ("gzip", "no-cache")
    again = client.get("/look/static/chat.js", headers={"If-None-Match": script.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/look/static/chat.js", headers={"Accept-Encoding": "identity"}).text == script.text
    asset = re.findall(r"assets/[A-Za-z0-9_-]+\.js", page)[0]
    assert "immutable" in client.get(f"/{asset}").headers["cache-control"]
    for path in ("/look/static/none.js", "/look/static/%2e%2e", "/look/static/%2e%2e%2fpage.py", "/assets/none.js"):
        assert client.get(path).status_code == 404


def test_a_shelf_looks_at_nothing_but_what_lies_right_below_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    for place in (folder / "mine.js", tmp_path / "other.js"):
        place.write_text("1")
    shelf = Shelf(folder)
    assert shelf.find("mine.js") is not None
    assert [shelf.find(name) for name in ("../other.js", str(tmp_path / "other.js"), "", "..", "none.js")] == [None] * 5


def test_an_event_number_that_is_none_is_no_number(client: httpx.Client) -> None:
    job, viewer = made(client, ANN), client.get("/me/v1/page", headers=ANN).json()["viewer"]
    for last in ("9" * 20, "9" * 5000, "x"):
        told = client.get(f"/look/{viewer}/{job}/events", headers={"Last-Event-ID": last})
        assert told.text.startswith("retry: 2000\n\nid: 1\n")


def test_a_house_with_keys_lets_nobody_in_without_one(tmp_path: Path) -> None:
    with opened(tmp_path, api_keys=KEYS, admin_key=ADMIN) as client:
        assert client.get("/me/v1/page", headers=ANN).status_code == 401
        assert client.post("/me/v1/videos", json={"script": "Hello."}, headers=ANN).status_code == 401
        ann, bob = ({**ANN, "Authorization": f"Bearer {key}"} for _, key in KEYS)
        job = made(client, ann)
        assert client.get(f"/v1/videos/{job}", headers=ann).status_code == 200
        assert client.get(f"/me/v1/videos/{job}", headers=bob).status_code == 404
        viewer = client.get("/me/v1/page", headers=ann).json()["viewer"]
        assert client.get(f"/look/{viewer}/{job}/video").status_code == 200
        for other in ("ann", "änn"):
            assert client.get(f"/look/{other}/{job}/video").status_code == 404
        owner = {**ANN, "Authorization": f"Bearer {ADMIN}"}
        assert job in [found["id"] for found in client.get("/me/v1/videos", headers=owner).json()["data"]]


@pytest.mark.parametrize("language", ["de", "fr", "es", "zh", "ja"])
def test_every_language_has_every_word(language: str) -> None:
    english, other = (json.loads((WORDS / f"{name}.json").read_text("utf-8")) for name in ("en", language))
    assert list(other) == list(english)
    assert all(text.strip() for text in other.values())
    assert sum(text == english[name] for name, text in other.items()) < 25
