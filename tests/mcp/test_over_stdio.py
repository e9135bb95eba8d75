"""The SDK's own client and a real process, over pipes."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import ResourceLink

from tests.mcp.house import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def talk(folder: Path, conversation: Callable[[Client], Awaitable[Any]], *, mode: str) -> Any:
    command = StdioServerParameters(
        command=sys.executable, args=["-W", "error", "-m", "tests.mcp.stdio_house", str(folder)], cwd=ROOT
    )

    async def run() -> Any:
        with anyio.fail_after(PATIENCE):
            async with Client(command, mode=mode) as client:
                return await conversation(client)

    return anyio.run(run)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_film_is_made_followed_and_read_though_something_prints(tmp_path: Path, mode: str) -> None:
    said: list[tuple[float, float | None]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        said.append((progress, total))

    async def conversation(client: Client) -> tuple[Any, ...]:
        tools = await client.list_tools()
        made = await client.call_tool("create_video", {"script": "Hello.", "wait": True}, progress_callback=heard)
        refused = await client.call_tool("get_video", {"id": "video_0"})
        assert isinstance(made.content[1], ResourceLink)
        film = await client.read_resource(made.content[1].uri)
        return tools, made, refused, film

    tools, made, refused, film = talk(tmp_path, conversation, mode=mode)
    assert len(tools.tools) == 6
    assert made.structured_content["status"] == "completed"
    assert said[-1] == (100.0, 100.0)
    assert refused.structured_content["error"]["code"] == "not_found"
    assert len(film.contents[0].blob) > 2_000_000, "there is no web address here, so the bytes themselves must come"
    told = made.structured_content
    assert told["output"]["video"] == told["urls"]["content"] == film.contents[0].uri
    assert not [text for text in [*told["output"].values(), *told["urls"].values()] if str(text).startswith("/v1")]


def test_the_process_ends_with_its_input(tmp_path: Path) -> None:
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "tests.mcp.stdio_house", str(tmp_path)],
        input=json.dumps(hello) + "\n", capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=ROOT,
    )  # fmt: skip
    (answer,) = ended.stdout.splitlines()
    assert json.loads(answer)["result"]["serverInfo"]["name"] == "avatar-chat"
