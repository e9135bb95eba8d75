"""Pictures and sounds that a request names, by upload id or by URL, as blobs. Knows no route."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from avatar.artifacts import Blob
from avatar.disk import DATA, Flock, storage_errors
from avatar.doors.api.body import is_upload, is_url
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk
from avatar.errors import BadRequest, ConsentRequired, UnsupportedMedia
from avatar.jobs.service import Upload, UploadKind

LOCK = "lock"
FETCHES = anyio.CapacityLimiter(8)
"""Foreign servers may be slow: they hold up one another, and nobody else."""


async def blob_of(desk: Desk, source: str | None, *, kind: UploadKind, consent: bool, caller: Caller) -> Blob | None:
    """What `source` names. Raises `BadRequest`, `NotFound`, `ConsentRequired`, `UnsupportedMedia`, `TooLarge`."""
    if source is None:
        return None
    if is_url(source):
        if not consent:
            raise ConsentRequired(
                f"{kind} shows or lets hear a person. Send consent: true when that person agreed, or leave {kind} out."
            )
        fetch = partial(_fetched, desk, source, kind, caller)
        return (await anyio.to_thread.run_sync(fetch, limiter=FETCHES)).blob
    if not is_upload(source):
        raise BadRequest(f"{kind} is neither an upload id nor a web address. POST the file to /v1/uploads first.")
    upload = await desk.ask(desk.jobs.uploaded, source, client=caller.sees)
    if upload.kind != kind:
        raise BadRequest(f"Upload {upload.id} is of kind {upload.kind}. Name one of kind {kind} here.")
    return upload.blob


@contextmanager
def folder(desk: Desk) -> Iterator[Path]:
    """A new empty folder for what comes in, gone at the end of the `with`. Raises `StorageError`."""
    with ExitStack() as stack:
        with storage_errors(DATA):
            desk.rules.incoming.mkdir(parents=True, exist_ok=True)
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=desk.rules.incoming)))
            stack.enter_context(Flock(place / LOCK, fcntl.LOCK_EX))
        yield place


def tidy(incoming: Path) -> None:
    """Remove what dead processes left of what came in: folders whose locks nobody holds. Raises `StorageError`."""
    with storage_errors(DATA):
        for lock in incoming.glob(f"*/{LOCK}"):
            with suppress(BlockingIOError, FileNotFoundError), Flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(lock.parent, ignore_errors=True)


def taken(desk: Desk, file: Path, kind: UploadKind, *, caller: Caller) -> Upload:
    """A file that was brought with consent, checked and moved away. Raises as `blob_of` does, and `StorageError`."""
    media_type = desk.jobs.house.examine(file, kind)
    return desk.jobs.upload(file, media_type, kind=kind, consent=True, client=caller.name)


def kind_of(desk: Desk, file: Path) -> UploadKind:
    """What a file is whose sender did not say. Raises `UnsupportedMedia` when it is neither picture nor sound."""
    kinds: tuple[UploadKind, ...] = ("image", "audio")
    for kind in kinds:
        with suppress(UnsupportedMedia):
            desk.jobs.house.examine(file, kind)
            return kind
    raise UnsupportedMedia("The file is neither a picture nor a sound. Send PNG, JPEG or WebP, or a recording.")


def _fetched(desk: Desk, url: str, kind: UploadKind, caller: Caller) -> Upload:
    with folder(desk) as place:
        return taken(desk, desk.hands.fetch(url, place, kind), kind, caller=caller)
