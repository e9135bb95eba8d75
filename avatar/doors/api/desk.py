"""What every route is handed: the job service, the rules, and who asks. Knows no route."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import Depends, Path, Request

from avatar.doors.api import answers
from avatar.doors.api.answers import Video, VideoList
from avatar.doors.api.bells import Bells
from avatar.doors.api.callers import Caller
from avatar.doors.api.certificates import Certificates
from avatar.doors.api.rules import Hands, Rules
from avatar.errors import RateLimited
from avatar.jobs.service import ENDED, ID, Job, JobService, Page

T = TypeVar("T")

HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


class Desk:
    """One per application. Its bells belong to the loop that serves it."""

    def __init__(self, jobs: JobService, rules: Rules, hands: Hands) -> None:
        self.jobs = jobs
        self.rules = rules
        self.hands = hands
        self.bells = Bells(jobs.watch)
        self.certificates = Certificates(jobs)
        self._streams: Counter[str] = Counter()

    async def ask(self, question: Callable[..., T], *about: Any, **more: Any) -> T:
        """The answer of something that may wait for a disk or a database, without holding up the others."""
        return await anyio.to_thread.run_sync(partial(question, *about, **more))

    def describe(self, job: Job, base: str) -> Video:
        """The job object; `base` is how the outside reaches this door."""
        licences = self.jobs.house.licences(job.outcome) if job.outcome else ()
        return answers.video(job, base, licences=licences)

    def describe_page(self, page: Page, base: str) -> VideoList:
        """A page of jobs."""
        data = [self.describe(job, base) for job in page.jobs]
        return VideoList(data=data, after=page.after, has_more=page.after is not None)

    async def awaited(self, job_id: str, *, caller: Caller, seconds: float) -> Job:
        """The job when it has ended, or as it is after `seconds`. Raises `NotFound`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        async with self.bells.listen(job_id) as bell:
            while True:
                job = await self.ask(self.jobs.job, job_id, client=caller.sees)
                left = end - loop.time()
                if job.status in ENDED or left <= 0 or self.bells.closed:
                    return job
                await bell.wait(min(left, self.rules.heartbeat))

    def check_streams(self, caller: Caller) -> None:
        """Raises `RateLimited` when this caller holds too many streams open."""
        if self._streams[caller.name] >= self.rules.streams:
            raise RateLimited(
                f"You hold {self.rules.streams} streams open already. Close one first.",
                retry_after=self.rules.heartbeat,
            )

    @contextmanager
    def stream(self, caller: Caller) -> Iterator[None]:
        """A stream that this caller holds open."""
        self._streams[caller.name] += 1
        try:
            yield
        finally:
            self._streams[caller.name] -= 1
            if not self._streams[caller.name]:
                del self._streams[caller.name]

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._streams.total()


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def base_of(request: Request) -> str:
    """How the outside reaches this door, without a slash at the end; empty when the request does not say."""
    desk: Desk = request.app.state.desk
    if desk.rules.public_url:
        return desk.rules.public_url
    host = request.headers.get("host", "")
    scheme = "https" if request.state.secure else request.url.scheme
    root: str = request.scope.get("root_path", "")
    return f"{scheme}://{host}{root}" if HOST.fullmatch(host) else root


At = Annotated[Desk, Depends(_desk)]
Who = Annotated[Caller, Depends(_caller)]
Base = Annotated[str, Depends(base_of)]
JobId = Annotated[
    str,
    Path(
        pattern=f"^{ID}$",
        description="The `id` of a job",
        examples=["video_0f8fad5bd9cb469fa16570867728950e"],
    ),
]
