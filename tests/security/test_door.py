"""Attacks on the door itself, over real HTTP: paths, bodies, headers, keys, origins."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import CodeType

import httpx
import pytest

from avatar.doors.api.rules import Hands, Rules
from avatar.download import download
from avatar.jobs.service import House, UploadKind
from avatar.jobs.webhooks import check_url
from avatar.media import inspect, kinds
from tests.mcp.house import Served, served
from tests.security.files import picture, png, wav
from tests.security.hosts import host, saying
from tests.tiny import tiny_house

KEY = "0123456789abcdef"
JSON = "Host: localhost\r\nContent-Type: application/json\r\n"
PATIENCE = 60.0


def examine(path: Path, kind: UploadKind) -> str:
    return inspect.inspect_image(path).media_type if kind == "image" else inspect.inspect_sound(path).media_type


def fetch(url: str, folder: Path, kind: UploadKind) -> Path:
    wanted = kinds.IMAGES if kind == "image" else kinds.SOUNDS
    return download(url, folder=folder, limit=10**6, kinds=wanted, timeout=5).path


def strict_house() -> House:
    return replace(tiny_house(), examine=examine)


HANDS = Hands(fetch=fetch, check_hook=check_url)


@contextmanager
def door(folder: Path, **rules: object) -> Iterator[Served]:
    """The whole application with its real hands."""
    with served(folder, hands=HANDS, house=strict_house(), rules=lambda place: Rules(place, **rules)) as house:  # type: ignore[arg-type]
        yield house


def raw(house: Served, data: bytes) -> bytes:
    """What the server answers to these very bytes, until it closes or has answered once."""
    place = httpx.URL(house.url)
    with closing(socket.create_connection((place.host, place.port or 80), timeout=PATIENCE)) as line:
        line.sendall(data)
        heard = b""
        while b"\r\n\r\n" not in heard:
            piece = line.recv(65_536)
            if not piece:
                break
            heard += piece
    return heard


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# Names of files


@pytest.mark.parametrize(
    "path",
    [
        "/v1/videos/..%2f..%2f..%2fetc%2fpasswd", "/v1/videos/../../../../etc/passwd", "/v1/videos/%2e%2e/content",
        "/v1/videos/video_0/content?variant=../../../etc/passwd", "/v1/videos/%00/content",
        "/v1/videos//etc/passwd/content",
        "/outputs/..%2f..%2f..%2fetc%2fpasswd", "/outputs/../../../../etc/passwd", "/outputs/%2e%2e%2fetc/passwd",
        "/outputs//etc/passwd", "/outputs/avatar_video_1.mp4%00.png", "/docs/..%2f..%2fetc/passwd",
        "/static/../etc/passwd",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file_that_the_client_names(tmp_path: Path, path: str) -> None:
    with door(tmp_path) as house:
        answer = raw(house, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert status(answer) in (400, 404, 422)
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "source",
    ["/etc/passwd", "file:///etc/passwd", "../upload_1", "upload_../../x", "data:image/png;base64,AAAA", "~/.ssh/id"],
)
@pytest.mark.parametrize("field", ["image", "audio"])
def test_no_source_is_a_path(tmp_path: Path, field: str, source: str) -> None:
    with door(tmp_path) as house:
        answer = httpx.post(f"{house.url}/v1/videos", json={"script": "Hi.", "consent": True, field: source})
        assert answer.status_code in (404, 422)
        assert house.jobs.jobs().jobs == ()


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/tmp/evil.png", "a\0.png", "C:\\evil.png", "x" * 5000, ".htaccess"]
)
def test_an_upload_s_own_name_is_not_used(tmp_path: Path, name: str) -> None:
    with door(tmp_path) as house:
        answer = httpx.post(
            f"{house.url}/v1/uploads", files={"file": (name, picture("PNG"), "image/png")}, data={"consent": "true"}
        )
        assert answer.status_code in (201, 422)
        assert list((tmp_path / "incoming").iterdir()) == []
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name or path.name == ".htaccess"]


# Addresses


@pytest.mark.parametrize("field", ["image", "audio"])
def test_a_source_inside_is_not_fetched(tmp_path: Path, field: str) -> None:
    with host(saying(picture("PNG"))) as inner, door(tmp_path) as house:
        for name in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"):
            for port in (inner.port, 80):
                body = {"script": "Hi.", "consent": True, field: f"http://{name}:{port}/a.png"}
                assert httpx.post(f"{house.url}/v1/videos", json=body).status_code == 422
    assert inner.asked == []


def test_a_webhook_inside_is_refused_at_once(tmp_path: Path) -> None:
    with door(tmp_path) as house:
        for url in ("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/", "ftp://a.b/"):
            answer = httpx.post(f"{house.url}/v1/videos", json={"script": "Hi.", "webhook": {"url": url}})
            assert answer.status_code == 422
        assert house.jobs.jobs().jobs == ()


# Bodies


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/plans", "/v1/uploads", "/generate", "/mcp"])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(tmp_path: Path, path: str) -> None:
    with door(tmp_path, upload_limit=10**6) as house:
        told = f"POST {path} HTTP/1.1\r\n{JSON}Content-Length: 99999999999\r\n\r\n"
        assert status(raw(house, told.encode())) == 413


@pytest.mark.parametrize("path", ["/v1/videos", "/generate", "/mcp"])
def test_a_body_that_does_not_say_its_length_is_cut_at_the_limit(tmp_path: Path, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n"
    with door(tmp_path) as house:
        assert (
            status(raw(house, head.encode() + b"80000\r\n" + b" " * 0x80000 + b"\r\n" + b"80000\r\n" + b" " * 0x80000))
            == 413
        )


def test_a_body_that_stops_coming_is_not_waited_for(tmp_path: Path) -> None:
    with door(tmp_path, patience=0.2) as house:
        head = f"POST /v1/videos HTTP/1.1\r\n{JSON}Content-Length: 99\r\n\r\n{{"
        assert status(raw(house, head.encode())) == 408


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 900_000, b'{"a":' * 150_000, b'{"script":"Hi.","seed":' + b"9" * 100_000 + b"}",
        b'{"script":"Hi.","rate":NaN}',
        b'{"script":"Hi.","rate":1e999}', b'{"script":"\\ud800"}', b'{"script":"a\\u0000b"}', b"\xff\xfe",
        b"", b"null", b"[]", b'"text"', b'{"script":' + b'[{"text":"a"},' * 60_000 + b'{"text":"a"}]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/videos", "/v1/plans", "/generate"])
def test_a_body_made_to_break_the_parser_is_a_plain_refusal(tmp_path: Path, path: str, body: bytes) -> None:
    with door(tmp_path) as house:
        answer = httpx.post(f"{house.url}{path}", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (413, 422)
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "body", [b"[" * 900_000, b'{"a":' * 150_000, b"\xff\xfe", b"", b"null", b"[]", b'{"jsonrpc":"2.0"}']
)
def test_a_body_made_to_break_the_protocol_is_a_plain_refusal(tmp_path: Path, body: bytes) -> None:
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    with door(tmp_path) as house:
        answer = httpx.post(house.mcp, content=body, headers=sent)
        assert 400 <= answer.status_code < 500
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("data", "claimed", "status"),
    [
        (b"<html><script>alert(1)</script></html>", "image/png", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 415),
        (png(60_000, 60_000, (b"IDAT", b"")), "image/png", 413),
        (picture("PNG")[:500], "image/png", 415),
        (picture("WEBP", frames=3), "image/webp", 415),
        (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "audio/wav", 415),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "audio/mpeg", 415),
        (wav(b""), "audio/wav", 415),
        (picture("PNG"), "audio/wav", 415),
        (wav(bytes(48_000)), "image/png", 415),
    ],
)
def test_a_lying_or_hostile_upload_is_refused_and_nothing_of_it_is_kept(
    tmp_path: Path, data: bytes, claimed: str, status: int
) -> None:
    with door(tmp_path) as house:
        sent = {"file": ("file", data, claimed)}
        answer = httpx.post(f"{house.url}/v1/uploads", files=sent, data={"consent": "true"})
        assert answer.status_code == status
        assert answer.json()["code"] in ("unsupported_media", "too_large")
        assert list((tmp_path / "incoming").iterdir()) == []
    assert str(tmp_path) not in answer.text


def test_a_file_over_the_limit_is_refused_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    with door(tmp_path, upload_limit=1000) as house:
        sent = {"file": ("a.png", png(9, 9, (b"IDAT", bytes(5000))), "image/png")}
        assert httpx.post(f"{house.url}/v1/uploads", files=sent, data={"consent": "true"}).status_code == 413
        assert list((tmp_path / "incoming").iterdir()) == []


# Headers and logs


@pytest.mark.parametrize(
    "name", ["evil.example/<script>", 'evil.example" onload=x', "a b", "evil.example:99999999", "@evil.example", ""]
)
def test_a_host_that_is_none_is_not_repeated(tmp_path: Path, name: str) -> None:
    body = b'{"script":"Hi."}'
    told = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    head = f"POST /v1/videos HTTP/1.1\r\nHost: {name}\r\n{told}"
    with door(tmp_path) as house:
        answer = raw(house, head.encode() + body)
    assert b"evil" not in answer
    assert b"onload" not in answer


def test_a_host_counts_for_nothing_where_the_owner_names_the_address(tmp_path: Path) -> None:
    with door(tmp_path, public_url="https://films.example") as house:
        for name in ("localhost:1", "films.example"):
            answer = httpx.post(f"{house.url}/v1/videos", json={"script": "Hi."}, headers={"Host": name})
            assert answer.headers["location"].startswith("https://films.example/v1/videos/")
            assert "localhost" not in answer.text


def test_no_line_break_gets_into_an_answer_s_headers(tmp_path: Path) -> None:
    with door(tmp_path) as house:
        for path in (
            "/v1/videos/a%0d%0aX-Evil:%20yes",
            "/v1/videos?after=a%0d%0aX-Evil:%20yes",
            "/outputs/a%0d%0aX-Evil:1",
        ):
            answer = httpx.get(house.url + path)
            assert "x-evil" not in answer.headers
            assert answer.status_code in (404, 422)


def test_no_line_of_the_log_is_written_by_a_stranger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    evil = "a%0aERROR:%20all%20is%20lost%1b[31m"
    sent = {"User-Agent": "x\tERROR all is lost", "Idempotency-Key": "a b", "Last-Event-ID": "1"}
    with door(tmp_path, api_keys=(("ann", KEY),)) as house:
        for path in (f"/v1/videos/{evil}", f"/{evil}", f"/mcp?{evil}", f"/v1/voices?language={evil}"):
            httpx.get(house.url + path, headers=sent)
            httpx.get(house.url + path, headers={**sent, "X-API-Key": KEY})
    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not any("\n" in record.getMessage() or "\x1b" in record.getMessage() for record in own)
    assert KEY not in "\n".join(record.getMessage() for record in own)


# Keys


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"X-API-Key": ""}, {"X-API-Key": KEY[:-1]}, {"X-API-Key": KEY + "0"}, {"X-API-Key": KEY.upper()},
        {"X-API-Key": "ann"}, {"Authorization": f"Basic {KEY}"}, {"Authorization": KEY}, {"Authorization": "Bearer"},
        {"X-API-Key": "x" * 20_000}, {"Cookie": f"X-API-Key={KEY}"},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/v1/videos", "/v1/voices", "/metrics", "/outputs/a.mp4", "/mcp", "/generate", "/v1/uploads"]
)
def test_without_a_valid_key_nothing_is_answered(tmp_path: Path, path: str, sent: dict[str, str]) -> None:
    with door(tmp_path, api_keys=(("ann", KEY),)) as house:
        for method in ("GET", "POST"):
            answer = httpx.request(method, house.url + path, headers=sent)
            assert answer.status_code == 401
            assert answer.json()["code"] == "unauthorised"


def test_a_key_of_letters_that_no_key_has_is_refused_in_good_order(tmp_path: Path) -> None:
    with door(tmp_path, api_keys=(("ann", KEY),)) as house:
        answer = raw(house, b"GET /v1/voices HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \xff\xfe\xc3\xa9\r\n\r\n")
    assert status(answer) == 401


def test_a_key_in_the_address_does_not_count(tmp_path: Path) -> None:
    with door(tmp_path, api_keys=(("ann", KEY),)) as house:
        assert httpx.get(f"{house.url}/v1/voices?key={KEY}&api_key={KEY}&x-api-key={KEY}").status_code == 401


def test_keys_are_compared_by_the_function_whose_time_tells_nothing() -> None:
    from avatar.doors.api import callers

    names = {name for code in _codes(Path(callers.__file__)) for name in code.co_names}
    assert "compare_digest" in names


def _codes(file: Path) -> Iterator[CodeType]:
    waiting = [compile(file.read_text(), str(file), "exec")]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [part for part in code.co_consts if isinstance(part, CodeType)]


# Origins


def test_no_page_of_another_origin_may_read_an_answer_unless_the_owner_says_so(tmp_path: Path) -> None:
    with door(tmp_path) as house:
        for method in ("GET", "OPTIONS"):
            for path in ("/v1/voices", "/mcp", "/health"):
                asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
                answer = httpx.request(method, house.url + path, headers=asked)
                assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://studio.example.evil.example", "http://studio.example"]
)
def test_only_the_origins_that_the_owner_named_may_read(tmp_path: Path, origin: str) -> None:
    with door(tmp_path, cors=("https://studio.example",)) as house:
        refused = httpx.get(f"{house.url}/v1/voices", headers={"Origin": origin})
        taken = httpx.get(f"{house.url}/v1/voices", headers={"Origin": "https://studio.example"})
    assert "access-control-allow-origin" not in refused.headers
    assert taken.headers["access-control-allow-origin"] == "https://studio.example"
    assert "access-control-allow-credentials" not in taken.headers


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
@pytest.mark.parametrize("path", ["/v1/videos", "/generate", "/mcp"])
def test_a_page_can_t_ask_for_work_by_a_request_that_browsers_send_unasked(
    tmp_path: Path, path: str, kind: str
) -> None:
    body = json.dumps({"script": "Hi.", "prompt": "x", "text_to_speech": "Hi."})
    with door(tmp_path) as house:
        sent = {"Content-Type": kind, "Origin": "https://evil.example"} if kind else {"Origin": "https://evil.example"}
        answer = httpx.post(house.url + path, content=body, headers=sent)
        assert 400 <= answer.status_code < 500
        assert house.jobs.jobs().jobs == ()


@pytest.mark.parametrize("path", ["/v1/videos", "/generate", "/mcp"])
def test_a_page_whose_own_name_points_here_can_t_ask_for_work(tmp_path: Path, path: str) -> None:
    """DNS rebinding: the browser takes the answer for one of the page's own server."""
    with door(tmp_path) as house:
        sent = {"Host": "evil.example:7860", "Origin": "http://evil.example:7860"}
        body = {"script": "Hi."} if path == "/v1/videos" else {"prompt": "x", "text_to_speech": "Hi."}
        answer = httpx.post(house.url + path, json=body, headers=sent)
        assert answer.status_code == 403
        assert house.jobs.jobs().jobs == ()


def test_a_name_that_points_here_without_the_owner_s_word_reads_nothing(tmp_path: Path) -> None:
    with door(tmp_path) as house:
        for path in ("/v1/videos", "/v1/voices", "/health", "/mcp", "/openapi.json"):
            assert httpx.get(house.url + path, headers={"Host": "evil.example"}).status_code == 403
        for name in ("localhost:7860", "127.0.0.1", "[::1]:7860"):
            assert httpx.get(f"{house.url}/v1/voices", headers={"Host": name}).status_code == 200


def test_a_page_of_another_origin_can_t_have_anything_done(tmp_path: Path) -> None:
    with door(tmp_path, cors=("https://studio.example",)) as house:
        for origin, wanted in (("https://evil.example", 403), ("null", 403), ("https://studio.example", 202)):
            asked = {"Origin": origin}
            assert httpx.post(f"{house.url}/v1/videos", json={"script": "Hi."}, headers=asked).status_code == wanted
        for origin in (house.url, "http://localhost:3000"):
            asked = {"Origin": origin}
            assert httpx.post(f"{house.url}/v1/videos", json={"script": "Hi."}, headers=asked).status_code == 202


# Answers


def test_every_answer_tells_browsers_to_take_it_for_what_it_is(tmp_path: Path) -> None:
    with door(tmp_path) as house:
        for path in ("/v1/voices", "/v1/videos/video_0", "/v1/nowhere", "/health", "/mcp"):
            assert httpx.get(house.url + path).headers["x-content-type-options"] == "nosniff"


def test_what_goes_wrong_inside_stays_inside(tmp_path: Path) -> None:
    with door(tmp_path) as house:
        house.jobs.refusal = ZeroDivisionError(f"{tmp_path}/secret")  # type: ignore[assignment]
        answer = httpx.post(f"{house.url}/v1/videos", json={"script": "Hi."})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert str(tmp_path) not in answer.text
    assert "ZeroDivision" not in answer.text
