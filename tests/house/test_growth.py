"""A server that serves its floors while weights come, and grows: real processes, and a hub of our own on loopback."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub", reason="weights are fetched with the full environment")
pytest.importorskip("mediapipe", reason="the row that is fetched is MediaPipe's")

from tests.house.test_serving import ASK, PATIENCE, ended, served
from tests.shared import shared
from tests.weights.hub import Fault, Hub

FILE = "face_landmarker.task"
SERVE = ("-m", "avatar", "serve")


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub without repositories, and a mirror with MediaPipe's face finder."""
    with Hub() as running:
        running.web[f"/mirror/face-landmarker/{FILE}"] = shared(f"models/{FILE}").read_bytes()
        yield running


def reachable(hub: Hub) -> dict[str, str]:
    """Settings of a server that has no other way out; weights come from the part of the hub that has a gate."""
    return {"HF_ENDPOINT": hub.url, "AVATAR_MIRROR": f"{hub.cdn}/mirror", "HF_HUB_OFFLINE": "0"}


def awaited(client: Any, seen: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The plan on /health, once it is as it should be."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        plan: dict[str, Any] = client.get("/health").json()["plan"]
        if seen(plan):
            return plan
        time.sleep(0.05)
    pytest.fail(f"the plan did not become so: {plan['notes']}, {plan['fetch']}")


def finds_faces(plan: dict[str, Any]) -> bool:
    """Whether photographs are served by the face finder."""
    return any(each["backend"] == "photo" and each["runs"] for each in plan["backends"])


def noted(what: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a note says so."""
    return lambda plan: any(what in note for note in plan["notes"])


def test_floors_are_served_while_weights_come_or_do_not_and_then_there_is_more(hub: Hub, tmp_path: Path) -> None:
    hub.gate = threading.Event()
    hub.fail(FILE, *[Fault(status=503)] * 3)
    with served(tmp_path / "data", *SERVE, **reachable(hub)) as (_, client):
        told = awaited(client, noted("MediaPipe FaceLandmarker could not be fetched"))
        assert noted("error 503")(told)
        assert told["mode"] == "video"
        assert hub.sent.wait(PATIENCE)  # it is tried again
        before = awaited(client, noted("is coming"))
        assert "face-landmarker" in before["fetch"]
        assert not finds_faces(before)
        job = client.post("/v1/videos", json=ASK).json()["id"]
        assert ended(client, job)["status"] == "completed"
        assert not finds_faces(client.get("/health").json()["plan"])
        hub.gate.set()
        after = awaited(client, finds_faces)
        assert "face-landmarker" not in after["fetch"]
        assert after["fetch_bytes"] < before["fetch_bytes"]
        assert not noted("FaceLandmarker")(after)
        assert client.get("/health").json()["capabilities"]["neural"]


def test_what_another_process_fetches_is_used_without_a_new_start(hub: Hub, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data, *SERVE, AVATAR_HEADROOM="900TB", **reachable(hub)) as (_, client):
        assert noted("stays out")(awaited(client, noted("of disk")))
        place = data / "models" / "face-landmarker"
        place.mkdir(parents=True)
        (place / FILE).write_bytes(shared(f"models/{FILE}").read_bytes())
        assert awaited(client, finds_faces)["mode"] == "video"
