"""The protocol's server: hands each message to a tool or a resource, and answers in their words. Knows no transport."""

import json
import logging
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError

from avatar import __version__
from avatar.doors import report
from avatar.doors.api import problems
from avatar.doors.api.answers import Video
from avatar.doors.api.desk import Desk
from avatar.doors.mcp import resources
from avatar.doors.mcp.tools import BY_NAME, Tool
from avatar.doors.mcp.visits import visit
from avatar.errors import AvatarError

Context = ServerRequestContext[Any, Any]

ABOUT = (
    "Makes films of an avatar that says a text. Call create_video, then get_video until its status is completed, or"
    " create_video with wait=true. A result with degraded=true is less than was asked for; reason says why."
)
FOR_A_DAY = 86_400_000
"""Milliseconds for which clients may keep what changes only with the program."""

_log = logging.getLogger(__name__)


def build(desk: Desk) -> Server[Any]:
    """The server for one desk."""

    async def tools(_context: Context, _page: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[_described(tool) for tool in BY_NAME.values()], ttl_ms=FOR_A_DAY, cache_scope="public"
        )

    async def call(context: Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        tool = BY_NAME.get(asked.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no such tool. Use one of {', '.join(BY_NAME)}.")
        try:
            taken = tool.takes.model_validate(asked.arguments or {})
            return _answer(await tool.act(visit(desk, context), taken))
        except ValidationError as error:
            return _refused(problems.refusal(error))
        except AvatarError as error:
            return _refused(error)
        except Exception:  # noqa: BLE001 - the door's last wall
            _log.exception("A tool failed unexpectedly.")
            return _refused(AvatarError("Something unexpected happened here. Try again, or tell the owner."))

    async def listed(context: Context, _page: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=await resources.listed(visit(desk, context)))

    async def templates(
        _context: Context, _page: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=resources.TEMPLATES, ttl_ms=FOR_A_DAY, cache_scope="public"
        )

    async def read(context: Context, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return types.ReadResourceResult(contents=list(await resources.read(visit(desk, context), asked.uri)))

    return Server(
        "avatar-chat",
        version=__version__,
        title="Avatar Chat",
        instructions=ABOUT,
        on_list_tools=tools,
        on_call_tool=call,
        on_list_resources=listed,
        on_list_resource_templates=templates,
        on_read_resource=read,
    )


def _described(tool: Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads_only, destructive_hint=tool.name == "cancel_video", open_world_hint=False
        ),
    )


def _answer(given: BaseModel) -> types.CallToolResult:
    told = given.model_dump(mode="json")
    content: list[types.ContentBlock] = [types.TextContent(text=json.dumps(told, ensure_ascii=False))]
    where = resources.link(given) if isinstance(given, Video) else None
    if where:
        content.append(where)
    return types.CallToolResult(content=content, structured_content=told)


def _refused(error: AvatarError) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=f"{error.code}: {error}")],
        structured_content={"error": report.error(error)},
        is_error=True,
    )
