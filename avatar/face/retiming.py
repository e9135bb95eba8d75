"""A mouth brought from the shape that a frame shows to the shape that is wanted, in place. Knows no pixels, no time.

Works in the upright face. Every column of what is wanted is a ruler with knots, as in `avatar.face.aperture`: the four
lip rims and the chin, which come from wherever they are seen, also from beside the column: the lips of a face that is
turned away are seen so steeply at their far corner that no column there crosses them once. Skin stretches evenly
between; at the nose, the sides of the jaw and the foot of the neck nothing moves.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face
from avatar.face.aperture import between, stretch
from avatar.face.mouth import SHUT, Hole, Mouth
from avatar.face.rig_measures import JAW_DROP, width
from avatar.face.tracks import COLUMN, Track

Array = NDArray[np.float32]

WET = (0.006, 0.012)
"""Face heights of a seen opening's upper and lower edge that go behind the lips with what is seen in it."""
WET_FROM = 0.02
"""Opening, in face heights, from which all of that edge is taken."""
REACH = 0.94
"""Share of the way from the mouth to the jaw's side within which skin gives way."""
BESIDE = 0.25
"""Half mouth widths beside the mouth's corners within which skin gives way at least, however near the jaw."""
CLOSEST = 0.02
"""Share of the mouth's width that points along a rim at rest count as apart at least."""
CREASE = 0.0035
"""Half the thickness, in face heights, of the line between lips that were brought together."""
NECK = 0.34
"""Face heights below the chin at which nothing moves any more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a frame shows, upright: four lip rims (4, n, 2) as `facemesh.outlines` gives them; how far the chin fell.

    `rest` are the same points with the face at rest.
    """

    rims: Array
    rest: Array
    fallen: float


@dataclass(frozen=True, slots=True)
class Retimed:
    """Where the pixels of a rectangle at even `x`, `y` come from: `shift` (n, m, 4) to subtract, as in `Warp`.

    `hole` is what opens. `crease` (n, m), 0 to 1, is the dark line between lips that were brought together.
    """

    x: int
    y: int
    shift: Array
    hole: Hole | None
    crease: Array | None


def retimed(mouth: Mouth, face: Face, seen: Seen, row: Track, *, amount: float = 1.0) -> Retimed:
    """The way to the shape that a track `row` wants; `face` is the upright face at rest, `mouth` its mouth.

    `amount` is how much of the way is gone, 0 to 1.
    """
    jaw = np.asarray(face.jaw, np.float32)
    nose = float(np.asarray(face.nose)[:, 1].max())
    chin = float(jaw[len(jaw) // 2, 1])
    room = BESIDE * mouth.half
    left = min(jaw[:, 0].min(), mouth.centre[0] - mouth.half - room, seen.rims[0, 0, 0] - room)
    right = max(jaw[:, 0].max(), mouth.centre[0] + mouth.half + room, seen.rims[0, -1, 0] + room)
    x, y = int(left) & ~1, int(nose) & ~1
    columns = np.arange(x, int(right) + 1, dtype=np.float32)
    rows = np.arange(y, int(chin + NECK * mouth.unit), dtype=np.float32)[:, None]
    narrow = float(width(row))
    source, fade, at, ends = _across(mouth, jaw, seen, columns, (narrow, amount))
    here = [_point(rest, line, at) for rest, line in zip(seen.rest, seen.rims, strict=True)]
    upper, up, low, lower = (point[:, 1] for point in here)
    apart = np.maximum(low - up, 0.0)
    wet = mouth.unit * np.clip(apart / (WET_FROM * mouth.unit), 0.0, 1.0)
    up, low = np.maximum(up - WET[0] * wet, upper), np.minimum(np.maximum(low, up) + WET[1] * wet, lower)
    beyond = columns - np.clip(columns, *ends)
    goal = (mouth.centre[0] + (at - mouth.centre[0]) * narrow).astype(np.float32)
    now = mouth.rims(row, goal + beyond)[1]
    wanted = (now.upper_outer, now.upper_inner, now.lower_inner, now.lower_outer)
    shifts = [amount * fade * (there - y) for there, y in zip(wanted, (upper, up, low, lower), strict=True)]
    sides = [np.where(beyond == 0.0, amount * (goal - point[:, 0]), columns - source) for point in here]
    pull = _pull(jaw, mouth, columns)
    drop = (JAW_DROP * mouth.unit * float(row[COLUMN["jawOpen"]]) - seen.fallen) * amount * pull
    flat = np.zeros_like(columns)
    hanging = np.interp(columns, *jaw[np.argsort(jaw[:, 0])].T) + seen.fallen * pull
    hanging = np.maximum(hanging, lower.max() + 0.04 * mouth.unit)
    foot = np.full_like(columns, rows[-1, 0] - 1.0)
    knots = [flat + nose, upper + shifts[0], up + shifts[1], low + shifts[2], lower + shifts[3], hanging + drop, foot]
    for index in range(1, len(knots)):
        knots[index] = np.maximum(knots[index], knots[index - 1]).astype(np.float32)
    shift = np.zeros((len(rows), len(columns), 4), np.float32)
    shift[..., 1] = stretch(rows, knots, [move.astype(np.float32) for move in (flat, *shifts, drop, flat)])
    share = np.clip((lower.max() - lower) / np.maximum(hanging - lower, 1.0), 0.0, 1.0)
    knots.insert(5, (knots[4] + share * (knots[5] - knots[4])).astype(np.float32))
    shift[..., 0] = stretch(rows, knots, [move.astype(np.float32) for move in (flat, *sides, sides[3], flat, flat)])
    edges = knots[2].astype(np.float32), knots[3].astype(np.float32)
    return Retimed(x, y, shift, _hole(x, edges), _crease(rows, edges, apart * amount, mouth.unit))


class Ways(NamedTuple):
    """Of each column: where it comes from beside the lips, how much of the way it goes, and its place `at` rest.

    `goal` is where the mouth's corners come to lie.
    """

    source: Array
    fade: Array
    at: Array
    goal: tuple[float, float]


def _point(rest: Array, line: Array, at: Array) -> Array:
    """Where a rim `line` (n, 2) is seen whose points are at `rest` (n, 2), for columns `at` of the latter: (m, 2)."""
    least = CLOSEST * (rest[-1, 0] - rest[0, 0]) * np.arange(len(rest))
    x = least + np.maximum.accumulate(rest[:, 0] - least)
    x = rest[0, 0] + (x - x[0]) * (rest[-1, 0] - rest[0, 0]) / (x[-1] - x[0])
    way = np.maximum.accumulate(line[:, 0]), line[:, 1]
    return np.stack([np.interp(at, x, values) for values in way], axis=1).astype(np.float32)


def _across(mouth: Mouth, jaw: Array, seen: Seen, columns: Array, wanted: tuple[float, float]) -> Ways:
    """How columns go from the mouth that is seen, `amount` of the way, to one that is `narrow` times that at rest."""
    narrow, amount = wanted
    ends = seen.rims[0, 0, 0], seen.rims[0, -1, 0]
    goal = [
        end + amount * (mouth.centre[0] + side * narrow * mouth.half - end)
        for end, side in zip(ends, (-1, 1), strict=True)
    ]
    middle = len(jaw) // 2
    height = float(mouth.centre[1]) + 0.5 * mouth.half
    sides = []
    for half, end, want in ((jaw[: middle + 1], ends[0], goal[0]), (jaw[middle:][::-1], ends[1], goal[1])):
        edge = float(np.interp(height, half[:, 1], half[:, 0]))
        outer = max(abs(end - mouth.centre[0]), abs(want - mouth.centre[0])) + BESIDE * mouth.half
        far = max(REACH * abs(edge - float(mouth.centre[0])), outer)
        sides.append(float(mouth.centre[0]) + np.sign(edge - float(mouth.centre[0])) * far)
    source = np.interp(columns, [sides[0], *goal, sides[1]], [sides[0], *ends, sides[1]])
    source = np.where((columns < sides[0]) | (columns > sides[1]), columns, source)
    left = np.clip((columns - sides[0]) / max(goal[0] - sides[0], 1.0), 0.0, 1.0)
    right = np.clip((sides[1] - columns) / max(sides[1] - goal[1], 1.0), 0.0, 1.0)
    near = np.minimum(left, right)
    fade = (near * near * (3.0 - 2.0 * near)).astype(np.float32)
    at = np.interp(columns, goal, [mouth.centre[0] - mouth.half, mouth.centre[0] + mouth.half])
    return Ways(source.astype(np.float32), fade, at.astype(np.float32), (float(goal[0]), float(goal[1])))


def _pull(jaw: Array, mouth: Mouth, columns: Array) -> Array:
    """How much of the jaw's drop each column takes: 1 under the mouth, 0 at the sides of the jaw."""
    centre = float(mouth.centre[0])
    away = np.where(columns < centre, centre - jaw[:, 0].min(), jaw[:, 0].max() - centre)
    t = np.clip((np.abs(columns - centre) - 0.25 * away) / np.maximum(0.72 * away, 1.0), 0.0, 1.0)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * t), np.float32)


def _hole(x: int, edges: tuple[Array, Array]) -> Hole | None:
    upper, lower = edges
    wide = np.flatnonzero(lower - upper > SHUT)
    if not len(wide):
        return None
    x0, x1 = int(wide[0]) & ~1, int(wide[-1]) + 2
    upper, lower = upper[x0:x1], lower[x0:x1]
    y0, y1 = int(upper.min()) - 1 & ~1, int(lower.max()) + 2
    rows = np.arange(y0, y1, dtype=np.float32)[:, None]
    return Hole(x + x0, y0, between(rows, upper, lower), upper)


def _crease(rows: Array, edges: tuple[Array, Array], closed: Array, unit: float) -> Array | None:
    upper, lower = edges
    strong = np.clip(closed / (WET_FROM * unit), 0.0, 1.0) * np.clip(1.0 - (lower - upper) / (0.012 * unit), 0.0, 1.0)
    if float(strong.max()) < 0.02:
        return None
    away = (rows - 0.5 * (upper + lower)) / max(CREASE * unit, 0.7)
    return np.asarray(strong * np.exp(-away * away), np.float32)
