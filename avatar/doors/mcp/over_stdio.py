"""MCP over standard input and output, for a client that started this process. Knows no tool."""

import anyio
from mcp.server.stdio import stdio_server

from avatar.doors.api.desk import Desk
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.mcp.server import build
from avatar.jobs.service import JobService


def run_stdio(jobs: JobService, rules: Rules, hands: Hands) -> None:
    """Serve until the input ends. What others print to standard output meanwhile goes to standard error."""
    anyio.run(_serve, jobs, rules, hands)


async def _serve(jobs: JobService, rules: Rules, hands: Hands) -> None:
    server = build(Desk(jobs, rules, hands))
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
