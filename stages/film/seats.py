"""Where several people are seen in one film, and which way they look at each other.

Knows no face. Side by side each has a part of the film, in columns, rows or four quarters: whatever shows the faces
largest.
"""

from itertools import pairwise, product

from stages.film.brief import Layout

ASIDE, UP = 24.0, 13.0
"""Degrees from the viewer to a neighbour beside, and above or below."""
OFF_SCREEN = 13.0
"""Degrees from the viewer to somebody who is not in the picture: beside the camera, as in films."""
GAP = 0.006
"""The line between two parts, as a share of the film's shorter side."""


Span = tuple[int, int]
"""Where a part begins, and its length."""


def parts(count: int, size: tuple[int, int]) -> tuple[tuple[Span, Span], ...]:
    """Columns and rows of a film of (width, height) for so many people, from the upper left, lines between them."""
    columns, rows = grid(count, size)
    gap = max(2, round(GAP * min(size))) & ~1
    across, down = _spans(size[0], columns, gap), _spans(size[1], rows, gap)
    return tuple((x, y) for y, x in product(down, across))[:count]


def grid(count: int, size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows for so many people."""
    forms = [(count, 1), (1, count), *([(2, 2)] if count == 4 else [])]
    return max(forms, key=lambda form: min(size[0] / form[0], size[1] / form[1]))


def directions(count: int, layout: Layout, size: tuple[int, int]) -> tuple[tuple[tuple[float, float], ...], ...]:
    """For each person and each other one: degrees to the viewer's right and up at which the other is seen."""
    columns = grid(count, size)[0] if layout == "side_by_side" else count
    places = [(number % columns, number // columns) for number in range(count)]
    return tuple(tuple(_towards(one, other, layout) for other in places) for one in places)


def _towards(one: tuple[int, int], other: tuple[int, int], layout: Layout) -> tuple[float, float]:
    right, down = _sign(other[0] - one[0]), _sign(other[1] - one[1])
    return (OFF_SCREEN * right, 0.0) if layout == "cut" else (ASIDE * right, -UP * down)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _spans(length: int, parts: int, gap: int) -> list[Span]:
    """Starts and lengths, all even, of equal parts with gaps between."""
    edges = [round(number * (length + gap) / parts) & ~1 for number in range(parts + 1)]
    return [(start, (end - gap - start) & ~1) for start, end in pairwise(edges)]
