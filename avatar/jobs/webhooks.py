"""Tells the outside what became of a job: signed, again and again until it is heard, to public addresses only.

Follows Standard Webhooks 1.0. Knows not where messages wait: an `Outbox` keeps them through whatever happens.
"""

import base64
import binascii
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from standardwebhooks import Webhook as Signer

from avatar.disk import DATA, storage_errors
from avatar.errors import BadRequest, NotFound, StorageError
from avatar.jobs.service import WebhookEvent
from avatar.jobs.shelf import Due
from avatar.outside import Outside

LOG = logging.getLogger(__name__)
DELAYS = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Seconds between one attempt and the next; after the last of them a message is given up."""
PATIENCE = 10.0
"""Seconds in which a receiver has to answer."""
AT_ONCE = 8
"""Receivers that are told at the same time."""
AT_A_TIME, LEASE = 64, 120.0
"""Messages of one round, and the seconds after which another process may take what this one left undone."""
GONE = 410
SECRET = "whsec_"  # noqa: S105 - how a secret begins
SECRET_FILE = "webhook-secret"  # noqa: S105 - where it is kept
SAFE = Outside()


class Outbox(Protocol):
    """Keeps what is to be sent until it is heard or given up; `Shelf` is one. Every call may raise `StorageError`."""

    def any_due(self) -> bool:
        """Whether `due` would give something. Costs little."""
        ...

    def due(self, *, limit: int = ..., lease: float = ...) -> Sequence[Due]:
        """What is to be sent now, oldest first; for `lease` seconds nobody else gets it."""
        ...

    def sent(self, due_id: str) -> None:
        """It was heard, or is given up: forget it."""
        ...

    def postponed(self, due_id: str, *, until: float) -> None:
        """It was not heard: count the attempt, and have it due again at that Unix time."""
        ...


def check_url(url: str, *, outside: Outside = SAFE) -> None:
    """Raises `BadRequest` for a URL that no message would be sent to. May ask for its name, for up to two seconds."""
    outside.check(url)


def secret(chosen: str, folder: Path) -> str:
    """The key that signs: `chosen`, else one that is made once and kept in `folder` for its owner's eyes only.

    Raises `BadRequest` for a chosen key that is none, `StorageError` for a folder that refuses.
    """
    if not chosen:
        with storage_errors(DATA):
            chosen = _kept(folder / SECRET_FILE)
    try:
        key = base64.b64decode(chosen.removeprefix(SECRET), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise BadRequest("The webhook secret is no key. Use whsec_ and then 24 to 64 random bytes in base64.")
    return SECRET + chosen.removeprefix(SECRET)


def _kept(place: Path) -> str:
    """The text of the file, which appears whole and once, whoever else asks at the same time."""
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(SECRET + base64.b64encode(secrets.token_bytes(32)).decode())
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, place)
        except FileExistsError:
            pass  # another process was faster, and its key is as good
        finally:
            fresh.unlink(missing_ok=True)
    return place.read_text().strip()


def body(event: WebhookEvent, job: Mapping[str, Any], *, at: float) -> str:
    """The message for an event: its kind, its time (Unix seconds `at`) and the job as the API tells it."""
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": f"video.{event}", "timestamp": when, "data": job}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Postman:
    """Carries what is due to its receivers. What receivers answer, beside yes or no, is not read.

    `describe` gives the job with an id as the API tells it, and raises `NotFound` for one that is gone.
    """

    outbox: Outbox
    key: str = field(repr=False)
    describe: Callable[[str], Mapping[str, Any]]
    outside: Outside = SAFE
    clock: Callable[[], float] = time.time
    patience: float = PATIENCE

    @contextmanager
    def at_work(self, *, pause: float = 1.0) -> Iterator[None]:
        """Send in a thread of its own until the `with` ends."""
        stop = threading.Event()
        thread = threading.Thread(target=self.run, args=(stop,), kwargs={"pause": pause}, name="postman")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def run(self, stop: threading.Event, *, pause: float = 1.0) -> None:
        """Send until `stop` is set, looking for what is due every `pause` seconds. A lost outbox is waited for."""
        while not stop.is_set():
            try:
                sent = self.round()
            except StorageError:
                sent = 0
            except Exception:  # the worker's loop: one message that can't be told keeps back no other
                LOG.exception("a webhook could not be sent")
                sent = 0
            if not sent:
                stop.wait(pause)

    def round(self) -> int:
        """Send what is due and return how many were sent. Raises `StorageError`.

        A receiver that is slow or gone keeps its own messages waiting, and nobody else's.
        """
        if not self.outbox.any_due():
            return 0
        receivers: dict[str, list[Due]] = {}
        for due in self.outbox.due(limit=AT_A_TIME, lease=LEASE):
            receivers.setdefault(_receiver(due.url), []).append(due)
        if not receivers:
            return 0
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            return sum(pool.map(self._told, receivers.values()))

    def _told(self, messages: Sequence[Due]) -> int:
        """Send one receiver its messages in order, up to the first that it does not take; how many were sent."""
        for sent, due in enumerate(messages, start=1):
            status = self._send(due)
            heard = 200 <= status < 300
            if heard or status == GONE or due.attempt >= len(DELAYS):
                self.outbox.sent(due.id)
            else:
                self.outbox.postponed(due.id, until=self.clock() + DELAYS[due.attempt])
            if not heard:
                return sent
        return len(messages)

    def _send(self, due: Due) -> int:
        """Send it once; the receiver's status, 0 when there was none, 410 when there is nothing to tell any more."""
        now = self.clock()
        try:
            text = body(due.event, self.describe(due.job), at=due.at)
            signature = Signer(self.key).sign(due.id, datetime.fromtimestamp(now, UTC), text)
            headers = (
                ("Content-Type", "application/json"),
                ("webhook-id", due.id),
                ("webhook-timestamp", str(int(now))),
                ("webhook-signature", signature),
            )
            url = self.outside.parse(due.url)
            deadline = time.monotonic() + self.patience
            with self.outside.exchange(
                "POST", url, deadline=deadline, idle=self.patience, headers=headers, content=text.encode()
            ) as answer:
                return answer.status
        except NotFound:
            return GONE
        except BadRequest:  # unknown, not public any more, too slow, or no HTTP
            return 0


def _receiver(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()
