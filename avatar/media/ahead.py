"""Runs an iterator in a thread of its own, a few items ahead. Knows nothing of what the items are."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class _End:
    """What the producer sends last, with the error that ended it, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], depth: int) -> Iterator[T]:
    """The same items in order, made at most `depth` ahead in a second thread.

    An error in the producer is raised here, in its place. When the consumer stops early the producer is stopped too,
    and its thread has ended before this generator is closed.
    """
    line: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def send(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                line.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for item in items:
                if not send(item):
                    return
        except BaseException as error:  # noqa: BLE001 - whatever ends the producer is raised in the consumer
            send(_End(error))
        else:
            send(_End(None))

    thread = threading.Thread(target=produce, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = line.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()
