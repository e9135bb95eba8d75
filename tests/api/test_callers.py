"""Who may ask, and what each of them sees."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar.errors import BadRequest
from tests.api.asked import problem
from tests.api.served import ADMIN, KEYS, Served, serving

ANN, BOB, OWNER = ({"X-API-Key": key} for key in (KEYS[0][1], KEYS[1][1], ADMIN))


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that wants keys, one for a whole file."""
    with serving(tmp_path_factory.mktemp("locked"), api_keys=KEYS) as found:
        yield found


def test_without_keys_everybody_may_ask(still: Served) -> None:
    assert still.client.get("/v1/voices").status_code == 200
    assert still.client.get("/v1/voices", headers={"Authorization": "Bearer of-somebody-else"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "ann-has-a-long-ke"},
        {"X-API-Key": "ann-has-a-long-keyy"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic ann-has-a-long-key"},
        {"Authorization": "Bearer wrong", "X-API-Key": "ann-has-a-long-key"},
        {"X-API-Key": b"\xff\xfe"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/videos", "/metrics", "/outputs/video_0.mp4", "/nothing/here"])
def test_with_keys_strangers_stay_outside(locked: Served, headers: dict[str, str | bytes], path: str) -> None:
    answer = locked.client.get(path, headers=headers)  # type: ignore[arg-type]
    if path == "/nothing/here":  # not this door's: whoever hangs there has rules of their own
        problem(answer, 404, "not_found")
    else:
        problem(answer, 401, "unauthorised")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_health_and_the_description_need_no_key(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=KEYS) as served:
        for path in ("/health", "/openapi.json", "/docs"):
            assert served.client.get(path).status_code == 200
        for path in ("/health", "/docs"):  # what watches servers asks so
            answer = served.client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")
        assert served.client.get("/openapi.json").json()["components"]["securitySchemes"].keys() == {
            "bearer",
            "header",
        }


def test_a_stranger_s_body_is_not_read(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=KEYS) as served:
        answer = served.client.post("/v1/uploads", content=b"x" * 2_000_000)
    problem(answer, 401, "unauthorised")


def test_both_headers_carry_a_key(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=KEYS) as served:
        served.client.post("/v1/videos", json={"script": "Hi"}, headers={"Authorization": f"bearer {KEYS[0][1]}"})
        served.client.post("/v1/videos", json={"script": "Hi"}, headers=ANN)
        assert [job.client for job in served.jobs.jobs().jobs] == ["ann", "ann"]


def test_nobody_sees_the_jobs_and_uploads_of_others_but_the_owner(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=KEYS, admin_key=ADMIN) as served:
        job_id = served.client.post("/v1/videos", json={"script": "Hi"}, headers=ANN).json()["id"]
        upload = served.client.post(
            "/v1/uploads", files={"file": ("a.png", b"a", "image/png")}, data={"consent": "true"}, headers=ANN
        ).json()["upload_id"]
        served.jobs.grow(job_id, b"growing")
        served.jobs.finish(job_id)
        home = f"/v1/videos/{job_id}"
        for path in (home, home + "/content", home + "/events", home + "/stream", f"/outputs/{job_id}.mp4"):
            problem(served.client.get(path, headers=BOB), 404, "not_found")
            assert served.client.get(path, headers=ANN).status_code == 200
            assert served.client.get(path, headers=OWNER).status_code == 200
        problem(served.client.get(home + "/content?variant=certificate.json", headers=BOB), 404, "not_found")
        problem(served.client.post(home + "/cancel", headers=BOB), 404, "not_found")
        problem(served.client.delete(home, headers=BOB), 404, "not_found")
        used = {"script": "Hi", "image": upload}
        problem(served.client.post("/v1/videos", json=used, headers=BOB), 404, "not_found")
        assert served.client.post("/v1/videos", json=used, headers=ANN).status_code == 202
        assert served.client.get("/v1/videos", headers=BOB).json()["data"] == []
        problem(served.client.get("/v1/videos", params={"after": job_id}, headers=BOB), 404, "not_found")
        assert len(served.client.get("/v1/videos", headers=OWNER).json()["data"]) == 2
        assert served.client.delete(home, headers=OWNER).status_code == 204


def test_keys_of_idempotency_are_each_client_s_own(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=KEYS) as served:
        ids = {
            served.client.post("/v1/videos", json={"script": "Hi"}, headers={**key, "Idempotency-Key": "1"}).json()[
                "id"
            ]
            for key in (ANN, BOB)
        }
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        ((), "203.0.113.7", "127.0.0.1"),
        (("10.0.0.0/8",), "203.0.113.7", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.7", "203.0.113.7"),
        (("127.0.0.0/8", "10.0.0.1"), "198.51.100.1, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (("127.0.0.1",), "spoofed, 203.0.113.7", "203.0.113.7"),
        (("127.0.0.1",), "203.0.113.7, not an address", "127.0.0.1"),
        (("127.0.0.1",), "2001:DB8::1", "2001:db8::1"),
        (("127.0.0.1",), "", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(
    tmp_path: Path, proxies: tuple[str, ...], forwarded: str, client: str
) -> None:
    with serving(tmp_path, trusted_proxies=proxies) as served:
        served.client.post("/v1/videos", json={"script": "Hi"}, headers={"X-Forwarded-For": forwarded})
        assert served.jobs.jobs().jobs[0].client == client


def test_two_addresses_do_not_see_each_other(tmp_path: Path) -> None:
    with serving(tmp_path, trusted_proxies=("127.0.0.1",)) as served:
        here, there = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2"}
        job_id = served.client.post("/v1/videos", json={"script": "Hi"}, headers=here).json()["id"]
        problem(served.client.get(f"/v1/videos/{job_id}", headers=there), 404, "not_found")


def test_a_proxy_that_is_no_address_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="AVATAR_TRUSTED_PROXIES"), serving(tmp_path, trusted_proxies=("proxy",)):
        pass


def test_addresses_in_answers_are_how_the_outside_reaches_us(tmp_path: Path) -> None:
    def home(served: Served, **headers: str) -> str:
        answer = served.client.post("/v1/videos", json={"script": "Hi"}, headers=headers)
        return str(answer.headers["location"]).partition("/v1/")[0]

    with serving(tmp_path / "a", trusted_proxies=("127.0.0.1",)) as served:
        assert home(served, **{"Host": "films.example", "X-Forwarded-Proto": "https"}) == "https://films.example"
        assert home(served, Host="[::1]:80") == "http://[::1]:80"
        assert home(served, Host='evil"><script>') == ""
    with serving(tmp_path / "b") as served:
        assert home(served, **{"X-Forwarded-Proto": "https"}) == served.address
    with serving(tmp_path / "c", public_url="https://films.example/base") as served:
        assert home(served, Host="other") == "https://films.example/base"


def test_pages_of_other_origins_may_not_ask(still: Served) -> None:
    answer = still.client.get("/v1/voices", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    wanted = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in still.client.options("/v1/videos", headers=wanted).headers


def test_pages_that_the_owner_named_may_ask_even_where_keys_are_needed(tmp_path: Path) -> None:
    with serving(tmp_path, cors=("https://good.example",), api_keys=KEYS) as served:
        wanted = {
            "Origin": "https://good.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key, idempotency-key",
        }
        before = served.client.options("/v1/videos", headers=wanted)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == "https://good.example"
        asked = served.client.get("/v1/voices", headers={"Origin": "https://good.example", **ANN})
        assert asked.headers["access-control-allow-origin"] == "https://good.example"
        assert "access-control-allow-credentials" not in asked.headers
        evil = served.client.get("/v1/voices", headers={"Origin": "https://evil.example", **ANN})
        assert "access-control-allow-origin" not in evil.headers


def test_pages_of_any_origin_may_ask_where_the_owner_said_so(tmp_path: Path) -> None:
    with serving(tmp_path, cors=("*",)) as served:
        answer = served.client.post("/v1/videos", json={"script": "Hi"}, headers={"Origin": "https://any.example"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (202, "*")


def test_pages_of_other_origins_get_nothing_done(still: Served) -> None:
    answer = still.client.post("/v1/videos", json={"script": "Hi"}, headers={"Origin": "https://evil.example"})
    problem(answer, 403, "forbidden")
    assert still.jobs.jobs().jobs == ()
