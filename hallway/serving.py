"""The hallway's far end: what runs as long as a server or a worker does. Knows the doors and the job engine."""

import logging
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Self

from avatar.doors.api import serve as api
from avatar.doors.api.answers import video
from avatar.doors.api.app import create
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.mcp.over_http import mount
from avatar.doors.web import over_http as web
from avatar.doors.web.conversation import talker
from avatar.download import download
from avatar.engine import Engine
from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import House, JobService, UploadKind
from avatar.jobs.signing import Finish
from avatar.jobs.webhooks import Postman, check_url, secret
from avatar.jobs.worker import Worker
from avatar.media.kinds import FILMS, IMAGES, SOUNDS
from avatar.settings import Settings
from hallway import outfit
from stages import pipeline

LOG = logging.getLogger("avatar")
GRACE = 3.0
"""Seconds that an errand may take to come to its end."""
FETCH_TIME = 60.0
"""Seconds that a picture or sound may take to come from somebody's URL."""


class Errand:
    """Something slow that is done beside the serving, and called off when that ends: the task then sees it set.

    What does not hear that in time is left behind: it must be something that may break off at any moment.
    """

    def __init__(self, task: Callable[[threading.Event], None]) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=task, args=(self._stopped,), name="errand", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(GRACE)


@contextmanager
def service(
    chosen: Settings, engine: Engine, house: House, *, finish: Finish | None, worker: bool
) -> Iterator[DurableJobs]:
    """Jobs that survive anything, done in this process too when `worker`. Raises `StorageError`."""
    with ExitStack() as stack:
        hand = _worker(chosen, engine, finish=finish) if worker else None
        if hand is not None:
            stack.callback(hand.close)
        jobs = DurableJobs(chosen, house=house, store=engine.store, worker=hand)
        stack.callback(jobs.close)
        yield jobs


@contextmanager
def postman(chosen: Settings, jobs: DurableJobs, *, base: str) -> Iterator[None]:
    """Carries webhooks to their receivers meanwhile; `base` is how the outside reaches this server."""

    def describe(job_id: str) -> dict[str, object]:
        job = jobs.past(job_id)
        licences = jobs.house.licences(job.outcome) if job.outcome else ()
        return video(job, base, licences=licences).model_dump(mode="json")

    key = secret(chosen.webhook_secret, chosen.data / "credentials")
    with Postman(jobs.shelf, key, describe).at_work():
        yield


def at_the_door(chosen: Settings, jobs: JobService, *, host: str, port: int, ready: Callable[[], None]) -> int:
    """Serve page, API and MCP over HTTP until stopped; the exit status. Raises `BadRequest` for a taken address."""
    # FastAPI and Gradio each hide this while they load; where one restores the filters too early, the other shows it
    warnings.filterwarnings("ignore", message="The '.*' attribute with value", category=UserWarning)
    speaks = talker(chosen.chat_url, chosen.chat_model, chosen.chat_key)
    app = create(jobs, rules(chosen), hands(chosen), others=[mount, partial(web.mount, talker=speaks)])
    return api.run(app, host=host, port=port, ready=ready)


def at_the_pipe(chosen: Settings, jobs: JobService) -> int:
    """Serve one MCP client over standard input and output until they end; the exit status."""
    from avatar.doors.mcp.over_stdio import run_stdio

    run_stdio(jobs, rules(chosen), hands(chosen))
    return 0


def at_work(chosen: Settings, engine: Engine, *, finish: Finish | None, gpu_only: bool) -> int:
    """Do jobs until SIGINT or SIGTERM; the exit status. What is in hand then is left for the next to go on with."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    worker = _worker(chosen, engine, finish=finish, gpu_only=gpu_only)
    LOG.warning("At work. Jobs at once: %d.", chosen.jobs)
    try:
        stopped.wait()
    finally:
        worker.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def rules(chosen: Settings) -> Rules:
    """What the owner allows at the doors."""
    incoming = chosen.data / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    return Rules(
        incoming,
        api_keys=chosen.api_keys,
        admin_key=chosen.admin_key,
        cors=chosen.cors,
        upload_limit=chosen.upload_limit,
        public_url=chosen.public_url,
        trusted_proxies=chosen.trusted_proxies,
    )


def hands(chosen: Settings) -> Hands:
    """What touches the world for the doors."""

    def fetch(url: str, folder: Path, kind: UploadKind) -> Path:
        kinds = {"image": IMAGES, "audio": SOUNDS, "video": FILMS}[kind]
        return download(url, folder=folder, limit=chosen.upload_limit, kinds=kinds, timeout=FETCH_TIME).path

    return Hands(fetch, check_url)


def _worker(chosen: Settings, engine: Engine, *, finish: Finish | None, gpu_only: bool = False) -> Worker:
    return Worker(
        engine,
        render=partial(pipeline.render, label=chosen.label),
        settings=chosen,
        routes=pipeline.ROUTES,
        barred=outfit.barred,
        finish=finish,
        gpu_only=gpu_only,
    )
