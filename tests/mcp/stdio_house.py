"""A process that speaks MCP over its standard streams, as `python -m avatar mcp` does, over the tiny product."""

import sys
from pathlib import Path

from avatar.doors.api.rules import Rules
from avatar.doors.mcp.over_stdio import run_stdio
from avatar.testing_jobs import ScriptedJobs
from tests.mcp.house import HANDS
from tests.tiny import tiny_house


def noisy(jobs: ScriptedJobs, job_id: str) -> None:
    """Makes the film, and prints where only the protocol may speak."""
    print("a library that chatters", flush=True)  # noqa: T201
    jobs.start(job_id)
    jobs.advance(job_id, "film", 1, 2)
    jobs.finish(job_id, video=bytes(2_000_000))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run_stdio(ScriptedJobs(folder / "jobs", house=tiny_house(), plays=noisy), Rules(folder), HANDS)
