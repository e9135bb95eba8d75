"""Jobs over HTTP: asked for, looked at, listed, called off, removed."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from avatar.allowed import MAX_TEXT
from avatar.errors import NoRoom, QueueFull, RateLimited, StageFailed
from avatar.events import FellBack
from avatar.jobs.service import Webhook
from tests.api.asked import problem
from tests.api.served import Served, serving, until

FULL = {
    "kind": "talk",
    "script": [{"text": "Good evening."}, {"text": "Here is the news."}],
    "prompt": "a newsreader",
    "voice": "de+f3",
    "rate": 1.25,
    "pitch": -2,
    "size": "1280x720",
    "fps": 50,
    "seed": 7,
    "captions": "burned",
    "motion": {"head": 0.5, "gaze": 2},
    "allow_degraded": False,
    "priority": 2,
    "timeout_seconds": 90,
    "webhook": {"url": "https://example.com/hook", "events": ["failed"]},
}


def test_a_film_is_asked_for_and_the_answer_says_where_it_will_be(served: Served) -> None:
    answer = served.client.post("/v1/videos", json={"script": "Hello."})
    told = answer.json()
    home = f"{served.address}/v1/videos/{told['id']}"
    assert answer.status_code == 202
    assert answer.headers["location"] == home
    assert (told["object"], told["status"], told["progress"], told["queue_position"]) == ("video", "queued", 0, 1)
    assert told["urls"] == {
        "get": home,
        "cancel": home + "/cancel",
        "content": home + "/content",
        "events": home + "/events",
        "stream": home + "/stream",
        "glimpse": home + "/glimpse",
    }
    assert (told["output"], told["error"], told["started_at"], told["fallbacks"]) == (None, None, None, [])


def test_every_field_reaches_the_job(served: Served) -> None:
    job = served.jobs.job(served.ask(**FULL))
    ask = job.request
    assert ask.text == "Good evening.\nHere is the news."
    assert (ask.prompt, ask.voice, ask.rate, ask.pitch, ask.seed) == ("a newsreader", "de+f3", 1.25, -2, 7)
    assert (ask.width, ask.height, ask.fps, ask.captions) == (1280, 720, 50, "burned")
    assert (ask.motion.head, ask.motion.blink, ask.motion.gaze, ask.allow_degraded) == (0.5, 1, 2, False)
    assert (job.priority, job.client) == (2, "127.0.0.1")


def test_turns_of_several_speakers_and_their_cast_reach_the_job(served: Served) -> None:
    turns = [
        {"speaker": "Ada", "text": "Hello.\nBen: is no turn here."},
        {"speaker": "ben", "text": "Hi!"},
        {"speaker": "Ada", "text": "Well."},
    ]
    cast = {"Ben": {"image": "https://example.com/ben.png", "voice": "de", "pitch": -2}}
    job_id = served.ask(script=turns, cast=cast, layout="cut", consent=True)
    assert served.client.get(f"/v1/videos/{job_id}").json()["request"]["speakers"] == ["Ada", "Ben"]
    asked = served.jobs.job(job_id).request
    assert [(turn.speaker, turn.text) for turn in asked.turns] == [
        ("Ada", "Hello.\nBen: is no turn here."),
        ("Ben", "Hi!"),
        ("Ada", "Well."),
    ]
    assert (asked.cast["Ben"].voice, asked.cast["Ben"].pitch, asked.layout) == ("de", -2, "cut")
    assert asked.cast["Ben"].image in asked.people


def test_priority_time_out_webhook_and_key_reach_the_order(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.client.post("/v1/videos", json=FULL, headers={"Idempotency-Key": "k1"})
        order = served.jobs.orders[-1]
    assert (order.priority, order.timeout, order.key) == (2, 90, "k1")
    assert order.webhook == Webhook("https://example.com/hook", ("failed",))
    assert len(order.digest) == 64


def test_a_finished_job_tells_where_its_files_are_and_what_is_in_them(served: Served) -> None:
    job_id = served.ask(size="640x360", fps=30, seed=5)
    served.jobs.finish(job_id)
    told = served.client.get(f"/v1/videos/{job_id}").json()
    output = told["output"]
    assert (told["status"], told["progress"], told["mode"], told["degraded"]) == ("completed", 100, "video", False)
    assert (output["width"], output["height"], output["fps"], output["seed"]) == (640, 360, 30, 5)
    assert output["duration_seconds"] == 1.0
    assert told["expires_at"] > told["completed_at"] >= told["created_at"]
    for name in ("video", "audio", "thumbnail", "captions", "captions_srt", "words", "motion", "certificate"):
        assert served.client.get(output[name]).status_code == 200, name


def test_a_step_down_stands_in_the_job_while_it_runs_and_after(served: Served) -> None:
    job_id = served.ask()
    served.jobs.start(job_id, "lips", "wav2vec")
    served.jobs.step_down(job_id, FellBack("lips", "wav2vec", "phonemes", "There is no GPU."))
    running = served.client.get(f"/v1/videos/{job_id}").json()
    served.jobs.finish(job_id, reason="There is no GPU.")
    done = served.client.get(f"/v1/videos/{job_id}").json()
    expected = [{"stage": "lips", "from": "wav2vec", "to": "phonemes", "why": "There is no GPU."}]
    assert (running["status"], running["stage"], running["fallbacks"]) == ("in_progress", "lips", expected)
    assert (done["degraded"], done["reason"], done["fallbacks"]) == (True, "There is no GPU.", expected)


def test_sound_alone_is_never_called_a_film(served: Served) -> None:
    job_id = served.ask()
    served.jobs.finish(job_id, video=None, reason="No picture could be made.")
    told = served.client.get(f"/v1/videos/{job_id}").json()
    assert (told["mode"], told["degraded"], told["output"]["video"]) == ("audio_only", True, None)
    assert told["output"]["audio"].endswith("variant=audio")


def test_a_failed_job_says_why(served: Served) -> None:
    job_id = served.ask()
    served.jobs.fail(job_id, StageFailed("speech", (("espeak", "no voice"),)), stage="speech")
    told = served.client.get(f"/v1/videos/{job_id}").json()
    assert told["status"] == "failed"
    assert told["error"] == {
        "code": "stage_failed",
        "message": "Stage speech failed (espeak: no voice).",
        "stage": "speech",
        "retryable": True,
    }


def test_progress_can_be_polled(served: Served) -> None:
    job_id = served.ask()
    served.jobs.start(job_id, "film")
    served.jobs.advance(job_id, "film", 1, 4)
    told = served.client.get(f"/v1/videos/{job_id}").json()
    assert (told["stage"], told["progress"]) == ("film", 25)


def test_pages_follow_each_other_newest_first(served: Served) -> None:
    made = [served.ask() for _ in range(5)]
    found, after = [], None
    for size in (2, 2, 1):
        page = served.client.get("/v1/videos", params={"limit": 2} | ({"after": after} if after else {})).json()
        assert len(page["data"]) == size
        found += [told["id"] for told in page["data"]]
        after = page["after"]
        assert page["has_more"] == (after is not None)
    assert found == made[::-1]
    assert after is None


def test_a_page_may_be_of_one_status(served: Served) -> None:
    first, second = served.ask(), served.ask()
    served.jobs.finish(first)
    done = served.client.get("/v1/videos", params={"status": "completed"}).json()["data"]
    waiting = served.client.get("/v1/videos", params={"status": "queued"}).json()["data"]
    assert ([told["id"] for told in done], [told["id"] for told in waiting]) == ([first], [second])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"after": "video_0"}, 404, "not_found"),
        ({"after": "../../etc/passwd"}, 422, "invalid_request"),
        ({"limit": 0}, 422, "invalid_request"),
        ({"limit": 101}, 422, "invalid_request"),
        ({"status": "dancing"}, 422, "invalid_request"),
    ],
)
def test_a_page_that_can_not_be_is_refused(still: Served, query: dict[str, str], status: int, code: str) -> None:
    problem(still.client.get("/v1/videos", params=query), status, code)


def test_a_job_is_called_off(served: Served) -> None:
    job_id = served.ask()
    told = served.client.post(f"/v1/videos/{job_id}/cancel").json()
    assert (told["status"], told["error"]["code"]) == ("canceled", "cancelled")
    assert served.client.post(f"/v1/videos/{job_id}/cancel").status_code == 200


def test_a_removed_job_is_gone(served: Served) -> None:
    job_id = served.ask()
    answer = served.client.delete(f"/v1/videos/{job_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(served.client.get(f"/v1/videos/{job_id}"), 404, "not_found")
    problem(served.client.delete(f"/v1/videos/{job_id}"), 404, "not_found")


@pytest.mark.parametrize("job_id", ["video_0", "%00", "..%2f..%2fetc%2fpasswd", "x" * 300, "a%0d%0ab", "é"])
@pytest.mark.parametrize("rest", ["", "/content", "/events", "/stream"])
def test_what_does_not_exist_is_not_found_whatever_its_name(still: Served, job_id: str, rest: str) -> None:
    problem(still.client.get(f"/v1/videos/{job_id}{rest}"), 404, "not_found")


def test_the_same_key_and_body_give_the_same_job(served: Served) -> None:
    key = {"Idempotency-Key": "one"}
    first = served.client.post("/v1/videos", json={"script": "Hi", "prompt": "a cook"}, headers=key)
    again = served.client.post("/v1/videos", json={"prompt": "a cook", "script": "Hi"}, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    problem(served.client.post("/v1/videos", json={"script": "Bye"}, headers=key), 409, "conflict")
    assert len(served.client.get("/v1/videos").json()["data"]) == 1


def test_many_at_once_with_one_key_make_one_job(served: Served) -> None:
    def post(_: int) -> str:
        answer = served.client.post("/v1/videos", json={"script": "Hi"}, headers={"Idempotency-Key": "one"})
        return str(answer.json()["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(post, range(16)))) == 1


def test_prefer_wait_holds_the_answer_until_the_job_has_ended(served: Served) -> None:
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(served.client.post, "/v1/videos", json={"script": "Hi"}, headers={"Prefer": "wait=15"})
        job = until(lambda: served.jobs.jobs().jobs)[0]
        served.jobs.start(job.id)
        assert not held.done()
        served.jobs.finish(job.id)
        answer = held.result()
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert answer.headers["preference-applied"] == "wait=15"
    assert answer.headers["location"].endswith(job.id)


def test_prefer_wait_lets_go_when_its_time_is_over(served: Served) -> None:
    answer = served.client.post("/v1/videos", json={"script": "Hi"}, headers={"Prefer": "respond-async, wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")


def test_prefer_wait_is_bounded_by_the_house(tmp_path: Path) -> None:
    with serving(tmp_path, longest_wait=0.05) as served:
        answer = served.client.post("/v1/videos", json={"script": "Hi"}, headers={"Prefer": "wait=999999"})
    assert answer.headers["preference-applied"] == "wait=0.05"


def test_a_look_at_a_job_may_wait_too(served: Served) -> None:
    job_id = served.ask()
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(served.client.get, f"/v1/videos/{job_id}", headers={"Prefer": "wait=15"})
        until(lambda: served.server.desk.bells.listeners)
        served.jobs.finish(job_id)
        assert held.result().json()["status"] == "completed"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "The request has no text. Say what the avatar shall say."),
        ({"script": "?!"}, "no letter or digit"),
        ({"script": "Hi", "colour": "red"}, "colour is not something that can be asked"),
        ({"script": "Hi", "text": "Hi"}, "text is not something that can be asked"),
        ({"script": "Hi", "motion": {"tail": 1}}, "motion.tail is not something that can be asked"),
        ({"script": "Hi", "motion": {"head": 3}}, "motion.head can't be 3"),
        ({"script": "Hi", "size": "big"}, "size can't be 'big'. Write it as 512x512"),
        ({"script": "Hi", "size": "9999x9999"}, "A film of 9999x9999 can't be made"),
        ({"script": "Hi", "size": "64x64"}, "A film of 64x64 can't be made. Use 256 to 1080 pixels on the short side"),
        ({"kind": "image", "prompt": "a face", "size": "0x100"}, "A picture of 0x100 can't be made"),
        ({"script": "Hi", "size": "513x513"}, "can't be encoded"),
        ({"script": "Hi", "fps": 24}, "fps can't be 24. Use 25, 30, 50 or 60."),
        ({"text": "Hi"}, "text is not something that can be asked. Perhaps script is meant."),
        (
            {"script": "Hi", "captoins": "soft"},
            "Perhaps captions is meant.",
        ),
        ({"script": "Hi", "zebra": 1}, "zebra is not something that can be asked. Remove it"),
        ({"script": "Hi", "rate": 9}, "rate can't be 9"),
        ({"script": "Hi", "seed": -1}, "seed can't be -1"),
        ({"script": "Hi", "seed": 1e400}, "seed can't be inf"),
        ({"script": "Hi", "priority": 10}, "priority can't be 10"),
        ({"script": "Hi", "timeout_seconds": 0}, "timeout_seconds can't be 0"),
        ({"script": "Hi", "steps": 0}, "steps"),
        ({"script": "Hi", "variations": 2}, "One film is made at a time"),
        ({"script": "Hi", "kind": "video"}, "The request has no prompt"),
        ({"script": [{"speaker": "a", "text": "Hi"}, {"text": "Ho"}]}, "Each turn needs a speaker"),
        ({"script": "Ada: Hi. Ben: Ho.", "cast": {"Cy": {}}}, "Cy of the cast says nothing"),
        ({"script": "Ada: Hi. Ben: Ho.", "layout": "tiled"}, "layout"),
        ({"script": "Hi [smlie]."}, "[smlie] is no direction. Use [smile]"),
        ({"script": "[nod] [pause 1s]"}, "no letter or digit to speak"),
        ({"script": "Hi", "expression": "joyous"}, "expression can't be 'joyous'"),
        ({"script": "Hi", "image": "/etc/passwd"}, "image is neither an upload id nor a web address"),
        ({"script": "Hi", "image": "file:///etc/passwd"}, "image is neither an upload id nor a web address"),
        ({"script": "Hi", "image": {"sha256": "0" * 64}}, "image can't be"),
        ({"script": "Hi", "webhook": {"url": "javascript:alert(1)"}}, "webhook.url is not a web address"),
        ({"script": "Hi", "webhook": {"url": "https://me:pw@example.com"}}, "webhook.url is not a web address"),
        ({"script": "Hi\u0007"}, "control character U+0007"),
    ],
)
def test_what_can_not_be_made_is_refused_in_a_sentence(still: Served, body: dict[str, Any], says: str) -> None:
    answer = still.client.post("/v1/videos", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert says in problem(answer, 422, "invalid_request")["detail"]
    assert still.jobs.jobs().jobs == ()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"Hi"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"script":' + b"9" * 5000 + b"}", b"{} {}",
     b'{"script": "\\ud800"}', b'{"\\ud800": 1, "script": "Hi"}', b'{"script": "Hi", "rate": NaN}'],
)  # fmt: skip
def test_a_body_that_is_no_request_is_refused(still: Served, body: bytes) -> None:
    answer = still.client.post("/v1/videos", content=body, headers={"Content-Type": "application/json"})
    problem(answer, 422, "invalid_request")


def test_a_page_can_not_post_a_request_as_plain_text(still: Served) -> None:
    answer = still.client.post("/v1/videos", content=b'{"script": "Hi"}', headers={"Content-Type": "text/plain"})
    assert "application/json" in problem(answer, 422, "invalid_request")["detail"]


def test_a_text_over_the_limit_is_too_large_or_refused(still: Served) -> None:
    answer = still.client.post("/v1/videos", json={"script": "a" * (MAX_TEXT + 1)})
    assert problem(answer, 413, "too_large")["detail"].startswith("The text has 30,001 characters")


def test_what_was_sent_is_quoted_shortly_or_not_at_all(still: Served) -> None:
    told = problem(still.client.post("/v1/videos", json={"script": "Hi", "size": "x" * 5000}), 422, "invalid_request")
    assert len(told["detail"]) < 300
    assert told["field"] == "size"


def test_a_full_house_says_when_to_come_back(served: Served) -> None:
    served.jobs.refusal = QueueFull("1,000 jobs wait already. Try again later.", retry_after=12.2)
    answer = served.client.post("/v1/videos", json={"script": "Hi"})
    assert problem(answer, 503, "queue_full")["retryable"] is True
    assert answer.headers["retry-after"] == "13"


def test_asking_too_often_says_when_to_come_back(served: Served) -> None:
    served.jobs.refusal = RateLimited("You ask too often. Wait a little.", retry_after=0.1)
    answer = served.client.post("/v1/videos", json={"script": "Hi"})
    problem(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "1"


def test_a_full_disk_is_told_as_such(served: Served) -> None:
    served.jobs.refusal = NoRoom("The disk is full. Free some space.")
    problem(served.client.post("/v1/videos", json={"script": "Hi"}), 507, "insufficient_storage")


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
def test_a_key_that_is_none_is_refused(still: Served, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    problem(still.client.post("/v1/videos", json={"script": "Hi"}, headers=headers), 422, "invalid_request")


def test_a_method_that_is_not_taken_is_told(still: Served) -> None:
    answer = still.client.put("/v1/videos")
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]
