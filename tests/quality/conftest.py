"""Films that several tests look at, made once."""

from pathlib import Path

import pytest

from avatar.quality import faces
from avatar.quality.faces import Faces
from tests.quality.films import Made, film, spoken, track

SECONDS = 10.0


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Ten seconds of a film without faults."""
    said = spoken(SECONDS)
    return film(Path(tmp_path_factory.mktemp("good")), track(said), said)


@pytest.fixture(scope="session")
def good_face(good: Made) -> Faces:
    """Its face, by its rig."""
    return faces.from_rig(good.rig, 256, 256)
