"""What can be chosen, what it would cost, and how the house fares."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.asked import problem
from tests.api.served import Served, serving


def test_voices_are_listed_and_found_by_language(still: Served) -> None:
    told = still.client.get("/v1/voices").json()
    assert told["object"] == "list"
    assert told["data"][1] == {"id": "de", "name": "German", "language": "de", "gender": "unknown", "ready": True}
    assert [voice["id"] for voice in still.client.get("/v1/voices?language=EN").json()["data"]] == ["en-us"]


def test_a_voice_is_heard_or_says_why_not(still: Served) -> None:
    heard = still.client.get("/v1/voices/en-us/sample")
    assert (heard.status_code, heard.headers["content-type"], heard.content) == (200, "audio/wav", b"RIFF")
    assert "max-age" in heard.headers["cache-control"]
    problem(still.client.get("/v1/voices/speecht5/slt/sample"), 404, "not_found")
    assert "weights" in problem(still.client.get("/v1/voices/de/sample"), 503, "unavailable")["detail"]


def test_avatars_are_listed(still: Served) -> None:
    assert still.client.get("/v1/avatars").json()["data"] == [
        {"id": "ada", "name": "Ada", "description": "nobody in particular", "voice": "female"}
    ]


def test_backends_say_whether_they_run_and_why_not(still: Served) -> None:
    cards = still.client.get("/v1/backends").json()["data"]
    assert {card["stage"] for card in cards} >= {"speech", "portrait", "lips", "film"}
    assert all(card["runs"] and card["device"] == "cpu" for card in cards)


def test_a_plan_is_told_and_nothing_is_run(still: Served) -> None:
    answer = still.client.post("/v1/plans", json={"script": "Hello."})
    told = answer.json()
    assert (answer.status_code, told["object"], told["mode"], told["fetch_bytes"]) == (200, "plan", "video", 0)
    assert told["machine"]["cores"] == 2
    assert still.jobs.jobs().jobs == ()


def test_a_plan_for_what_can_not_be_is_refused(still: Served) -> None:
    problem(still.client.post("/v1/plans", json={"script": "Hi", "size": "1x1"}), 422, "invalid_request")


def test_no_folder_of_the_server_is_told(still: Served) -> None:
    for path in ("/health", "/v1/backends"):
        assert "weights" not in still.client.get(path).text


def test_metrics_count_jobs_and_answers(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        job_id = served.ask()
        served.jobs.finish(job_id)
        served.ask()
        served.client.get(f"/v1/videos/{job_id}")
        served.client.get("/v1/nothing")
        answer = served.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        "avatar_jobs_queued 1.0",
        'avatar_jobs_ended_total{status="completed"} 1.0',
        'avatar_http_requests_total{method="POST",route="/v1/videos",status="202"} 2.0',
        'avatar_http_requests_total{method="GET",route="/v1/videos/{job_id}",status="200"} 1.0',
        'avatar_http_requests_total{method="GET",route="none",status="404"} 1.0',
        'avatar_http_seconds_count{route="/v1/videos"} 2.0',
    ):
        assert line in answer.text.splitlines()
    assert job_id not in answer.text


def described(still: Served) -> dict[str, Any]:
    document: dict[str, Any] = still.client.get("/openapi.json").json()
    return document


def test_every_row_of_the_contract_is_described(still: Served) -> None:
    paths = described(still)["paths"]
    assert {(path, method) for path, entry in paths.items() for method in entry} == {
        ("/generate", "post"),
        ("/health", "get"),
        ("/voices", "get"),
        ("/outputs/{name}", "get"),
        ("/outputs/{name}", "head"),
        ("/v1/videos", "post"),
        ("/v1/videos", "get"),
        ("/v1/videos/{job_id}", "get"),
        ("/v1/videos/{job_id}", "delete"),
        ("/v1/videos/{job_id}/content", "get"),
        ("/v1/videos/{job_id}/content", "head"),
        ("/v1/videos/{job_id}/stream", "get"),
        ("/v1/videos/{job_id}/glimpse", "get"),
        ("/v1/videos/{job_id}/events", "get"),
        ("/v1/videos/{job_id}/cancel", "post"),
        ("/v1/plans", "post"),
        ("/v1/voices", "get"),
        ("/v1/voices/{voice}/sample", "get"),
        ("/v1/avatars", "get"),
        ("/v1/backends", "get"),
        ("/v1/uploads", "post"),
        ("/v1/uploads/{upload_id}/faces", "get"),
        ("/v1/uploads/{upload_id}/words", "get"),
        ("/v1/joined", "post"),
        ("/v1/weights", "get"),
        ("/v1/weights/{name}", "delete"),
        ("/v1/weights/{name}/fetch", "post"),
        ("/metrics", "get"),
    }


def test_errors_are_described_as_problems_and_nothing_else(still: Served) -> None:
    document = described(still)
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in json.dumps(document)
    for path, entry in document["paths"].items():
        for method, operation in entry.items():
            errors = {status for status in operation["responses"] if status[0] in "45"}
            assert {"401", "422", "500", "507"} <= errors, (path, method)
            for status in errors:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("name", ["VideoBody", "GenerateBody"])
def test_the_description_s_own_examples_are_taken(still: Served, name: str) -> None:
    path = {"VideoBody": "/v1/videos", "GenerateBody": "/generate"}[name]
    for example in described(still)["components"]["schemas"][name]["examples"]:
        if path == "/generate":
            assert example.keys() <= {"prompt", "text_to_speech"}
        else:
            assert still.client.post("/v1/plans", json=example).status_code == 200
