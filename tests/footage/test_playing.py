"""Users' films come turned, at a changing pace and in any size; all are played upright and evenly."""

from pathlib import Path

import numpy as np
import pytest

from avatar.errors import BadRequest
from avatar.media import playing
from tests.footage.films import Bytes, written


def grey(level: int, size: tuple[int, int] = (64, 96)) -> Bytes:
    return np.full((*size, 3), level, np.uint8)


def levels(path: Path, fps: float) -> list[int]:
    return [round(float(frame.mean())) for frame in playing.played(path, fps=fps)]


def test_an_uneven_pace_becomes_an_even_one(tmp_path: Path) -> None:
    film = written(tmp_path / "a.mp4", [grey(40), grey(120), grey(200)], times=(0.0, 0.4, 0.48))
    seen = levels(film, 25.0)
    assert len(seen) == 13
    assert np.abs(np.subtract(seen, [40] * 10 + [120] * 2 + [200])).max() < 6


@pytest.mark.parametrize(("fps", "count"), [(25.0, 25), (50.0, 49), (30.0, 30)])
def test_other_paces_keep_the_length(tmp_path: Path, fps: float, count: int) -> None:
    film = written(tmp_path / "a.mp4", [grey(10 * number) for number in range(25)])
    assert len(levels(film, fps)) == pytest.approx(count, abs=1)


def test_a_phone_held_upright_gives_an_upright_film(tmp_path: Path) -> None:
    wide = grey(40)
    wide[:32] = (220, 30, 30)  # the upper half, which a quarter turn clockwise takes to the right
    film = written(tmp_path / "a.mp4", [wide] * 3, turn=90)
    shown = next(playing.played(film, fps=25.0)).astype(int)
    assert shown.shape == (96, 64, 3)
    assert shown[:, 40:, 0].mean() > 180
    assert shown[:, :24, 0].mean() < 70


def test_large_films_are_made_to_fill_what_is_asked_and_small_ones_stay(tmp_path: Path) -> None:
    film = written(tmp_path / "a.mp4", [grey(90, (202, 354))] * 2)
    assert next(playing.played(film, fps=25.0, fill=(100, 100))).shape == (100, 176, 3)
    assert next(playing.played(film, fps=25.0, fill=(900, 900))).shape == (202, 354, 3)


def test_colours_come_as_they_went(tmp_path: Path) -> None:
    red = np.full((64, 64, 3), (200, 60, 50), np.uint8)
    shown = next(playing.played(written(tmp_path / "a.mp4", [red]), fps=25.0))
    assert np.abs(shown.astype(int) - (200, 60, 50)).max() <= 6


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no film at all")
    with pytest.raises(BadRequest, match="not a film"):
        list(playing.played(tmp_path / "a.mp4", fps=25.0))
