"""Films that several tests look at, made once."""

from pathlib import Path

import pytest

from tests.quality.films import Made, film, spoken, track

SECONDS = 10.0


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Ten seconds of a film without faults."""
    said = spoken(SECONDS)
    return film(Path(tmp_path_factory.mktemp("good")), track(said), said)
