"""How long work took: remembered, weighed by length, shared by processes, and never a reason to fail."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from avatar.engine import Engine
from avatar.paces import PICTURE, Paces, length_of
from avatar.stage import Context, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend, ManualClock
from tests.tiny import a_portrait


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that lasts."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Brief:
    """What it is made of."""

    said: Sound
    seed: int = 1


def test_a_pace_is_seconds_of_work_for_a_second_of_film(tmp_path: Path) -> None:
    paces = Paces(tmp_path)
    paces.note("film", "compositor", 3.0, 10.0)
    paces.note("portrait", "drawn", 1.0, None)
    assert paces.measured() == {("film", "compositor"): 0.3, ("portrait", "drawn"): 1.0 / PICTURE}


def test_what_each_film_costs_however_short_is_not_taken_for_its_pace(tmp_path: Path) -> None:
    paces = Paces(tmp_path)
    for length in (1.0, 2.0, 1.5, 20.0):
        paces.note("film", "x", 3.0 + 0.2 * length, length)
    for length in (1.0, 10.0, 60.0):
        assert paces.measured(length)["film", "x"] * length == pytest.approx(3.0 + 0.2 * length)
    assert Paces(tmp_path).measured(60.0)["film", "x"] == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize("lengths", [(2.0, 2.1, 1.9), (2.0, 20.0)])
def test_no_line_leads_below_nothing(tmp_path: Path, lengths: tuple[float, ...]) -> None:
    paces = Paces(tmp_path)
    for length in lengths:  # as a loaded machine may give it
        paces.note("film", "x", 10.0 / length, length)
        paces.note("lips", "x", length * length, length)
    for stage in ("film", "lips"):
        dear = [round(paces.measured(length)[stage, "x"] * length, 9) for length in (1.0, 10.0, 100.0)]
        assert 0.0 < dear[0] <= dear[1] <= dear[2]


def test_new_films_say_more_than_old_ones(tmp_path: Path) -> None:
    paces = Paces(tmp_path)
    paces.note("film", "x", 10.0, 10.0)
    for _ in range(100):
        paces.note("film", "x", 2.0, 10.0)
    assert paces.measured()["film", "x"] == pytest.approx(0.2, rel=0.01)


def test_other_processes_and_later_ones_know_it_too(tmp_path: Path) -> None:
    early = Paces(tmp_path)
    Paces(tmp_path).note("speech", "espeak", 1.0, 10.0)
    assert early.measured() == {}
    early.renew()
    early.note("film", "x", 1.0, 10.0)
    assert Paces(tmp_path).measured() == {("speech", "espeak"): 0.1, ("film", "x"): 0.1}


@pytest.mark.parametrize("text", ["", "{", '{"paces": {"a/b": {"work": 1, "film": 0}}}', '{"paces": 7}'])
def test_a_damaged_book_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "paces.json").write_text(text)
    assert Paces(tmp_path).measured() == {}


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    paces = Paces(tmp_path / "gone")
    paces.note("film", "x", 1.0, 10.0)
    assert paces.measured() == {("film", "x"): 0.1}


def test_the_engine_notes_work_but_nothing_that_was_remembered(tmp_path: Path) -> None:
    clock, heard = ManualClock(), []

    def work(brief: Brief, _context: Context) -> Sound:
        clock.advance(4.0)
        return brief.said

    engine = Engine(FolderStore(tmp_path / "store", budget=10**6), clock=clock, noted=lambda *told: heard.append(told))
    stage = Stage("sound", Sound, (FakeBackend("slow", work),))
    for _ in range(2):
        engine.walk(engine.store.session())(stage, Brief(Sound(2.0)))
    assert heard == [("sound", "slow", 4.0, 2.0)]


def test_a_picture_has_no_length() -> None:
    assert length_of(a_portrait()) is None
    assert length_of(Brief(Sound(3.0))) == 3.0
