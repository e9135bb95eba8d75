"""Rough pictures of a film while a model films it: from the model through worker and job tables to who looks."""

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import PIL.Image
import pytest

from avatar.doors.api.rules import Hands, Rules
from avatar.engine import Engine
from avatar.events import Outcome
from avatar.jobs.durable import DurableJobs
from avatar.request import Ask
from avatar.stage import Placement, Run
from stages import pipeline
from stages.diffusion import previews
from tests.api.served import fetched, running, until
from tests.jobs import product
from tests.tiny import tiny_house
from tests.video import small

BODY = {"kind": "video", "prompt": "a lighthouse", "seconds": 0.5, "size": "256x256", "seed": 1, "steps": 2}


@dataclass
class Cinema:
    """A house that films with the tiny ModelScope and holds each film back until it may end."""

    client: httpx.Client
    may_end: threading.Event = field(default_factory=threading.Event)

    def render(self, ask: Ask, run: Run) -> Outcome:
        """What was asked, once it may end."""
        made = pipeline.render(ask, run)
        assert self.may_end.wait(60)
        return made


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    folder = tmp_path_factory.mktemp("glimpses")
    placement = small.placed(small.modelscope(), folder, "modelscope-t2v", variant="fp16")
    chosen = product.settings(folder / "data")

    def place(_stage: str, backend: str) -> Placement | None:
        return {"modelscope": placement, "projector": Placement()}.get(backend)

    house = Cinema(httpx.Client(timeout=60))
    with ExitStack() as open_now:
        patched = open_now.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(previews, "APART", 0.0)
        works = Engine(product.store(chosen.data), place=place)
        worker = product.worker(chosen, works=works, render=house.render)
        open_now.callback(worker.close)
        jobs = DurableJobs(chosen, house=tiny_house(), store=product.store(chosen.data), worker=worker)
        open_now.callback(jobs.close)
        hands = Hands(fetched, lambda url: None)
        _, port = open_now.enter_context(running(jobs, Rules(folder / "incoming"), hands))
        house.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        open_now.enter_context(house.client)
        open_now.callback(house.may_end.set)
        yield house


def asked(cinema: Cinema, **more: Any) -> str:
    cinema.may_end.clear()
    answer = cinema.client.post("/v1/videos", json={**BODY, **more})
    assert answer.status_code == 202, answer.text
    return f"/v1/videos/{answer.json()['id']}"


def test_a_film_is_seen_while_it_is_made_and_the_picture_goes_with_its_end(cinema: Cinema) -> None:
    job = asked(cinema)
    seen = until(lambda: (answer := cinema.client.get(f"{job}/glimpse")).status_code == 200 and answer)
    assert seen.headers["content-type"] == "image/jpeg"
    assert seen.headers["cache-control"] == "no-store"
    assert PIL.Image.open(io.BytesIO(seen.content)).size == (32, 32)
    cinema.may_end.set()
    with cinema.client.stream("GET", f"{job}/events") as answer:
        told = [line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: ")]
    assert "glimpse" in told
    assert told[-1] == "finished"
    gone = cinema.client.get(f"{job}/glimpse")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


def test_what_is_called_off_or_unknown_shows_nothing(cinema: Cinema) -> None:
    job = asked(cinema, seed=2)
    until(lambda: cinema.client.get(f"{job}/glimpse").status_code == 200)
    cinema.client.delete(job)
    cinema.may_end.set()
    assert cinema.client.get(f"{job}/glimpse").status_code == 404
    assert cinema.client.get("/v1/videos/video_nobody/glimpse").status_code == 404
