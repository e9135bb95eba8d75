"""A store that several machines share: a folder of this machine's own, with a bucket or a shared folder behind it.

Knows no stage. Whatever is kept or remembered here goes to the bucket before anybody hears of it, under the same names
as in the folder; whatever is asked for and not here, or damaged, comes from there, and its digest is compared. Below
the bucket's root:

    blobs/ab/cdef...     bytes whose sha256 is abcdef..., written once
    records/ab/cdef...   what an engine remembers under the key abcdef...
    kept/<name>          digests that stay until this name is released
    incoming/...         half files, where the bucket has no whole uploads
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from avatar.artifacts import Blob
from avatar.errors import CorruptBlob, StorageError
from avatar.patience import PAUSES, Unreachable
from avatar.remote import INCOMING, Found, Remote, remote
from avatar.storage import Session
from avatar.store import FolderStore
from avatar.turns import Turns

TRUST = 600.0  # seconds for which a file that was seen in the bucket is taken to be there still
FRESH = 3600.0  # seconds after which a file that is used is marked as used now
LANES = 8  # files that are brought at once
NOTED = 100_000  # files of which is known when they were seen last


class SharedStore:
    """A `Store` over a local folder and a fsspec URL. Use one for each process; `clock` gives Unix seconds.

    Raises `BadRequest` for a URL of an unknown kind, `StorageError` when folder or bucket can't be written.
    """

    def __init__(
        self,
        local: FolderStore,
        url: str,
        *,
        pauses: Iterable[float] = PAUSES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.local = local
        self.remote: Remote = remote(url, pauses=pauses)
        self.turns = Turns()
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._known: dict[str, tuple[Found, set[str]]] = {}

    def session(self) -> "SharedSession":
        """Begin a run. Raises `StorageError` when the folder can't be written."""
        return SharedSession(self, self.local.session())

    def retain(self, name: str, blobs: Iterable[Blob]) -> None:
        """Keep these in the bucket, whatever else must go, until `name` is released. Raises `StorageError`."""
        kept = tuple(blobs)
        self.remote.write(f"kept/{name}", "\n".join(sorted({blob.sha256 for blob in kept})).encode())
        session = self.session()
        try:
            for blob in kept:
                self._seen.pop(blob.sha256, None)  # another machine may just have released it
                session.path(blob)
        finally:
            session.close()

    def release(self, name: str) -> None:
        """Remove what was kept under `name`, here and from the bucket, unless another name has it too."""
        record = self.remote.read(f"kept/{name}")
        if record is None:
            return
        self.remote.remove(f"kept/{name}")
        gone = _digests(record) - self._kept()
        for digest in gone:
            self.remote.remove(place("blobs", digest))
            self._seen.pop(digest, None)
        for digest in gone & self._kept():  # another machine saw it there, and kept it, just before it was removed
            here = self.local.place("blobs", digest)
            if here.is_file():
                self.remote.put(place("blobs", digest), here)
        self.local.retain(name, [Blob(digest, "", 0) for digest in gone])
        self.local.release(name)  # here only the cache is left, unless a live session has it

    def retained(self) -> frozenset[str]:
        """All names under which something is kept."""
        return frozenset(path.removeprefix("kept/") for path in self.remote.list("kept"))

    def tidy(self, *, unused_since: float) -> None:
        """Remove, here and from the bucket, what is kept by none and was last used before that Unix time."""
        self.local.tidy(unused_since=unused_since)
        self.drop(older_than=self._clock() - unused_since)

    def drop(self, *, older_than: float) -> int:
        """Remove from the bucket what is kept by none and was not used for so many seconds. Returns bytes freed.

        Use is marked once in `FRESH` seconds, and runs on other machines leave no other mark: so less than
        `FRESH + TRUST` and the longest job counts as that much.
        """
        before = self._clock() - max(older_than, FRESH + TRUST)
        kept = self._kept()
        freed = 0
        for folder in ("records", "blobs", INCOMING):
            for name, found in self.remote.list(folder).items():
                digest = "".join(name.split("/")[1:])
                if found.modified < before and digest not in kept:
                    self.remote.remove(name)
                    self._seen.pop(digest, None)
                    freed += found.size
        return freed

    def trusts(self, blob: Blob) -> bool:
        """Whether this blob was seen in the bucket not long ago."""
        return 0 <= self._clock() - self._seen.get(blob.sha256, float("-inf")) < TRUST

    def publish(self, blob: Blob, path: Path) -> None:
        """See to it that the bucket has this blob, whose bytes are at `path`. Raises `StorageError`."""
        if self.trusts(blob):
            return
        now = self._clock()
        name = place("blobs", blob.sha256)
        found = self.remote.find(name)
        if found is None:
            self.remote.put(name, path)
        elif found.size != blob.size or now - found.modified > FRESH:
            self.remote.put(name, path, anew=True)
        self._note(blob, now)

    def fetch(self, blob: Blob, *, into: Session) -> None:
        """Bring a blob from the bucket. Raises `CorruptBlob` after removing a damaged one, `StorageError` for none."""
        name = place("blobs", blob.sha256)
        for _ in range(2):  # what was cut off on the way is no reason to remove what lies there
            with into.scratch() as folder:
                half = folder / "half"
                if not self.remote.fetch(name, half):
                    raise StorageError(f"Stored file {blob.sha256[:12]} is gone. Ask again: it will be made anew.")
                if into.keep(half, blob.media_type).sha256 == blob.sha256:
                    self._note(blob, self._clock())
                    return
        self.remote.remove(name)
        self._seen.pop(blob.sha256, None)
        raise CorruptBlob(f"Stored file {blob.sha256[:12]} was damaged. Ask again: it will be made anew.")

    def _note(self, blob: Blob, now: float) -> None:
        if len(self._seen) >= NOTED:
            self._seen.clear()
        self._seen[blob.sha256] = now

    def _kept(self) -> set[str]:
        """All digests that names keep. Records that were old when they were read are not read again."""
        known: dict[str, tuple[Found, set[str]]] = {}
        digests: set[str] = set()
        for name, found in self.remote.list("kept").items():
            then, told = self._known.get(name, (None, set[str]()))
            if then != found:
                told = _digests(self.remote.read(name) or b"")
            digests |= told
            if self._clock() - found.modified > FRESH:  # who wrote it twice in a moment has done so by now
                known[name] = (found, told)
        self._known = known
        return digests


class SharedSession:
    """One run's hold on a `SharedStore`: its local session, and what goes to and fro."""

    def __init__(self, store: SharedStore, local: Session) -> None:
        self._store = store
        self._local = local

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file in, hold it, and publish it. Raises `StorageError`."""
        blob = self._local.keep(path, media_type)
        self._store.publish(blob, self._local.path(blob))
        return blob

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        with self._store.turns.turn(blob.sha256, check=lambda: None):
            try:
                path = self._local.path(blob)
            except StorageError:
                self._store.fetch(blob, into=self._local)
                return self._local.path(blob)
            self._store.publish(blob, path)
            return path

    def hold(self, blobs: Iterable[Blob]) -> bool:
        """Bring all of these here and keep them; false when one of them is gone or damaged everywhere."""
        absent = [blob for blob in dict.fromkeys(blobs) if not self._at_hand(blob)]
        if not absent:
            return True
        with ThreadPoolExecutor(LANES) as pool:
            return all(pool.map(self._bring, absent))

    def _at_hand(self, blob: Blob) -> bool:
        try:
            self._local.path(blob)
        except StorageError:
            return False
        return self._store.trusts(blob)

    def _bring(self, blob: Blob) -> bool:
        try:
            self.path(blob)
        except Unreachable:
            raise
        except StorageError:
            return False
        return True

    def recall(self, key: str) -> bytes | None:
        """The record remembered under `key`, here or on another machine, or None."""
        record = self._local.recall(key)
        if record is None:
            record = self._store.remote.read(place("records", key))
            if record is not None:
                self._local.remember(key, record)
        return record

    def remember(self, key: str, record: bytes) -> None:
        """Write a record, for all machines. Raises `StorageError`."""
        self._store.remote.write(place("records", key), record)
        self._local.remember(key, record)

    def scratch(self) -> AbstractContextManager[Path]:
        """A new empty folder on the local disk, gone at the end of the `with`."""
        return self._local.scratch()

    def close(self) -> None:
        """Let go of everything held here. May be called twice."""
        self._local.close()


def _digests(record: bytes) -> set[str]:
    return set(record.decode().split())


def place(kind: str, name: str) -> str:
    """Where the blob or record of this name lies below the bucket's root."""
    return f"{kind}/{name[:2]}/{name[2:]}"
