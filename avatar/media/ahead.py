"""Makes items in other threads, a few ahead of who takes them. Knows nothing of what the items are."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
Of = TypeVar("Of")

PATIENCE = 0.1
"""Seconds after which a waiting producer looks whether it is still wanted."""


class _End:
    """What the producer sends last, with the error that ended it, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Line(Generic[T]):
    """The queue between the two threads, which a stopped consumer never blocks."""

    def __init__(self, depth: int) -> None:
        self.items: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
        self.stopped = threading.Event()

    def send(self, item: T | _End) -> bool:
        """Put an item in line; false when nobody wants it any more."""
        while not self.stopped.is_set():
            try:
                self.items.put(item, timeout=PATIENCE)
            except queue.Full:
                continue
            return True
        return False

    def fill(self, items: Iterator[T]) -> None:
        """Send all items, then the end."""
        try:
            for item in items:
                if not self.send(item):
                    return
        except BaseException as error:  # noqa: BLE001 - whatever ends the producer is raised in the consumer
            self.send(_End(error))
        else:
            self.send(_End(None))


def ahead(items: Iterator[T], depth: int) -> Generator[T, None, None]:
    """The same items in order, made at most `depth` ahead in a second thread.

    An error in the producer is raised here, in its place. When the consumer stops early the producer is stopped too,
    and its thread has ended before this generator is closed.
    """
    line: _Line[T] = _Line(depth)
    thread = threading.Thread(target=line.fill, args=(items,), name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = line.items.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        line.stopped.set()
        thread.join()


def abreast(work: Callable[[Of], T], items: Iterable[Of], *, threads: int, depth: int) -> Generator[T, None, None]:
    """What `work` makes of each item, in order, made by so many threads at once and at most `depth` ahead.

    An error of `work` is raised here, in its place. When the consumer stops early nothing more is begun, and all
    threads have ended before this generator is closed.
    """
    coming: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="abreast") as pool:
        try:
            for item in items:
                coming.append(pool.submit(work, item))
                if len(coming) > depth:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
