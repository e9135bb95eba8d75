"""A hub of our own for each test, and a model on it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.weights.hub import Hub
from tests.weights.models import MODEL, Workshop, fill


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub with one model."""
    with Hub() as running:
        running.add(MODEL.source, fill(MODEL))
        yield running


@pytest.fixture
def workshop(hub: Hub, tmp_path: Path) -> Workshop:
    """A way to make fetchers for that hub."""
    return Workshop(hub, tmp_path / "models")


@pytest.fixture
def read_only(workshop: Workshop, tmp_path: Path) -> Iterator[Path]:
    """The workshop's models on a disk that can only be read; skips aloud where mounting is not allowed."""
    place = tmp_path / "read-only"
    place.mkdir()
    mounts = [["mount", "--bind", str(workshop.models), str(place)], ["mount", "-o", "remount,ro,bind", str(place)]]
    if os.geteuid() != 0 or any(subprocess.run(mount, check=False, capture_output=True).returncode for mount in mounts):
        pytest.skip("a read-only disk can only be mounted by root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
