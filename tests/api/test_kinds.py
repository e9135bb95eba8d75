"""Kinds video and image over HTTP: what they take, what comes back, what is refused."""

import pytest

from tests.api.served import Served


def test_pictures_come_back_one_for_each_seed(quick: Served) -> None:
    job = quick.client.get(
        f"/v1/videos/{quick.ask(kind='image', script='', prompt='a sailor', variations=3, seed=4)}"
    ).json()
    output = job["output"]
    assert (job["mode"], job["status"], output["video"], output["audio"]) == ("image", "completed", None, None)
    assert [take["seed"] for take in output["takes"]] == [4, 5, 6]
    for address in (output["image"], output["sheet"], *(take["url"] for take in output["takes"])):
        answer = quick.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert quick.client.get(f"/v1/videos/{job['id']}/content").headers["content-type"] == "image/png"
    assert quick.client.get(f"/v1/videos/{job['id']}/content?variant=audio").status_code == 404
    assert quick.client.get(f"/v1/videos/{job['id']}/content?variant=take-4").status_code == 404
    assert quick.client.get(f"/v1/videos/{job['id']}/stream").status_code == 404


def test_a_film_of_words_comes_back(quick: Served) -> None:
    job = quick.client.get(f"/v1/videos/{quick.ask(kind='video', script='', prompt='waves', seconds=1)}").json()
    assert (job["mode"], job["output"]["image"], job["output"]["sheet"]) == ("video", None, None)
    assert quick.client.get(job["output"]["video"]).headers["content-type"] == "video/mp4"
    assert quick.client.get(job["output"]["thumbnail"]).headers["content-type"] == "image/jpeg"


def test_controls_reach_the_job(served: Served) -> None:
    controls = {
        "negative_prompt": "rain", "steps": 12, "guidance_scale": 4.5, "sampler": "unipc", "profile": "minimal",
        "backends": {"video": "drift"}, "cache_threshold": 0.1,
    }  # fmt: skip
    ask = served.jobs.job(served.ask(kind="video", script="", prompt="waves", seconds=2.5, **controls)).request
    assert (ask.sampling.negative, ask.sampling.steps, ask.sampling.guidance) == ("rain", 12, 4.5)
    assert ask.sampling.cache_threshold == 0.1
    assert (ask.sampling.sampler, ask.profile, ask.backends, ask.seconds) == (
        "unipc",
        "minimal",
        {"video": "drift"},
        2.5,
    )


def test_a_film_may_be_asked_for_by_its_frames(served: Served) -> None:
    ask = served.jobs.job(served.ask(kind="video", script="", prompt="waves", frames=30, fps=50)).request
    assert (ask.length, ask.seconds) == (0.6, None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "image"}, "The request has no prompt"),
        ({"kind": "image", "prompt": "x", "script": "Hi."}, "Nothing is said"),
        ({"kind": "video", "prompt": "x", "avatar": "ada"}, "A gallery avatar only talks"),
        ({"kind": "image", "prompt": "x", "seconds": 3}, "An image is made from words alone"),
        ({"kind": "video", "prompt": "x", "steps": 0}, "steps"),
        ({"kind": "video", "prompt": "x", "steps": 10**9}, "steps"),
        ({"kind": "video", "prompt": "x", "sampler": "magic"}, "sampler"),
        ({"kind": "video", "prompt": "x", "cache_threshold": 1.5}, "cache_threshold"),
        ({"kind": "video", "prompt": "x", "variations": 0}, "variations"),
        ({"kind": "video", "prompt": "x", "seconds": 10**6}, "seconds"),
        ({"kind": "video", "prompt": "x", "frames": 0}, "frames can't be 0"),
        ({"kind": "video", "prompt": "x", "frames": 10**6}, "frames can't be 1000000"),
        ({"kind": "video", "prompt": "x", "frames": 4}, "frames can't be 4. Use 5 to 1500 at 25 a second"),
        ({"kind": "video", "prompt": "x", "frames": 3000}, "frames can't be 3000. Use 5 to 1500 at 25"),
        ({"kind": "video", "prompt": "x", "frames": 50, "seconds": 2}, "Give seconds or frames"),
        ({"kind": "image", "prompt": "x", "frames": 50}, "An image is made from words alone"),
        ({"kind": "talk", "script": "Hi.", "frames": 50}, "Leave frames out"),
        ({"kind": "talk", "script": "Hi.", "seconds": 3}, "Leave seconds out"),
        ({"kind": "video", "prompt": "x" * 100_000}, "prompt"),
    ],
)
def test_what_can_t_be_made_is_refused_by_its_field(still: Served, body: dict[str, object], says: str) -> None:
    answer = still.client.post("/v1/videos", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
