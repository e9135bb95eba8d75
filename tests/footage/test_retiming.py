"""A mouth brought from what is seen to what is wanted: nothing where both agree, nothing at the edges, no fold."""

import numpy as np
import pytest

from avatar.face import facemesh
from avatar.face.mouth import Mouth
from avatar.face.retiming import Retimed, Seen, retimed
from avatar.face.tracks import COLUMN, Track, blank
from tests.footage.test_heads import closed, opened

REST = facemesh.face(closed())


def row(**columns: float) -> Track:
    track = blank(1)
    for name, value in columns.items():
        track[0, COLUMN[name]] = value
    first: Track = track[0]
    return first


def way(by: float = 0.0, amount: float = 1.0, **columns: float) -> Retimed:
    """From a mouth opened by so many pixels to a track row."""
    seen = Seen(facemesh.rims(opened(closed(), by)), by)
    return retimed(Mouth(REST, 1.0, (0.0, 0.0)), REST, seen, row(**columns), amount=amount)


def test_a_mouth_that_is_right_already_stays_as_it_is() -> None:
    made = way()
    assert np.abs(made.shift).max() < 1.5
    assert made.crease is None


@pytest.mark.parametrize(("by", "jaw"), [(0.0, 0.5), (22.0, 0.0), (22.0, 0.5)])
def test_nothing_moves_at_the_edges_and_nothing_folds(by: float, jaw: float) -> None:
    made = way(by, jawOpen=jaw)
    down = made.shift[..., 1]
    assert np.abs(made.shift[[0, -1]]).max() < 0.6
    assert np.abs(made.shift[:, [0, -1]]).max() < 0.6
    assert float(np.diff(down, axis=0).max()) <= 1.0 + 1e-3 or made.hole is not None


def test_an_open_mouth_is_shut_with_a_line_and_a_shut_one_opened_with_a_hole() -> None:
    shut, wide = way(22.0), way(0.0, jawOpen=0.5)
    assert shut.hole is None or shut.hole.cover.max() < 200
    assert shut.crease is not None
    assert shut.crease.max() > 0.8
    assert wide.hole is not None
    assert wide.hole.cover.max() == 255
    assert wide.crease is None


def test_half_the_way_is_half_the_shift() -> None:
    whole, half = way(22.0), way(22.0, 0.5)
    assert half.shift[..., 1].min() == pytest.approx(0.5 * whole.shift[..., 1].min(), rel=0.3)
    assert np.abs(way(22.0, 0.0).shift[..., 0]).max() < 1e-3
