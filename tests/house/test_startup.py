"""The hallway: what it wires, and what it finds on the disk."""

from pathlib import Path

import pytest

import reception
import smart_startup
from avatar.errors import BadRequest, StorageError
from stages import pipeline


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


def test_voices_and_avatars_are_many_and_named_once(tmp_path: Path) -> None:
    voices, avatars = reception.voices(), reception.avatars()
    assert len({voice.id for voice in voices}) == len(voices) > 100
    assert len({avatar.id for avatar in avatars}) == len(avatars) >= 12
    assert all(avatar.name and avatar.description for avatar in avatars)
