"""The SDK's own client over real streamable HTTP, in both eras of the protocol."""

import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import anyio
import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent, TextResourceContents

from avatar.doors.api.files import Named
from avatar.doors.api.rules import Rules
from avatar.doors.mcp import resources
from avatar.errors import BadOutput, QueueFull
from avatar.events import FellBack
from avatar.jobs.service import Told
from avatar.testing_jobs import ScriptedJobs
from tests.mcp.house import PATIENCE, Served, served, until

Said = list[tuple[float, float | None, str | None]]
TOOLS = {"create_video", "get_video", "cancel_video", "plan_video", "list_voices", "list_avatars"}
KEYS = {"Authorization": "Bearer 0123456789abcdef"}


def finish(jobs: ScriptedJobs, job_id: str) -> None:
    jobs.start(job_id, "speech")
    for done in range(1, 5):
        jobs.advance(job_id, "film", done, 5)
    jobs.step_down(job_id, FellBack("lips", "better", "tiny", "no card"))
    jobs.finish(job_id, video=b"\0\1film")


def talk(url: str, conversation: Callable[[Client], Awaitable[Any]], *, mode: str = "auto") -> Any:
    """What comes of a conversation with the server at `url`."""

    async def run() -> Any:
        with anyio.fail_after(PATIENCE):
            async with Client(url, mode=mode) as client:
                return await conversation(client)

    return anyio.run(run)


def text_of(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


def call(house: Served, name: str, *, mode: str = "auto", **arguments: Any) -> CallToolResult:
    async def conversation(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    result = talk(house.mcp, conversation, mode=mode)
    assert isinstance(result, CallToolResult)
    return result


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_every_tool_tells_what_it_takes_and_gives(tmp_path: Path, mode: str) -> None:
    with served(tmp_path) as house:
        listed = talk(house.mcp, lambda client: client.list_tools(), mode=mode)
    assert {tool.name for tool in listed.tools} == TOOLS
    for tool in listed.tools:
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.description


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_film_is_made_while_the_client_waits_and_hears_how_far_it_is(tmp_path: Path, mode: str) -> None:
    said: Said = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        said.append((progress, total, message))

    async def conversation(client: Client) -> CallToolResult:
        return await client.call_tool("create_video", {"script": "Hello.", "wait": True}, progress_callback=heard)

    with served(tmp_path, plays=finish) as house:
        result = talk(house.mcp, conversation, mode=mode)
    video = result.structured_content
    assert not result.is_error
    assert video["status"] == "completed"
    assert video["degraded"] is True
    assert video["fallbacks"] == [{"stage": "lips", "from": "better", "to": "tiny", "why": "no card"}]
    assert video["output"]["video"] == f"{house.url}/v1/videos/{video['id']}/content?variant=video"
    assert {total for _, total, _ in said} == {100.0}
    assert [at for at, _, _ in said] == sorted({at for at, _, _ in said}), "progress only ever rises"
    assert said[-1] == (100.0, 100.0, "done")
    assert any(message and message.startswith("film: ") for _, _, message in said)
    assert json.loads(text_of(result)) == video
    assert result.content[1].uri == f"avatar://videos/{video['id']}/video"


def test_without_wait_the_job_comes_at_once_and_is_followed_by_its_id(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        created = call(house, "create_video", script="Hello.", seed=7).structured_content
        assert (created["status"], created["queue_position"]) == ("queued", 1)
        house.jobs.start(created["id"])
        assert call(house, "get_video", id=created["id"]).structured_content["status"] == "in_progress"
        house.jobs.finish(created["id"])
        done = call(house, "get_video", id=created["id"]).structured_content
        assert (done["status"], done["output"]["seed"]) == ("completed", 7)


def test_the_job_is_the_one_that_the_json_api_shows(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        created = call(house, "create_video", script="Hello.").structured_content
        house.jobs.finish(created["id"])
        shown = httpx.get(f"{house.url}/v1/videos/{created['id']}").json()
        assert call(house, "get_video", id=created["id"]).structured_content == shown


def test_a_film_is_called_off(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        created = call(house, "create_video", script="Hello.").structured_content
        assert call(house, "cancel_video", id=created["id"]).structured_content["status"] == "canceled"
        assert house.jobs.job(created["id"]).status == "canceled"


def test_the_end_is_told_though_it_comes_between_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: Said = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        said.append((progress, total, message))

    async def conversation(client: Client) -> CallToolResult:
        return await client.call_tool("create_video", {"script": "Hello.", "wait": True}, progress_callback=heard)

    with served(tmp_path) as house:
        events = house.jobs.events

        def ends_just_after(job_id: str, *, after: int = 0) -> Sequence[Told]:
            told = events(job_id, after=after)
            house.jobs.finish(job_id)
            return told

        monkeypatch.setattr(house.jobs, "events", ends_just_after)
        result = talk(house.mcp, conversation)
    assert result.structured_content["status"] == "completed"
    assert said[-1] == (100.0, 100.0, "done")


def test_who_hangs_up_while_waiting_calls_nothing_off(tmp_path: Path) -> None:
    async def conversation(client: Client) -> None:
        with anyio.CancelScope() as scope:

            async def heard(progress: float, total: float | None, message: str | None) -> None:
                scope.cancel()

            await client.call_tool("create_video", {"script": "Hello.", "wait": True}, progress_callback=heard)
        assert scope.cancelled_caught

    with served(tmp_path) as house:
        talk(house.mcp, conversation)
        (job,) = house.jobs.jobs().jobs
        assert job.status == "queued"
        until(lambda: house.app.state.desk.bells.listeners == 0)


def test_plans_voices_and_avatars_are_told(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        plan = call(house, "plan_video", script="Hello.").structured_content
        assert {row["stage"] for row in plan["backends"]} >= {"speech", "lips", "film"}
        assert [row["id"] for row in call(house, "list_voices", language="de").structured_content["data"]] == ["de"]
        assert [row["id"] for row in call(house, "list_avatars").structured_content["data"]] == ["ada"]
        assert house.jobs.jobs().jobs == ()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("create_video", {}, "invalid_request"),
        ("create_video", {"script": "Hello.", "size": "9000x9000"}, "invalid_request"),
        ("create_video", {"script": "Hello.", "film": True}, "invalid_request"),
        ("create_video", {"script": "x" * 30_001}, "too_large"),
        ("create_video", {"script": "Hello.", "image": "../../etc/passwd"}, "invalid_request"),
        ("create_video", {"script": "Hello.", "image": "http://127.0.0.1/a.png"}, "consent_required"),
        ("create_video", {"script": "Hello.", "webhook": {"url": "http://127.0.0.1/"}}, "invalid_request"),
        ("get_video", {"id": "video_0"}, "not_found"),
        ("get_video", {"id": "../video_0"}, "invalid_request"),
        ("cancel_video", {"id": "video_0"}, "not_found"),
        ("list_avatars", {"page": 2}, "invalid_request"),
    ],
)
def test_a_refusal_is_a_tool_error_with_a_code(
    tmp_path: Path, name: str, arguments: dict[str, Any], code: str, mode: str
) -> None:
    with served(tmp_path) as house:
        result = call(house, name, mode=mode, **arguments)
    assert result.is_error
    assert result.structured_content["error"]["code"] == code
    assert text_of(result).startswith(f"{code}: ")
    assert str(tmp_path) not in text_of(result)


def test_a_full_queue_and_a_failed_job_say_so(tmp_path: Path) -> None:
    with served(
        tmp_path, plays=lambda jobs, job_id: jobs.fail(job_id, BadOutput("It came out black. Try again."))
    ) as house:
        failed = call(house, "create_video", script="Hello.", wait=True)
        assert not failed.is_error, "the call did what it should: it is the job that failed"
        assert failed.structured_content["status"] == "failed"
        assert failed.structured_content["error"]["code"] == "bad_output"
        house.jobs.refusal = QueueFull("Too many wait. Come back later.", retry_after=5)
        refused = call(house, "create_video", script="Hello.")
        assert refused.structured_content["error"] == {
            "code": "queue_full", "message": "Too many wait. Come back later.", "stage": None, "retryable": True,
        }  # fmt: skip


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_what_breaks_inside_shows_nothing_of_the_inside(tmp_path: Path, mode: str) -> None:
    with served(tmp_path) as house:
        house.jobs.refusal = ZeroDivisionError(str(tmp_path))  # type: ignore[assignment]
        result = call(house, "create_video", mode=mode, script="Hello.")
    assert result.is_error
    assert result.structured_content["error"]["code"] == "internal"
    assert str(tmp_path) not in result.model_dump_json()
    assert "ZeroDivision" not in result.model_dump_json()


def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol(tmp_path: Path) -> None:
    with served(tmp_path) as house, pytest.raises(BaseExceptionGroup) as raised:
        call(house, "delete_everything")
    assert raised.group_contains(MCPError, match="no such tool", depth=None)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_jobs_and_files_are_resources(tmp_path: Path, mode: str) -> None:
    async def conversation(client: Client) -> tuple[Any, ...]:
        templates = await client.list_resource_templates()
        listed = await client.list_resources()
        job = await client.read_resource(listed.resources[0].uri)
        film = await client.read_resource(f"{listed.resources[0].uri}/video")
        captions = await client.read_resource(f"{listed.resources[0].uri}/captions.vtt")
        certificate = await client.read_resource(f"{listed.resources[0].uri}/certificate.json")
        return templates, listed, job, film, captions, certificate

    with served(tmp_path) as house:
        job_id = call(house, "create_video", script="Hello\nthere.").structured_content["id"]
        house.jobs.finish(job_id, video=b"\0\1film")
        templates, listed, job, film, captions, certificate = talk(house.mcp, conversation, mode=mode)
        shown = httpx.get(f"{house.url}/v1/videos/{job_id}").json()
    assert [each.uri_template for each in templates.resource_templates] == [
        "avatar://videos/{id}", "avatar://videos/{id}/{variant}",
    ]  # fmt: skip
    assert [(each.uri, each.title) for each in listed.resources] == [(f"avatar://videos/{job_id}", "Hello there.")]
    assert isinstance(job.contents[0], TextResourceContents)
    assert json.loads(job.contents[0].text) == shown
    assert (film.contents[0].mime_type, film.contents[0].blob) == ("video/mp4", "AAFmaWxt")
    assert captions.contents[0].text == "vtt"
    assert json.loads(certificate.contents[0].text)["passed"] is True


def test_every_file_of_a_film_has_a_name_that_can_be_asked_for() -> None:
    assert all(resources.URI.fullmatch(f"avatar://videos/video_0/{name}") for name in get_args(Named))


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("avatar://videos/video_0", "not_found"),
        ("avatar://videos/../../etc/passwd", "not_found"),
        ("avatar://videos/video_0/rig", "not_found"),
        ("file:///etc/passwd", "not_found"),
        ("http://127.0.0.1/", "not_found"),
    ],
)
def test_what_is_not_there_can_t_be_read(tmp_path: Path, uri: str, code: str) -> None:
    async def conversation(client: Client) -> MCPError:
        with pytest.raises(MCPError) as raised:
            await client.read_resource(uri)
        return raised.value

    with served(tmp_path) as house:
        error = talk(house.mcp, conversation)
    assert error.data == {"code": code}


def test_a_film_too_large_for_an_answer_is_told_by_its_address(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        job_id = call(house, "create_video", script="Hello.").structured_content["id"]
        house.jobs.finish(job_id, video=bytes(800_000))

        async def conversation(client: Client) -> MCPError:
            with pytest.raises(MCPError) as raised:
                await client.read_resource(f"avatar://videos/{job_id}/video")
            return raised.value

        error = talk(house.mcp, conversation)
        assert error.data == {"code": "too_large"}
        address = error.message.rpartition(" ")[2].removesuffix(".")
        assert len(httpx.get(address).content) == 800_000


def keyed(incoming: Path) -> Rules:
    return Rules(incoming, api_keys=(("ann", "0123456789abcdef"), ("ben", "fedcba9876543210")))


def test_where_keys_are_needed_no_tool_is_told_without_one(tmp_path: Path) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    sent = {"Accept": "application/json, text/event-stream"}
    with served(tmp_path, rules=keyed) as house:
        assert httpx.post(house.mcp, json=asked, headers=sent).status_code == 401
        assert httpx.post(house.mcp, json=asked, headers={**sent, **KEYS}).status_code == 200


def test_a_job_belongs_to_the_key_that_asked_for_it(tmp_path: Path) -> None:
    def named(key: str, name: str, **arguments: Any) -> dict[str, Any]:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        sent = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {key}"}
        text = httpx.post(house.mcp, json=asked, headers=sent).text
        told: dict[str, Any] = json.loads(text.partition("data: ")[2].strip())["result"]["structuredContent"]
        return told

    with served(tmp_path, rules=keyed) as house:
        mine = named("0123456789abcdef", "create_video", script="Hello.")
        assert house.jobs.job(mine["id"]).client == "ann"
        assert named("0123456789abcdef", "get_video", id=mine["id"])["status"] == "queued"
        assert named("fedcba9876543210", "get_video", id=mine["id"])["error"]["code"] == "not_found"
        assert named("fedcba9876543210", "cancel_video", id=mine["id"])["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("http://rebound.example:7860", 403),
        ("null", 403),
        ("http://localhost:3000", 200),
        ("https://studio.example", 200),
    ],
)
def test_pages_of_other_origins_may_not_ask(tmp_path: Path, origin: str, status: int) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    sent = {"Accept": "application/json, text/event-stream", "Origin": origin}
    with served(tmp_path, rules=lambda incoming: Rules(incoming, cors=("https://studio.example",))) as house:
        assert httpx.post(house.mcp, json=asked, headers=sent).status_code == status


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_no_stream_can_be_held_open_without_a_question(tmp_path: Path, method: str) -> None:
    with served(tmp_path) as house:
        answer = httpx.request(method, house.mcp, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 405


def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        assert httpx.post(house.mcp, content=b"[" * 1_000_001).status_code == 413


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "mcp.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    with served(tmp_path, plays=finish) as house:
        code = code.replace("http://127.0.0.1:7860/mcp", house.mcp)
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ran.stdout.startswith(f"{house.url}/v1/videos/video_")
