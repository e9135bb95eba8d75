"""Waits for a job's end and tells its progress on the way. Knows no tool."""

import anyio

from avatar.doors.mcp.visits import Visit
from avatar.jobs.service import ENDED, Job, Told

LONGEST = 600.0
"""Seconds that one call may wait; the job goes on after it."""
LOOK = 5.0
"""Seconds after which it is looked at again, should a bell have been missed."""


async def ended(visit: Visit, job: Job) -> Job:
    """The job when it has ended, or as it then is. Whoever hangs up meanwhile calls nothing off."""
    desk = visit.desk
    number, percent = 0, -1.0
    with desk.stream(visit.caller), anyio.move_on_after(LONGEST):
        async with desk.bells.listen(job.id) as bell:
            while True:
                job = await desk.ask(desk.jobs.job, job.id, client=visit.caller.sees)  # first: its end is told by then
                for told in await desk.ask(desk.jobs.events, job.id, after=number):
                    number = told.number
                    at = _percent(told, percent)
                    if at > percent:
                        percent = at
                        await visit.progressed(percent, _sentence(told))
                if job.status in ENDED or desk.bells.closed:
                    break
                await bell.wait(LOOK)
    return job


def _percent(told: Told, before: float) -> float:
    """How far it is; the protocol wants it to rise with every word, so what tells no more is not told."""
    if told.name == "finished":
        return 100.0
    if told.name == "progress":
        return float(told.data.get("percent", before))
    return max(before, 0.0)


def _sentence(told: Told) -> str:
    data = told.data
    match told.name:
        case "queued":
            return f"waiting, number {data.get('position') or 1}"
        case "progress":
            return f"{data.get('stage')}: {data.get('done')} of {data.get('total')}"
        case "finished":
            return "done"
    return str(data.get("stage") or told.name)
