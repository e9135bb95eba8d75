"""The hallway: what it wires, and what it finds on the disk."""

from hashlib import sha256
from pathlib import Path

import pytest

import smart_startup
from avatar.errors import BadRequest, StorageError
from avatar.plan import WeightFile, Weights
from hf_spaces_models import CATALOGUE
from stages import pipeline
from tests.shared import shared


def test_every_floor_can_run_here(tmp_path: Path) -> None:
    made = smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path)}).house.plan(None)
    floors = [verdict for verdict in made.verdicts if verdict.floor]
    assert {verdict.stage for verdict in floors} == {stage.name for stage in pipeline.STAGES}
    assert all(verdict.placement for verdict in floors)


def test_bad_settings_and_bad_disks_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="AVATAR_STORE_BUDGET"):
        smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path), "AVATAR_STORE_BUDGET": "lots"})
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="choose another place"):
        smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path / "file")})


def test_weights_count_as_installed_when_every_file_is_whole(tmp_path: Path) -> None:
    row = Weights("m", "org/m", "1", (WeightFile("a", 3, "00"), WeightFile("sub/b", 2, "11")), "MIT", commercial=True)
    assert smart_startup.installed(tmp_path, [row]) == {}
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "a").write_bytes(b"123")
    (tmp_path / "m" / "sub" / "b").write_bytes(b"1")
    assert smart_startup.installed(tmp_path, [row]) == {}
    (tmp_path / "m" / "sub" / "b").write_bytes(b"12")
    assert smart_startup.installed(tmp_path, [row]) == {"m": tmp_path / "m"}


def test_voices_and_avatars_are_many_and_named_once(tmp_path: Path) -> None:
    voices, avatars = smart_startup.voices(), smart_startup.avatars()
    assert len({voice.id for voice in voices}) == len(voices) > 100
    assert len({avatar.id for avatar in avatars}) == len(avatars) >= 12
    assert all(avatar.name and avatar.description for avatar in avatars)


def test_the_catalogue_names_each_weight_once_with_its_bytes() -> None:
    assert all(name == row.id for name, row in CATALOGUE.items())
    for row in CATALOGUE.values():
        assert row.size == sum(file.size for file in row.files) > 0
        assert all(len(file.sha256) == 64 for file in row.files)
        assert row.revision
        assert row.licence


def test_every_weight_that_a_backend_needs_is_in_the_catalogue() -> None:
    needed = {name for stage in pipeline.STAGES for backend in stage.chain for name in backend.needs.weights}
    assert needed <= set(CATALOGUE)


def test_the_face_finder_is_the_one_we_know() -> None:
    file = CATALOGUE["face-landmarker"].files[0]
    data = shared(f"models/{file.path}").read_bytes()
    assert (len(data), sha256(data).hexdigest()) == (file.size, file.sha256)
