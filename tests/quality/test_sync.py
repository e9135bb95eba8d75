"""The measured offset and drift are those that were put in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar.face import rig_measures
from avatar.quality import certificate, sync
from avatar.quality.figures import Figure
from avatar.quality.judging import Mouth, sync_figures
from tests.lips.spoken import made, recorded
from tests.quality.films import film, hearing, moved, spoken, track

FPS = 25


def mouth(late: float, *, drift: float = 0.0, seconds: float = 19.0, fps: int = FPS) -> Mouth:
    rows = track(spoken(seconds), late=late, drift=drift, fps=fps)
    return Mouth(np.arange(len(rows)) / fps, rig_measures.gap(rows).astype(float), "rig")


def figure(figures: tuple[Figure, ...] | list[Figure], name: str) -> Figure:
    return next(each for each in figures if each.name == name)


def value(found: Figure) -> float:
    assert isinstance(found.value, float), found
    return found.value


@pytest.mark.parametrize("fps", [25, 60])
@pytest.mark.parametrize("late", [-0.08, -0.05, -0.013, 0.007, 0.04, 0.08])
def test_late_mouths_are_told_by_their_closures(late: float, fps: int) -> None:
    said = spoken(19.0)
    base, found = (value(sync_figures(mouth(each, fps=fps), said.phones, hearing(said))[0]) for each in (0.0, late))
    assert found - base == pytest.approx(1000 * late, abs=5.0)
    assert abs(base) < 20.0


@pytest.mark.parametrize("late", [-0.08, -0.03, 0.03, 0.08])
def test_late_mouths_are_told_by_loudness_alone(late: float) -> None:
    said = spoken(19.0)
    base, found = (sync_figures(mouth(each), None, hearing(said))[0] for each in (0.0, late))
    assert value(found) - value(base) == pytest.approx(1000 * late, abs=8.0)
    assert "loudness" in found.note


@pytest.mark.parametrize("late", [-0.06, 0.06])
def test_late_sound_is_told_too(late: float) -> None:
    said = spoken(19.0)
    early, late_sound = (sync_figures(mouth(0.0), said.phones, hearing(moved(said, at)))[0] for at in (0.0, late))
    assert value(late_sound) - value(early) == pytest.approx(-1000 * late, abs=6.0)


@pytest.mark.parametrize("drift_ms_a_minute", [-30.0, 0.0, 12.0])
def test_drift_of_a_long_film_is_its_slope(drift_ms_a_minute: float) -> None:
    once = recorded("en-us")
    phones = tuple(phone for turn in range(15) for phone in moved(once, turn * once.seconds).phones)
    said = replace(once, phones=phones, seconds=15 * once.seconds)
    rows = track(said, drift=drift_ms_a_minute / 60_000.0)
    long_mouth = Mouth(np.arange(len(rows)) / FPS, rig_measures.gap(rows).astype(float), "rig")
    assert value(sync_figures(long_mouth, said.phones, hearing(said))[1]) == pytest.approx(drift_ms_a_minute, abs=1.0)


def test_short_films_have_no_drift() -> None:
    said = spoken(8.0)
    drift = sync_figures(mouth(0.0, seconds=8.0), said.phones, hearing(said))[1]
    assert drift.verdict == "not measured"
    assert "too short" in drift.note


LITTLE_SHUT = "h 'a l o . t 'aɪ d u s 'e n l 'a k i d 'o r s 'a t e . n 'o l 'a s i l 'e d u k 'a"


@pytest.mark.parametrize("fps", [25, 50, 60])
@pytest.mark.parametrize("late", [-0.1, 0.0, 0.1])
def test_short_films_with_few_closures_are_told_by_their_openings(late: float, fps: int) -> None:
    said = made(LITTLE_SHUT)
    rows = track(said, late=late, fps=fps)
    shown = Mouth(np.arange(len(rows)) / fps, rig_measures.gap(rows).astype(float), "rig")
    offset, drift = sync_figures(shown, said.phones, hearing(said))
    assert value(offset) == pytest.approx(1000 * late - 20.0, abs=25.0)
    assert offset.verdict == ("fail" if late else "pass")
    assert "too few closures" in offset.note
    assert drift.verdict == "not measured"


def test_a_short_film_whose_openings_do_not_follow_is_not_measured() -> None:
    said = made(LITTLE_SHUT)
    chance = np.random.default_rng(2).uniform(0.0, 0.1, round(said.seconds * FPS))
    offset = sync_figures(Mouth(np.arange(len(chance)) / FPS, chance, "pixels"), said.phones, hearing(said))[0]
    assert offset.verdict == "not measured"
    assert "too few closures" in offset.note


def test_a_short_film_of_unknown_sounds_is_not_measured() -> None:
    said = spoken(5.0)
    assert sync_figures(mouth(0.0, seconds=5.0), None, hearing(said))[0].verdict == "not measured"


@pytest.mark.parametrize("fps", [25, 50, 60])
def test_closures_beside_pauses_do_not_count(fps: int) -> None:
    said = made("m 'a n 'a m . m 'e b 'a p 'i . b 'a d 'o m")
    rows = track(said, fps=fps)
    _, late = sync.closures(said.phones, np.arange(len(rows)) / fps, rig_measures.gap(rows).astype(float))
    assert len(late) == 2
    assert np.abs(late).max() < 0.025


def test_a_mouth_that_does_not_follow_the_sound_is_not_measured() -> None:
    chance = np.random.default_rng(2).uniform(0.0, 0.1, 475)
    babble = Mouth(np.arange(475) / FPS, chance, "pixels")
    assert sync_figures(babble, None, hearing(spoken(19.0)))[0].verdict == "not measured"


@pytest.mark.parametrize("late", [-0.08, 0.05])
def test_pixels_tell_the_offset_even_when_the_rig_lies(tmp_path: Path, late: float) -> None:
    said = spoken(10.0)
    made = film(tmp_path, track(said, late=late), said, rig_rows=track(said))
    found = figure(certificate(made.path, rig=made.rig).figures, "audio-visual offset")
    assert found.source == "pixels"
    assert value(found) == pytest.approx(1000 * late - 10.0, abs=12.0)
    assert found.verdict == "fail"
