"""The one module that knows DBOS: its queues, who has which job in hand, and taking over from the dead.

Knows no request and no stage: a job is an id, and its workflow one function. What its stages came to is remembered by
the workbook, in the transaction that tells of it, which costs a tenth of a DBOS step. What is used of DBOS beyond its
public face is pinned with its version: the loop that empties a queue (so that we can ring it awake, instead of letting
it look ten times a second), the recovery of a dead executor's work (which its open edition leaves to others), and the
engine below it (for SQLite to sync as often as our own connections do).
"""

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig
from dbos import _queue as loops
from dbos._error import DBOSNonExistentWorkflowError
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy import event

from avatar.jobs.tables import database_errors, relax
from avatar.jobs.workbook import FIRST

NAME = "avatar"
VERSION = "1"  # the same for ever: whatever version took a job, this one does it
JOBS = FIRST
GPU = "gpu"
"""Jobs that were put down before a stage that wants an accelerator."""
LOOK = 1.0  # seconds between two looks of a queue's loop that nobody rings
DEATHS = 100  # DBOS's own limit, far above ours: the ledger ends a job whose workers die

logging.getLogger("dbos").setLevel(logging.CRITICAL)


class Bell(Protocol):
    """What a queue's loop sleeps on: the part of `threading.Event` that it uses."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until it is worth looking; true to stop."""
        ...


class Desk:
    """Puts jobs into queues, from any process. Raises `StorageError` when the database can't be reached."""

    def __init__(self, url: str) -> None:
        with database_errors():
            DBOS.migrate(url)
            self._client = DBOSClient(
                system_database_url=url,
                serializer=DBOSPortableJSONSerializer(),
                application_name=NAME,
                retry_connection_errors=False,
            )

    def put(self, found: sa.Connection, job: str, *, priority: int) -> None:
        """Add a job to the queue within the caller's transaction; the lowest priority number comes first."""
        self._client.enqueue_in_transaction(
            found, {"workflow_name": JOBS, "queue_name": JOBS, "workflow_id": job, "priority": priority}, job
        )

    def drop(self, job: str) -> None:
        """Take a job out of its queue."""
        with database_errors():
            self._client.cancel_workflow(job)

    def again(self, job: str, *, queue: str) -> None:
        """Put a job that its worker put down into this queue. Does nothing for one that has ended, or was deleted."""
        with database_errors(), suppress(DBOSNonExistentWorkflowError):
            self._client.resume_workflow(job, queue_name=queue)

    def forget(self, names: Iterable[str]) -> None:
        """Remove all that is remembered of jobs that have ended, and of their children."""
        with database_errors():
            self._client.delete_workflows(list(names), delete_children=True)

    def owned(self) -> dict[str, set[str]]:
        """The jobs that each executor has in hand."""
        owned: dict[str, set[str]] = {}
        with database_errors():
            for each in self._client.list_workflows(status="PENDING", load_input=False, load_output=False):
                if each.executor_id:
                    owned.setdefault(each.executor_id, set()).add(each.workflow_id)
        return owned

    def queued(self, queue: str) -> set[str]:
        """The jobs that wait in this queue."""
        with database_errors():
            found = self._client.list_workflows(
                status="ENQUEUED", queue_name=queue, load_input=False, load_output=False
            )
        return {each.workflow_id for each in found}

    def close(self) -> None:
        """Let go of all connections."""
        self._client.destroy()


class Floor:
    """DBOS launched in this process, which it can be once. `does` is what is done with a job."""

    def __init__(self, url: str, *, executor: str, does: Callable[[str], None]) -> None:
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": url,
            "application_version": VERSION,
            "executor_id": executor,
            "serializer": DBOSPortableJSONSerializer(),
            "sys_db_pool_size": 5,
            "log_level": "CRITICAL",
        }
        self._dbos = DBOS(config=config)
        self._loops: list[threading.Thread] = []
        DBOS.workflow(name=JOBS, max_recovery_attempts=DEATHS)(_plain(does))
        DBOS.listen_queues([])
        DBOS.launch()
        if url.startswith("sqlite"):
            engine = self._dbos._sys_db.engine  # noqa: SLF001 - it syncs at every commit, with no way to say otherwise
            event.listen(engine, "connect", relax)
            engine.dispose()  # what was opened before is closed

    def serve(self, queue: str, *, slots: int, bell: Bell) -> None:
        """Take jobs from this queue, at most `slots` at once, whenever the bell lets the loop look."""
        token = loops._INTERNAL_QUEUE_CONSTRUCTION  # noqa: SLF001 - a queue of this process, with slots of its own
        row = loops.Queue(queue, worker_concurrency=slots, polling_interval_sec=LOOK, token=token)
        loop = threading.Thread(target=loops.queue_worker_thread, args=(bell, self._dbos, row), name=f"queue-{queue}")
        loop.start()
        self._loops.append(loop)

    def recover(self, executor: str) -> None:
        """Put the work that a dead executor had in hand back into its queues."""
        with database_errors():
            DBOS._recover_pending_workflows([executor])  # noqa: SLF001 - the open edition has no other way

    def close(self) -> None:
        """Stop, when the bells have been told to stop. Work in hand stays in hand for the next start."""
        for loop in self._loops:
            loop.join()
        DBOS.destroy(destroy_registry=True)


def _plain(work: Callable[[str], None]) -> Callable[[str], None]:
    """DBOS marks the functions it is given, which a bound method does not allow."""

    def plain(job: str) -> None:
        work(job)

    return plain
