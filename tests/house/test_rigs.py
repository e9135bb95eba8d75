"""The rig of a film that was made here is found by the film's own bytes."""

from pathlib import Path

from avatar.jobs import rigs
from avatar.request import parse
from avatar.store import FolderStore
from tests.tiny import tiny_jobs

ASK = parse({"text": "Hello there.", "seed": 3})


def made(folder: Path) -> Path:
    """A film as its user has it."""
    jobs = tiny_jobs(folder)
    job = jobs.follow(jobs.submit(ASK).id, lambda event: None)
    film = folder / "mine.mp4"
    film.write_bytes(jobs.file(job.id, "video").read_bytes())
    return film


def test_our_film_has_its_rig_in_another_process_too(tmp_path: Path) -> None:
    film = made(tmp_path)
    found = rigs.find(FolderStore(tmp_path / "store", budget=10**6).session(), film)
    assert found is not None
    assert found.read_bytes() == b"rig"


def test_a_film_that_was_changed_or_made_elsewhere_has_none(tmp_path: Path) -> None:
    film = made(tmp_path)
    film.write_bytes(film.read_bytes() + b".")
    assert rigs.find(FolderStore(tmp_path / "store", budget=10**6).session(), film) is None


def test_a_rig_that_is_gone_or_a_record_that_is_none_is_no_rig(tmp_path: Path) -> None:
    film = made(tmp_path)
    session = FolderStore(tmp_path / "store", budget=10**6).session()
    found = rigs.find(session, film)
    assert found is not None
    found.unlink()
    assert rigs.find(session, film) is None
    for record in (tmp_path / "store" / "records").rglob("*"):
        if record.is_file():
            record.write_bytes(b"{}")
    assert rigs.find(session, film) is None
