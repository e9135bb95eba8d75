"""The one module that knows DBOS: puts jobs into its queues, and runs them so that finished steps are never done twice.

Knows no request and no stage: a job is an id, a step is a function that returns JSON. What is used of DBOS beyond its
public face is pinned with its version: the loop that empties a queue (so that we can ring it awake, instead of letting
it look ten times a second) and the recovery of a dead executor's work (which its open edition leaves to others).
"""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig
from dbos import _queue as loops
from dbos._serialization import DBOSPortableJSONSerializer

from avatar.jobs.tables import database_errors

NAME = "avatar"
STEPS_VERSION = "1"  # raised when a job's order of steps changes; jobs of another version are not taken up
JOBS, GPU = "jobs", "gpu"
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

    def put(self, found: sa.Connection, job: str, *, queue: str, priority: int, given: tuple[Any, ...] = ()) -> None:
        """Add a job to a queue within the caller's transaction; the lowest priority number comes first."""
        self._client.enqueue_in_transaction(
            found,
            {"workflow_name": queue, "queue_name": queue, "workflow_id": job, "priority": priority},
            job,
            *given,
        )

    def drop(self, job: str) -> None:
        """Take a job out of its queue."""
        with database_errors():
            self._client.cancel_workflow(job)

    def again(self, job: str) -> None:
        """Put a job back into the queue that its worker had to put down."""
        with database_errors():
            self._client.resume_workflow(job, queue_name=JOBS)

    def forget(self, names: Iterable[str]) -> None:
        """Remove all that is remembered of jobs that have ended, and of their children."""
        with database_errors():
            self._client.delete_workflows(list(names), delete_children=True)

    def owners(self) -> set[str]:
        """The executors that have work in hand."""
        with database_errors():
            found = self._client.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {each.executor_id for each in found if each.executor_id}

    def result(self, job: str) -> tuple[str, Any]:
        """DBOS's word for how a job stands, and what it returned. Raises KeyError for an unknown one."""
        with database_errors():
            found = self._client.list_workflows(workflow_ids=[job], load_input=False)
        if not found:
            raise KeyError(job)
        return found[0].status, found[0].output

    def close(self) -> None:
        """Let go of all connections."""
        self._client.destroy()


class Floor:
    """DBOS launched in this process, which it can be once. `does` says what is done with the jobs of each queue."""

    def __init__(self, url: str, *, executor: str, does: dict[str, Callable[..., None]]) -> None:
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": url,
            "application_version": STEPS_VERSION,
            "executor_id": executor,
            "serializer": DBOSPortableJSONSerializer(),
            "sys_db_pool_size": 5,
            "log_level": "CRITICAL",
        }
        self._dbos = DBOS(config=config)
        self._loops: list[threading.Thread] = []
        for queue, work in does.items():
            DBOS.workflow(name=queue, max_recovery_attempts=DEATHS)(_plain(work))
        DBOS.listen_queues([])
        DBOS.launch()

    def serve(self, queue: str, *, slots: int, bell: Bell) -> None:
        """Take jobs from this queue, at most `slots` at once, whenever the bell lets the loop look."""
        token = loops._INTERNAL_QUEUE_CONSTRUCTION  # noqa: SLF001 - a queue of this process, with slots of its own
        row = loops.Queue(queue, worker_concurrency=slots, polling_interval_sec=LOOK, token=token)
        loop = threading.Thread(target=loops.queue_worker_thread, args=(bell, self._dbos, row), name=f"queue-{queue}")
        loop.start()
        self._loops.append(loop)

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """What `work` returns, or returned when this job was here before. Call it from a job's own thread."""
        with database_errors():
            return DBOS.run_step({"name": name}, work)

    def recover(self, executor: str) -> None:
        """Put the work that a dead executor had in hand back into its queues."""
        with database_errors():
            DBOS._recover_pending_workflows([executor])  # noqa: SLF001 - the open edition has no other way

    def close(self) -> None:
        """Stop, when the bells have been told to stop. Work in hand stays in hand for the next start."""
        for loop in self._loops:
            loop.join()
        DBOS.destroy(destroy_registry=True)


def _plain(work: Callable[..., None]) -> Callable[..., None]:
    """DBOS marks the functions it is given, which a bound method does not allow."""

    def plain(*given: Any) -> None:
        work(*given)

    return plain
