"""Leaving out what is not seen changes nothing, and rectangles cover what is seen once."""

from dataclasses import replace

import numpy as np
import pytest

from stages.film.parts import THERE, Grid, cuts, rectangles
from tests.film.figures import puppet
from tests.film.test_puppet import row

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"jawOpen": 0.9, "browInnerUp": 1.0, "eyeBlinkLeft": 1.0},
        {"headYaw": 12.0, "headPitch": -9.0, "headRoll": 8.0, "jawOpen": 0.5},
        {"leanX": 0.5, "leanY": 0.2, "leanScale": -0.1, "headRoll": -8.0},
    ],
)
def test_leaving_out_what_is_not_seen_changes_nothing(columns: dict[str, float]) -> None:
    short, whole = puppet(), puppet()
    whole.parts = {name: replace(part, shown=np.full_like(part.shown, THERE)) for name, part in whole.parts.items()}
    frames = [each.draw(row(**columns)) for each in (short, whole)]
    assert np.abs(frames[0].luma.astype(int) - frames[1].luma).max() <= 1
    assert np.abs(frames[0].chroma.astype(int) - frames[1].chroma).max() <= 1


@pytest.mark.parametrize("seed", range(4))
def test_rectangles_cover_what_is_seen_once_wherever_it_went(seed: int) -> None:
    noise = np.random.default_rng(seed)
    ring = np.zeros((40, 44), np.uint8)
    ring[3:36, 6:40] = THERE
    ring[14:36, 14:32] = 0
    grid = Grid(-24, -24, *ring.shape, 24)
    where = cuts(ring, grid)
    assert sum(wide * high for _, _, wide, high in rectangles(ring, where, grid, STILL)) < 1.1 * (ring != 0).sum()
    gone = np.roll(ring, tuple(noise.integers(-3, 4, 2)), axis=(0, 1))
    count = np.zeros(ring.shape, np.int64)
    for left, top, wide, high in rectangles(gone, where, grid, STILL + noise.normal(0.0, (0.02, 0.02, 60.0), (2, 3))):
        count[top : top + high, left : left + wide] += 1
    assert count.max() == 1
    assert (count[gone != 0] == 1).all()
