"""The shared store: two machines over one bucket, damage, crashes, a bucket that is gone and comes back, retention."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, Thread
from types import ModuleType

import pytest

from avatar.artifacts import Blob
from avatar.bucket import FRESH, SharedStore, place
from avatar.engine import Engine
from avatar.errors import BadRequest, CorruptBlob, StorageError
from avatar.patience import Unreachable
from avatar.remote import Remote, SharedFolder, remote
from avatar.stage import Context, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend, ManualClock

QUICK = (0.0, 0.0)


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        yield f"file://{tmp_path / 'shared'}"
        return
    fsspec = pytest.importorskip("fsspec")
    yield f"memory://{tmp_path.name}"
    fsspec.filesystem("memory").rm(f"/{tmp_path.name}", recursive=True)


def machine(folder: Path, url: str, clock: ManualClock | None = None) -> SharedStore:
    local = FolderStore(folder, budget=10**7)
    return SharedStore(local, url, pauses=QUICK, clock=clock or time.time)


@pytest.fixture
def pair(tmp_path: Path, url: str) -> tuple[SharedStore, SharedStore]:
    return machine(tmp_path / "one", url), machine(tmp_path / "two", url)


def kept(store: SharedStore, data: bytes) -> Blob:
    session = store.session()
    with session.scratch() as folder:
        (folder / "x").write_bytes(data)
        return session.keep(folder / "x", "text/plain")


def lying(blob: Blob) -> str:
    return place("blobs", blob.sha256)


def test_what_one_machine_keeps_the_other_can_read(pair: tuple[SharedStore, SharedStore]) -> None:
    one, two = pair
    blob = kept(one, b"hello")
    there = two.session()
    assert there.path(blob).read_bytes() == b"hello"
    assert there.path(blob).is_relative_to(two.local.folder)
    assert there.hold([blob])


def test_records_go_both_ways(pair: tuple[SharedStore, SharedStore]) -> None:
    one, two = pair
    one.session().remember("ab12", b"{}")
    two.session().remember("cd34", b"[]")
    assert two.session().recall("ab12") == b"{}"
    assert one.session().recall("cd34") == b"[]"
    assert one.session().recall("ef56") is None
    assert two.local.session().recall("ab12") == b"{}"


@dataclass(frozen=True)
class Note:
    page: Blob


def write(brief: Blob, context: Context) -> Note:
    path = context.scratch() / "page"
    path.write_bytes(context.path(brief).read_bytes().upper())
    return Note(context.keep(path, "text/plain"))


def test_a_worker_on_another_machine_finds_finished_stages(pair: tuple[SharedStore, SharedStore]) -> None:
    one, two = pair
    blob, pens = kept(one, b"hello"), [FakeBackend("pen", write), FakeBackend("pen", write)]
    notes = [
        Engine(store).walk(store.session())(Stage("notes", Note, (pen,)), blob)
        for store, pen in zip(pair, pens, strict=True)
    ]
    assert notes[0] == notes[1]
    assert [len(pen.calls) for pen in pens] == [1, 0]
    assert two.session().path(notes[1].page).read_bytes() == b"HELLO"


def test_publishing_twice_at_once_is_harmless(tmp_path: Path, url: str) -> None:
    stores = [machine(tmp_path / str(number), url) for number in range(6)]
    start, blobs = Barrier(6), set()

    def publish(store: SharedStore) -> None:
        start.wait()
        blobs.add(kept(store, b"x" * 100_000))

    threads = [Thread(target=publish, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blobs) == 1
    assert len(stores[0].remote.list("blobs")) == 1
    assert stores[0].remote.list("incoming") == {}


def damage(store: SharedStore, blob: Blob, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "damage").write_bytes(data)
    store.remote.put(lying(blob), tmp_path / "damage", anew=True)


def test_a_damaged_blob_of_the_bucket_is_found_removed_and_made_anew(
    pair: tuple[SharedStore, SharedStore], tmp_path: Path
) -> None:
    one, two = pair
    blob = kept(one, b"hello")
    damage(one, blob, b"jello", tmp_path)
    with pytest.raises(CorruptBlob):
        two.session().path(blob)
    assert two.remote.find(lying(blob)) is None
    assert not two.session().hold([blob])
    assert kept(two, b"hello") == blob
    assert two.remote.read(lying(blob)) == b"hello"


def test_a_blob_cut_short_in_the_bucket_is_mended_by_who_has_it(
    pair: tuple[SharedStore, SharedStore], tmp_path: Path, url: str
) -> None:
    one, _ = pair
    blob = kept(one, b"hello")
    damage(one, blob, b"hel", tmp_path)
    again = machine(tmp_path / "one", url)
    assert again.session().hold([blob])
    assert again.remote.read(lying(blob)) == b"hello"


def test_a_damaged_blob_of_the_folder_comes_from_the_bucket(
    pair: tuple[SharedStore, SharedStore], tmp_path: Path, url: str
) -> None:
    one, _ = pair
    blob = kept(one, b"hello")
    one.local.place("blobs", blob.sha256).write_bytes(b"jello")
    again = machine(tmp_path / "one", url)
    assert again.session().path(blob).read_bytes() == b"hello"
    again.local.place("blobs", blob.sha256).unlink()
    assert again.session().path(blob).read_bytes() == b"hello"


def test_what_nobody_has_is_gone(pair: tuple[SharedStore, SharedStore]) -> None:
    nothing = Blob(hashlib.sha256(b"never").hexdigest(), "text/plain", 5)
    with pytest.raises(StorageError, match="made anew"):
        pair[0].session().path(nothing)
    assert not pair[0].session().hold([nothing])


def test_a_missing_remote_copy_is_put_back_by_who_has_it(
    pair: tuple[SharedStore, SharedStore], tmp_path: Path, url: str
) -> None:
    one, two = pair
    blob = kept(one, b"hello")
    one.remote.remove(lying(blob))
    assert machine(tmp_path / "one", url).session().hold([blob])
    assert two.session().path(blob).read_bytes() == b"hello"


CUT_UPLOAD = """
import resource, signal, sys
from pathlib import Path
from avatar.remote import remote
there = remote(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
there.put(sys.argv[2], Path(sys.argv[3]))
"""


def test_a_crash_in_mid_upload_leaves_no_half_blob(tmp_path: Path) -> None:
    url, file = f"file://{tmp_path / 'shared'}", tmp_path / "file"
    file.write_bytes(bytes(4 << 20))
    child = subprocess.run([sys.executable, "-c", CUT_UPLOAD, url, "blobs/ab/cd", str(file)], check=False)
    assert child.returncode == -signal.SIGXFSZ, "the kernel ends it where a quarter is written"
    store = machine(tmp_path / "one", url, ManualClock(time.time() + 10 * FRESH))
    assert store.remote.find("blobs/ab/cd") is None
    assert [found.size for found in store.remote.list("incoming").values()] == [1 << 20]
    assert store.drop(older_than=FRESH) == 1 << 20
    assert store.remote.list("incoming") == {}


def test_a_bucket_gone_is_told_and_back_is_used_again(tmp_path: Path) -> None:
    url, shared, away = f"file://{tmp_path / 'shared'}", tmp_path / "shared", tmp_path / "away"
    one = machine(tmp_path / "one", url)
    blob, session = kept(one, b"hello"), one.session()
    shared.rename(away)
    assert session.path(blob).read_bytes() == b"hello"  # what is here is here
    for act in (
        lambda: kept(one, b"more"),
        lambda: session.recall("ab12"),
        lambda: session.remember("ab12", b"{}"),
        lambda: session.hold([Blob("ff" * 32, "text/plain", 3)]),
        one.retained,
    ):
        with pytest.raises(StorageError, match="shared store does not answer"):
            act()
    assert not shared.exists(), "a folder that is not mounted must not be made"
    away.rename(shared)
    assert one.session().recall("ab12") is None
    assert machine(tmp_path / "two", url).session().path(kept(one, b"more")).read_bytes() == b"more"


def test_a_bucket_gone_ends_a_stage_in_its_own_words(tmp_path: Path) -> None:
    one = machine(tmp_path / "one", f"file://{tmp_path / 'shared'}")
    blob = kept(one, b"hello")

    def unmount(brief: Blob, context: Context) -> Note:
        (tmp_path / "shared").rename(tmp_path / "away")
        return write(brief, context)

    with pytest.raises(StorageError, match="shared store does not answer"):
        Engine(one).walk(one.session())(Stage("notes", Note, (FakeBackend("pen", unmount),)), blob)


@dataclass
class Meanwhile:
    """Pauses in which the folder comes back."""

    shared: Path
    away: Path

    def __iter__(self) -> Iterator[float]:
        yield 0.0  # asked for before the first try, and waited after it
        self.away.rename(self.shared)
        yield 0.0


def test_a_short_break_is_waited_out(tmp_path: Path) -> None:
    pauses = Meanwhile(tmp_path / "shared", tmp_path / "away")
    folder = SharedFolder(pauses.shared, pauses=pauses)
    pauses.shared.rename(pauses.away)
    folder.write("records/ab/cd", b"{}")
    assert folder.read("records/ab/cd") == b"{}"


def test_what_is_not_used_is_dropped_and_what_is_kept_stays(tmp_path: Path, url: str) -> None:
    clock = ManualClock(time.time())
    one, two = machine(tmp_path / "one", url, clock), machine(tmp_path / "two", url, clock)
    old, used, pinned = (kept(one, data) for data in (b"old", b"used", b"pinned"))
    one.session().remember("ab12", b"{}")
    one.retain("job-1", [pinned])
    assert one.drop(older_than=2 * FRESH) == 0
    clock.advance(3 * FRESH)
    if isinstance(one.remote, SharedFolder):
        two.session().path(used)
        os.utime(tmp_path / "shared" / lying(used), (clock.now, clock.now))
    one.drop(older_than=2 * FRESH)
    assert two.remote.find(lying(old)) is None
    assert two.remote.find(lying(pinned)) is not None
    assert (two.remote.find(lying(used)) is not None) == isinstance(one.remote, SharedFolder)
    assert one.remote.list("records") == {}


def test_use_is_marked_in_the_bucket(tmp_path: Path) -> None:
    clock = ManualClock(time.time())
    one = machine(tmp_path / "one", f"file://{tmp_path / 'shared'}", clock)
    blob = kept(one, b"hello")
    there = tmp_path / "shared" / lying(blob)
    os.utime(there, (1.0, 1.0))
    clock.advance(2 * FRESH)
    assert one.session().hold([blob])
    assert there.stat().st_mtime > 1.0
    assert there.read_bytes() == b"hello"


def test_what_is_retained_by_two_names_stays_until_both_are_released(
    pair: tuple[SharedStore, SharedStore],
) -> None:
    one, two = pair
    blob = kept(one, b"hello")
    one.retain("job-1", [blob])
    two.retain("job-2", [blob])
    assert one.retained() == two.retained() == {"job-1", "job-2"}
    one.release("job-1")
    assert two.remote.find(lying(blob)) is not None
    two.release("job-2")
    assert two.remote.find(lying(blob)) is None
    assert two.retained() == frozenset()
    assert not two.local.place("blobs", blob.sha256).exists()
    two.release("job-2")


def test_retaining_puts_back_what_another_machine_just_released(pair: tuple[SharedStore, SharedStore]) -> None:
    one, two = pair
    blob, mine = kept(one, b"hello"), two.session()
    one.retain("job-1", [blob])
    mine.path(blob)
    one.release("job-1")
    two.retain("job-2", [blob])
    assert one.session().path(blob).read_bytes() == b"hello"


class Watched(SharedFolder):
    """A shared folder that notes what is read, and where something happens before a file is removed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, pauses=QUICK)
        self.asked: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def read(self, name: str) -> bytes | None:
        self.asked.append(name)
        return super().read(name)

    def remove(self, name: str) -> None:
        if name.startswith("blobs/"):
            self.before()
        super().remove(name)


def test_what_another_machine_keeps_while_it_is_released_is_put_back(tmp_path: Path) -> None:
    one, two = (machine(tmp_path / name, f"file://{tmp_path / 'shared'}") for name in ("one", "two"))
    one.remote = watched = Watched(tmp_path / "shared")
    blob = kept(one, b"hello")
    one.retain("job-1", [blob])
    two.session().path(blob)
    watched.before = lambda: two.retain("job-2", [blob])
    one.release("job-1")
    assert two.remote.find(lying(blob)) is not None


def test_what_was_kept_long_ago_is_read_once_and_what_was_kept_anew_again(tmp_path: Path) -> None:
    clock = ManualClock(time.time())
    one = machine(tmp_path / "one", f"file://{tmp_path / 'shared'}", clock)
    one.remote = watched = Watched(tmp_path / "shared")
    old, new = kept(one, b"old"), kept(one, b"new")
    for name in ("job-1", "job-2"):
        one.retain(name, [old])
    clock.advance(3 * FRESH)
    one.drop(older_than=2 * FRESH)
    one.retain("job-2", [new])
    watched.asked.clear()
    one.drop(older_than=2 * FRESH)
    assert watched.asked == ["kept/job-2"]
    assert [one.remote.find(lying(blob)) is not None for blob in (old, new)] == [True, True]


def test_files_are_streamed(tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'shared'}"
    one, two = machine(tmp_path / "one", url), machine(tmp_path / "two", url)
    session = one.session()
    with session.scratch() as folder:
        with (folder / "big").open("wb") as file:
            file.truncate(64 << 20)
        tracemalloc.start()
        blob = session.keep(folder / "big", "video/mp4")
    two.session().path(blob)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_url_of_an_unknown_kind_is_refused() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(BadRequest, match="AVATAR_STORE_URL"):
        remote("carrier-pigeon://loft")


def test_a_place_that_refuses_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        remote(f"file://{tmp_path / 'file'}", pauses=QUICK)


def test_a_bucket_where_nobody_listens_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    with socket.socket() as taken:  # bound, and never listening
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "x")
        with pytest.raises(Unreachable, match="does not answer"):
            remote("s3://films/store", pauses=())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("azure.core.exceptions", "AzureError"),
        ("gcsfs.retry", "HttpError"),
        ("google.auth.exceptions", "GoogleAuthError"),
    ],
)
def test_what_other_clouds_clients_raise_is_told_as_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, name: str
) -> None:
    pytest.importorskip("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

    client = ModuleType(module)
    fault = type(name, (Exception,), {})
    setattr(client, name, fault)
    monkeypatch.setitem(sys.modules, module, client)
    there = remote(f"memory://{tmp_path.name}", pauses=QUICK)

    def down(*_: object, **__: object) -> None:
        raise fault("503: the service is down")

    monkeypatch.setattr(MemoryFileSystem, "cat_file", down)
    with pytest.raises(Unreachable, match="does not answer"):
        there.read("a")


def contents(place: Remote) -> list[str]:
    return sorted(place.list("a"))


def test_a_folder_and_a_bucket_behave_alike(url: str, tmp_path: Path) -> None:
    there = remote(url, pauses=QUICK)
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    there.put("a/b/c", first)
    there.put("a/b/c", first)
    there.put("a/b/d", second, anew=True)
    there.put("a/b/d", first, anew=True)
    assert there.read("a/b/d") == b"first"
    assert contents(there) == ["a/b/c", "a/b/d"]
    found = there.find("a/b/c")
    assert found is not None
    assert found.size == 5
    assert abs(found.modified - time.time()) < 3600
    assert there.fetch("a/b/c", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"first"
    there.remove("a/b/c")
    there.remove("a/b/c")
    assert there.find("a/b/c") is None
    assert there.read("a/b/c") is None
    assert not there.fetch("a/b/c", tmp_path / "none")
    assert there.list("nowhere") == {}
    assert isinstance(Unreachable("x"), StorageError)
