"""What several areas of tests share."""

import gc
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from stages.diffusion.easing import WAYS

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small networks wait for each other longer than they work
gc.disable()  # while modules are read nothing is garbage; see below
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how fast an example comes says how busy the machine is

LONG = (
    "web/test_browser.py",
    "house/test_serving.py",
    "jobs/test_survival.py",
    "animate_anyone/test_parity.py",
    "house/test_startup.py",
    "house/test_growth.py",
    "jobs/test_accelerators.py",
    "cli/test_process.py",
    "jobs/test_service.py",
    "mcp/test_over_http.py",
    "security/test_door.py",
    "portrait/test_drawn_faces.py",
)
"""Files that take longest, first: begun last, one of them would leave the other cores idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest come first; all others as they are."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


def pytest_collection_finish() -> None:
    """What was imported stays, and no collection looks through its millions of objects again."""
    gc.freeze()
    gc.enable()


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
