"""What several areas of tests share."""

import gc
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small networks wait for each other longer than they work
gc.disable()  # while modules are read nothing is garbage; see below


def pytest_collection_finish() -> None:
    """What was imported stays, and no collection looks through its millions of objects again."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of 256 kB, to be filled; skips aloud where mounting is not allowed."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a tiny disk can only be mounted by root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
