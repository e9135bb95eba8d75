"""The folder store: whole or not at all, checked, bounded, shared."""

import os
import signal
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from avatar import store as store_of
from avatar.artifacts import Blob
from avatar.errors import CorruptBlob, StorageError
from avatar.store import FolderSession, FolderStore

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 10**6


def put(session: FolderSession, data: bytes) -> Blob:
    with session.scratch() as folder:
        (folder / "file").write_bytes(data)
        return session.keep(folder / "file", "text/plain")


def stored(store: FolderStore, blob: Blob) -> Path:
    return store.place("blobs", blob.sha256)


def test_bytes_come_back_under_their_digest(tmp_path: Path) -> None:
    session = FolderStore(tmp_path, budget=MEGABYTE).session()
    blob = put(session, b"hello")
    assert blob == Blob(sha256(b"hello").hexdigest(), "text/plain", 5)
    assert session.path(blob).read_bytes() == b"hello"


def test_same_bytes_are_stored_once(tmp_path: Path) -> None:
    session = FolderStore(tmp_path, budget=MEGABYTE).session()
    assert put(session, b"twice") == put(session, b"twice")
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def test_a_file_from_another_disk_is_copied(tmp_path: Path) -> None:
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second file system to move from")
    session = FolderStore(tmp_path, budget=MEGABYTE).session()
    source = shm / f"avatar-test-{os.getpid()}"
    source.write_bytes(b"from afar")
    try:
        assert session.path(session.keep(source, "text/plain")).read_bytes() == b"from afar"
    finally:
        source.unlink()


def test_what_is_known_of_files_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_of, "NOTED", 4)
    store = FolderStore(tmp_path, budget=MEGABYTE)
    session = store.session()
    blobs = [put(session, bytes([number])) for number in range(20)]
    assert all(session.path(blob).read_bytes() == bytes([number]) for number, blob in enumerate(blobs))
    assert len(store._verified) <= 4  # noqa: SLF001 - nobody else can see it


@pytest.mark.parametrize("damage", [b"jello", b"hell", b""])
def test_damaged_bytes_are_put_aside(tmp_path: Path, damage: bytes) -> None:
    blob = put(FolderStore(tmp_path, budget=MEGABYTE).session(), b"hello")
    store = FolderStore(tmp_path, budget=MEGABYTE)  # another process would not have seen the bytes before
    stored(store, blob).write_bytes(damage)
    session = store.session()
    with pytest.raises(CorruptBlob, match="made anew"):
        session.path(blob)
    assert not stored(store, blob).exists()
    assert [path.read_bytes() for path in (tmp_path / "quarantine").iterdir()] == [damage]
    assert put(session, b"hello") == blob
    assert session.path(blob).read_bytes() == b"hello"


def test_damage_after_the_first_look_is_seen_too(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, budget=MEGABYTE)
    session = store.session()
    blob = put(session, b"hello")
    session.path(blob)
    stored(store, blob).write_bytes(b"jello")
    os.utime(stored(store, blob), ns=(1, 1))
    with pytest.raises(CorruptBlob):
        session.path(blob)


def test_hold_tells_what_is_missing_or_damaged(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, budget=MEGABYTE)
    session = store.session()
    good, bad = put(session, b"good"), put(session, b"bad")
    assert session.hold([good, bad])
    stored(store, bad).unlink()
    assert session.hold([good])
    assert not session.hold([good, bad])


def test_records_come_back_and_unknown_keys_do_not(tmp_path: Path) -> None:
    session = FolderStore(tmp_path, budget=MEGABYTE).session()
    session.remember("ab12", b"{}")
    session.remember("ab12", b"[]")
    assert session.recall("ab12") == b"[]"
    assert session.recall("cd34") is None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, budget=3_500)
    with_pins = store.session()
    blobs = [put(with_pins, bytes([number]) * 1000) for number in range(3)]
    with_pins.close()
    for age, blob in enumerate([blobs[1], blobs[2], blobs[0]]):
        status = stored(store, blob).stat()
        os.utime(stored(store, blob), ns=(age + 1, status.st_mtime_ns))
    put(store.session(), b"x" * 1000)
    assert [stored(store, blob).exists() for blob in blobs] == [True, False, True]


def test_blobs_in_use_outlive_the_budget(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, budget=2_000)
    other = FolderStore(tmp_path, budget=2_000)  # as another process would
    busy = store.session()
    used = [put(busy, bytes([number]) * 1000) for number in range(4)]
    put(other.session(), b"y" * 1000)
    assert all(stored(store, blob).exists() for blob in used)
    busy.close()
    put(other.session(), b"z" * 1000)
    assert not any(stored(store, blob).exists() for blob in used)


def test_scratch_is_gone_after_use_and_after_failure(tmp_path: Path) -> None:
    session = FolderStore(tmp_path, budget=MEGABYTE).session()
    with pytest.raises(ZeroDivisionError), session.scratch() as folder:
        (folder / "half").write_bytes(b"...")
        raise ZeroDivisionError
    assert not folder.exists()
    session.close()
    session.close()
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_dead_are_swept_and_the_living_are_not(tmp_path: Path) -> None:
    living = FolderStore(tmp_path, budget=MEGABYTE).session()
    with living.scratch() as folder:
        dead = tmp_path / "runs" / "dead"
        (dead / "scratch").mkdir(parents=True)
        (dead / "lock").touch()
        FolderStore(tmp_path, budget=MEGABYTE)
        assert folder.exists()
        assert not dead.exists()


KILLED = """
import sys, pathlib
from avatar.store import FolderStore
session = FolderStore(pathlib.Path(sys.argv[1]), budget=10**9).session()
with session.scratch() as folder:
    (folder / "half").write_bytes(b"half a film")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_a_name_that_was_half_written_keeps_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, budget=MEGABYTE)
    session = store.session()
    blob = put(session, b"hello")
    store.retain("job-1", [blob])
    session.close()
    (tmp_path / "kept" / ".job-2.0123abcd").write_text(blob.sha256)
    FolderStore(tmp_path, budget=MEGABYTE).release("job-1")
    assert not stored(store, blob).exists()


def test_a_killed_process_leaves_nothing_under_a_final_name(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"writing\n"
        assert list((tmp_path / "runs").rglob("half"))
        victim.send_signal(signal.SIGKILL)
    FolderStore(tmp_path, budget=MEGABYTE)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "lock"]


def test_many_threads_and_stores_share_one_folder(tmp_path: Path) -> None:
    lost: list[Blob] = []

    def work(number: int) -> None:
        session = FolderStore(tmp_path, budget=20_000).session()
        for turn in range(15):
            blob = put(session, f"{number % 3} {turn} ".encode() * 200)
            if session.path(blob).stat().st_size != blob.size:
                lost.append(blob)
        session.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="choose another place"):
        FolderStore(tmp_path / "file" / "store", budget=MEGABYTE)


def test_a_full_disk_says_so(tiny_disk: Path) -> None:
    session = FolderStore(tiny_disk / "store", budget=MEGABYTE).session()
    with pytest.raises(StorageError, match="is full. Free some space"):
        session.keep(big_file_elsewhere(tiny_disk), "text/plain")
    assert not [path for path in (tiny_disk / "store" / "blobs").rglob("*") if path.is_file()]


def big_file_elsewhere(tiny_disk: Path) -> Path:
    path = tiny_disk.parent / "big"
    path.write_bytes(os.urandom(2 * MEGABYTE))
    return path
