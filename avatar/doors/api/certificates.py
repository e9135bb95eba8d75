"""Measured quality, on demand: one film at a time, each once. Knows not how anything is measured."""

from collections import OrderedDict

import anyio
import anyio.to_thread

from avatar.doors import measuring, report
from avatar.jobs.service import JobService

KEPT = 256


class Certificates:
    """The certificates that were asked for last, as JSON."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._one = anyio.CapacityLimiter(1)

    async def of(self, job_id: str) -> bytes:
        """The certificate of a finished job's film. Raises `NotFound` without one, and `StorageError`."""
        if job_id in self._made:
            self._made.move_to_end(job_id)
            return self._made[job_id]
        made = await anyio.to_thread.run_sync(self._measure, job_id, limiter=self._one)
        self._made[job_id] = made
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return made

    def _measure(self, job_id: str) -> bytes:
        if job_id in self._made:  # another caller's wish, while this one waited
            return self._made[job_id]
        return report.as_json(measuring.certificate(self._jobs, job_id)).encode()
