"""What goes on above a picture that cuts somebody's hair."""

import numpy as np
import pytest

from stages.portrait.photo import beyond

ROWS, HIGH, WIDE = 40, 200, 300


def mirrored(opens: float, *, half: float = 60.0) -> beyond.Bytes:
    """A mask that is `half` wide to each side at the edge, opens by so much for each row below, and as much above."""
    away = np.abs(np.arange(HIGH) - ROWS + 0.5)[:, None]
    return np.where(np.abs(np.arange(WIDE) - WIDE / 2) < half + opens * away, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("opens", [-0.5, 0.0, 0.5, 1.0])
def test_an_outline_goes_on_straight_above_the_edge(opens: float) -> None:
    person = mirrored(opens)
    above = beyond.closing(person, ROWS)
    assert above is not None
    closed = above.of(person)
    spans = (closed > 127).sum(axis=1)
    assert np.abs(spans - 2 * (60 + opens * (np.arange(HIGH) - ROWS)))[: 2 * ROWS].max() <= 3
    assert (closed[ROWS:] == person[ROWS:]).all()


def test_what_is_steep_ends_in_a_top_and_never_turns_over() -> None:
    above = beyond.closing(mirrored(5.0, half=20.0), ROWS)
    assert above is not None
    assert (np.diff(above.columns, axis=1) >= 0).all()


def test_nobody_who_is_not_cut_is_changed() -> None:
    person = mirrored(0.5)
    person[: ROWS + 5] = 0
    assert beyond.closing(person, ROWS) is None
    assert beyond.closing(mirrored(0.5), 0) is None
