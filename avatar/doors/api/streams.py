"""What goes on while a job runs: its events (Server-Sent Events) and its film. Knows no route."""

import json
from collections.abc import AsyncIterator, Iterator

import anyio

from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk
from avatar.doors.api.walls import BrokenOff
from avatar.errors import AvatarError, NotFound
from avatar.jobs.service import ENDED, LAST, Told

HEARTBEAT = b": here\n\n"
RETRY = b"retry: 2000\n\n"  # milliseconds that a browser waits before it comes back
PAUSE = 0.1  # seconds between two looks at a film that does not grow


def line(told: Told) -> bytes:
    """One event as it goes over the wire. JSON has no line ends of its own, so nothing can be smuggled in."""
    data = json.dumps({"at": told.at, **told.data}, separators=(",", ":"))
    return f"id: {told.number}\nevent: {told.name}\ndata: {data}\n\n".encode()


async def events(desk: Desk, job_id: str, *, caller: Caller, after: int) -> AsyncIterator[bytes] | None:
    """The events after number `after`, until the last one; None when there are none to come. Raises `NotFound`."""
    job = await desk.ask(desk.jobs.job, job_id, client=caller.sees)
    first = await desk.ask(desk.jobs.events, job_id, after=after)
    if job.status in ENDED and not first:
        return None
    return _told(desk, job_id, caller=caller, after=after)


async def _told(desk: Desk, job_id: str, *, caller: Caller, after: int) -> AsyncIterator[bytes]:
    with desk.stream(caller):
        yield RETRY
        async with desk.bells.listen(job_id) as bell:
            while not desk.bells.closed:
                try:
                    news = await desk.ask(desk.jobs.events, job_id, after=after)
                except NotFound:  # it was removed meanwhile
                    return
                except AvatarError as error:  # who comes back hears the rest
                    raise BrokenOff from error
                for told in news:
                    yield line(told)
                    after = told.number
                if any(told.name in LAST for told in news):
                    return
                if not await bell.wait(desk.rules.heartbeat):
                    yield HEARTBEAT


async def film(desk: Desk, job_id: str, *, caller: Caller) -> AsyncIterator[bytes]:
    """The film while it grows. Raises `NotFound`, or the job's own error."""
    await desk.ask(desk.jobs.job, job_id, client=caller.sees)
    pieces = await desk.ask(desk.jobs.live, job_id)
    first = await desk.ask(next, pieces, None)
    if first is None:
        raise NotFound(f"Job {job_id} has no film to watch. Ask for its audio.")
    return _grown(desk, job_id, caller=caller, first=first, pieces=pieces)


async def _grown(
    desk: Desk, job_id: str, *, caller: Caller, first: bytes, pieces: Iterator[bytes]
) -> AsyncIterator[bytes]:
    with desk.stream(caller):
        try:
            async with desk.bells.listen(job_id) as bell:
                piece: bytes | None = first
                while piece is not None:
                    if piece:
                        yield piece
                    elif desk.bells.closed:
                        raise BrokenOff
                    else:
                        await bell.wait(PAUSE)
                    piece = await desk.ask(next, pieces, None)
        except AvatarError as error:
            raise BrokenOff from error
        finally:
            with anyio.CancelScope(shield=True):
                await desk.ask(getattr(pieces, "close", int))
