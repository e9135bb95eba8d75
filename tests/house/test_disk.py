"""What a disk's refusals say, and what they keep to themselves."""

import errno
import os
from pathlib import Path

import pytest

from avatar import records
from avatar.artifacts import Blob
from avatar.disk import DATA, advice, storage_errors
from avatar.engine import Engine
from avatar.errors import StorageError
from avatar.stage import Context, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend


def refused(number: int, place: Path | str) -> str:
    return advice(OSError(number, os.strerror(number)), place)


def test_the_place_is_named_and_what_to_do() -> None:
    assert refused(errno.ENOSPC, Path("a")) == "The disk of a is full. Free some space there, or choose another place."
    assert refused(errno.EACCES, Path("a")).startswith("a can't be written. Change its permissions")
    assert refused(errno.EACCES, DATA).startswith("The data folder can't be written.")
    assert refused(errno.EIO, DATA).startswith("The data folder can't be used (Input/output error).")
    assert refused(errno.ENOENT, Path("a/b")).startswith("The folder of a/b does not exist. Make it")
    assert refused(errno.ENOENT, DATA).startswith("Something is gone from the data folder.")


@pytest.mark.parametrize("below", ["file", "file/store", "file/a/b"])
def test_a_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as refusal, storage_errors(tmp_path / below):
        (tmp_path / below).mkdir(parents=True, exist_ok=True)
    assert str(refusal.value) == f"{tmp_path / 'file'} is not a folder. Check the name, or choose another place."


def test_a_file_in_the_way_inside_the_data_folder_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "blobs").touch()
    with pytest.raises(StorageError, match=f"^{tmp_path}/blobs is not a folder"):
        FolderStore(tmp_path, budget=1)


def test_a_full_disk_below_a_backend_is_the_data_folder(tmp_path: Path) -> None:
    def fill(_brief: Blob, context: Context) -> Blob:
        with storage_errors(context.scratch() / "speech.wav"):
            raise OSError(errno.ENOSPC, "No space left on device")

    store = FolderStore(tmp_path, budget=10**6)
    stage: Stage[Blob, Blob] = Stage("speech", Blob, (FakeBackend("full", fill),))
    with pytest.raises(StorageError, match="^The disk of the data folder is full. Free some space there"):
        Engine(store).walk(store.session())(stage, Blob("0" * 64, "text/plain", 1))


def test_a_full_disk_below_the_store_is_the_data_folder(tiny_disk: Path) -> None:
    session = FolderStore(tiny_disk / "store", budget=10**6).session()
    with pytest.raises(StorageError, match="^The disk of the data folder is full."):
        session.remember("0" * 64, records.dump(Blob("x" * 10**6, "text/plain", 1)))
