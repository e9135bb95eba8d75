"""What the API's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.served import Served, finishing, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server whose jobs move only when they are told to."""
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Served]:
    """A server whose jobs are done at once."""
    with serving(tmp_path, plays=finishing) as found:
        yield found


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for requests that leave nothing behind, one for a whole file."""
    with serving(tmp_path_factory.mktemp("still")) as found:
        yield found
