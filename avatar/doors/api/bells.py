"""Who waits for news of which job, without a thread for any of them. Knows no HTTP."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import anyio.to_thread

Watch = Callable[[Callable[[str], None]], Callable[[], None]]


class Bell:
    """Rings when there may be news. It does not count: read all that is new after each ring."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There is news."""
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Whether it rang, now or within `seconds`."""
        with anyio.move_on_after(seconds):
            await self._rung.wait()
        rang = self._rung.is_set()
        self._rung.clear()
        return rang


class Bells:
    """All bells of this process. They belong to one event loop; the service is watched only while somebody listens."""

    def __init__(self, watch: Watch) -> None:
        self.closed = False
        self._watch = watch
        self._unwatch: Callable[[], None] | None = None
        self._changing = asyncio.Lock()
        self._bells: dict[str, set[Bell]] = {}

    @property
    def listeners(self) -> int:
        """How many wait."""
        return sum(map(len, self._bells.values()))

    @asynccontextmanager
    async def listen(self, job_id: str) -> AsyncIterator[Bell]:
        """A bell that rings for this job, and once when the house closes."""
        bell = Bell()
        self._bells.setdefault(job_id, set()).add(bell)
        try:
            await self._attend()
            yield bell
        finally:
            self._bells[job_id].discard(bell)
            if not self._bells[job_id]:
                del self._bells[job_id]
            with anyio.CancelScope(shield=True):
                await self._attend()

    def close(self) -> None:
        """Ring all bells for the last time."""
        self.closed = True
        for bells in self._bells.values():
            for bell in bells:
                bell.ring()

    async def _attend(self) -> None:
        async with self._changing:
            if self._bells and self._unwatch is None:
                self._unwatch = await anyio.to_thread.run_sync(self._watch, self._messenger())
            elif not self._bells and self._unwatch is not None:
                unwatch, self._unwatch = self._unwatch, None
                await anyio.to_thread.run_sync(unwatch)

    def _messenger(self) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()
        waiting: set[str] = set()
        guard = threading.Lock()

        def deliver() -> None:
            with guard:
                news = tuple(waiting)
                waiting.clear()
            for job_id in news:
                for bell in self._bells.get(job_id, ()):
                    bell.ring()

        def news(job_id: str) -> None:
            with guard:
                first = not waiting
                waiting.add(job_id)
            if first:
                with suppress(RuntimeError):  # the loop is gone, and with it all who listened
                    loop.call_soon_threadsafe(deliver)

        return news
