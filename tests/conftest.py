"""What several areas of tests share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.diffusion.easing import WAYS

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small networks wait for each other longer than they work


@pytest.fixture(autouse=True)
def _nothing_ran_short() -> None:
    """What ran short of memory in another test is not remembered in this one."""
    WAYS.forget()


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
