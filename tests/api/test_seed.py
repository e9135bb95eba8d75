"""The first version's calls, as its clients know them."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from avatar.errors import StageFailed
from avatar.events import FellBack
from avatar.testing_jobs import ScriptedJobs
from tests.api.asked import problem
from tests.api.served import Served, serving, until

BODY = {"prompt": "A friendly teacher", "text_to_speech": "Hello."}


def test_a_film_is_made_and_waited_for(quick: Served) -> None:
    answer = quick.client.post("/generate", json=BODY)
    told = answer.json()
    assert answer.status_code == 200
    assert told["message"].startswith("Video generated successfully")
    assert told["output_path"] == f"/outputs/{told['job_id']}.mp4"
    assert isinstance(told["processing_time"], float)
    assert (told["audio_generated"], told["tts_method"]) == (True, "tiny")
    assert (told["mode"], told["degraded"], told["warnings"]) == ("video", False, [])
    assert quick.client.get(told["output_path"]).content == b"a film"
    assert quick.client.get(told["video_url"]).content == b"a film"
    assert quick.client.get(told["captions_url"]).content == b"vtt"
    assert quick.client.head(told["output_path"]).headers["content-length"] == "6"
    assert quick.client.get(told["output_path"], headers={"Range": "bytes=0-0"}).content == b"a"


def test_all_old_fields_are_taken_and_those_without_effect_are_named(quick: Served) -> None:
    old = {"guidance_scale": 5.0, "audio_scale": 3, "num_steps": 30, "sp_size": 1, "tea_cache_l1_thresh": 0.1}
    answer = quick.client.post("/generate", json={**BODY, **old, "voice_id": "21m00Tcm4TlvDq8ikWAM", "seed": 3})
    told = answer.json()
    assert answer.status_code == 200
    assert told["seed"] == 3
    assert [warning.split()[0] for warning in told["warnings"]] == [*old, "voice_id"]
    assert quick.jobs.job(told["job_id"]).request.voice is None


def test_a_voice_of_this_house_is_taken(quick: Served) -> None:
    told = quick.client.post("/generate", json={**BODY, "voice_id": "de+f3"}).json()
    assert (quick.jobs.job(told["job_id"]).request.voice, told["warnings"]) == ("de+f3", [])


@pytest.mark.parametrize("name", ["audio_url", "elevenlabs_audio_url"])
def test_a_recording_is_fetched_when_its_speaker_agreed(quick: Served, name: str) -> None:
    url = "https://example.com/said.wav"
    body = {"prompt": "A teacher", name: url, "image_url": "https://example.com/face.png"}
    problem(quick.client.post("/generate", json={**body, "consent": False}), 403, "consent_required")
    told = quick.client.post("/generate", json=body).json()
    ask = quick.jobs.job(told["job_id"]).request
    assert told["audio_generated"] is False
    assert ask.audio
    assert ask.image
    assert (quick.jobs.folder / ask.audio.sha256).read_text() == url


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"prompt": "A teacher"}, "There is nothing to say. Send text_to_speech or audio_url."),
        ({"text_to_speech": "Hello."}, "The request has no prompt."),
        ({**BODY, "text": "Hi"}, "text is not something that can be asked."),
        ({**BODY, "num_steps": "many"}, "num_steps can't be 'many'"),
        ({**BODY, "text_to_speech": "?!"}, "no letter or digit"),
        ({**BODY, "image_url": "/etc/passwd"}, "image is neither an upload id nor a web address"),
    ],
)
def test_what_can_not_be_made_is_refused(still: Served, body: dict[str, Any], says: str) -> None:
    assert says in problem(still.client.post("/generate", json=body), 422, "invalid_request")["detail"]


def sound_only(jobs: ScriptedJobs, job_id: str) -> None:
    jobs.finish(job_id, video=None, reason="No picture could be made.")


def second_choice(jobs: ScriptedJobs, job_id: str) -> None:
    jobs.step_down(job_id, FellBack("lips", "wav2vec", "phonemes", "There is no GPU."))
    jobs.finish(job_id)


@pytest.mark.parametrize(
    ("plays", "mode", "ending", "warning"),
    [
        (sound_only, "audio_only", ".wav", "No picture could be made."),
        (second_choice, "video", ".mp4", "lips: phonemes took over from wav2vec (There is no GPU.)"),
    ],
)
def test_less_than_was_asked_for_is_told_as_such(
    tmp_path: Path, plays: Callable[[ScriptedJobs, str], None], mode: str, ending: str, warning: str
) -> None:
    with serving(tmp_path, plays=plays) as served:
        told = served.client.post("/generate", json=BODY).json()
        assert (told["mode"], told["degraded"], told["warnings"]) == (mode, True, [warning])
        assert "successfully" not in told["message"]
        assert told["output_path"].endswith(ending)
        assert served.client.get(told["output_path"]).status_code == 200


def test_a_failure_is_an_error_and_no_film(tmp_path: Path) -> None:
    def fails(jobs: ScriptedJobs, job_id: str) -> None:
        jobs.fail(job_id, StageFailed("speech", (("espeak", "no voice"),)))

    with serving(tmp_path, plays=fails) as served:
        answer = served.client.post("/generate", json=BODY)
    assert problem(answer, 500, "stage_failed")["stage"] == "speech"


def test_a_job_that_is_called_off_meanwhile_is_a_conflict(served: Served) -> None:
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(served.client.post, "/generate", json=BODY)
        job = until(lambda: served.jobs.jobs().jobs)[0]
        served.jobs.cancel(job.id)
        problem(held.result(), 409, "cancelled")


def test_who_hangs_up_calls_the_job_off(served: Served) -> None:
    asked = httpx.Request("POST", f"{served.address}/generate", json=BODY)
    lines = ["POST /generate HTTP/1.1", *(f"{name}: {value}" for name, value in asked.headers.items()), "", ""]
    with socket.create_connection(("127.0.0.1", served.port)) as hasty:
        hasty.sendall("\r\n".join(lines).encode() + asked.read())
        (job,) = until(lambda: served.jobs.jobs().jobs)
    until(lambda: served.jobs.job(job.id).status == "canceled")


@pytest.mark.parametrize("name", ["video_0.mp4", "video_0.exe", "..%2f..%2fetc%2fpasswd", "%00.mp4", "a b.wav"])
def test_only_films_of_jobs_lie_below_outputs(still: Served, name: str) -> None:
    problem(still.client.get(f"/outputs/{name}"), 404, "not_found")


def test_health_says_what_this_house_can_do(still: Served) -> None:
    told = still.client.get("/health").json()
    assert told["status"] == "healthy"
    assert told["capabilities"].items() >= {"speech": True, "video": True, "gpu": False}.items()
    assert told["plan"]["object"] == "plan"
    assert told["queue"] == {"queued": 0, "running": 0, "workers": 1}


def test_voices_are_listed_as_before(still: Served) -> None:
    assert [voice["id"] for voice in still.client.get("/voices").json()["voices"]] == ["en-us", "de"]
