"""Eyes that blink and look, and the brows over them: blendshape columns as warps of the upper face. Knows no pixels.

The lids are an aperture like the mouth, open at rest. A brow moves as a whole: the skin of the lid under it stretches
evenly, and the forehead above it gives way. Lengths are pixels of the drawn picture, before the head is turned.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Eye, Face, Line
from avatar.face.aperture import stretch
from avatar.face.mouth import Warp, shifting
from avatar.face.noise import minimum_jerk
from avatar.face.tracks import COLUMN, Track, column

Array = NDArray[np.float32]
Side = Literal["Right", "Left"]

LID_MEETS = 0.88
"""Where a shut eye's lids meet, as a share of the way from the upper rim down to the lower one."""
LOOK = (0.26, 0.20)
"""Travel of the iris at full gaze, in eye widths across and in eye widths down."""

BROW_RISE, BROW_PULLED = 0.19, 0.085
"""Mean rise of a fully raised brow in distances between the eyes, and the most that a muscle pulls in face heights."""
FACE_TO_EYES = 2.92
"""Face height over the distance between the eyes where that is not told."""
LASHES = 0.029
"""Height above the upper lid, in face heights, up to which brows move nothing."""
MARGIN = 0.085
"""Face heights beside eye and brow within which the brow's movement ends, so that there is no seam."""
NO_LASHES = 0.4
"""Share of an eye's width, about its inner corner, over which lashes become short."""
THICK, FOREHEAD = 0.018, 0.13
"""Face heights from a brow's middle to its edges, and above it to where the forehead no longer moves."""
ROOM, LEAST_ROOM = 1.4, 1.2
"""A brow rises at most its mean height over the lashes, divided by the first, and nowhere more than its height there,
divided by the second: else lashes would be torn upwards."""


def apart(face: Face) -> float:
    """Distance between the middles of a face's upper lids, in portrait pixels."""
    return float(np.hypot(*(np.mean(face.left.upper, axis=0) - np.mean(face.right.upper, axis=0))))


@dataclass(frozen=True, slots=True)
class Lids:
    """Both lid rims over some columns."""

    upper: Array
    lower: Array


class EyeModel:
    """One eye with its brow, at one scale. `face_height` is in the same pixels.

    `gives` is how much of the way to shut, 0 to 1, the skin above follows the lid; where it does not, a lid of its own
    comes down over the eye. `apart` is the distance to the other eye, by which every face's brows move alike.
    """

    def __init__(
        self,
        eye: Eye,
        side: Side,
        scale: float,
        origin: tuple[float, float],
        face_height: float,
        gives: float = 1.0,
        apart: float | None = None,
    ) -> None:
        def placed(line: Line) -> Array:
            return ((np.asarray(line, np.float32) - origin) * scale).astype(np.float32)

        self.side: Side = side
        self.unit = face_height
        self.gives = gives
        self._upper, self._lower, self._brow = placed(eye.upper), placed(eye.lower), placed(eye.brow)
        self.outline_at_rest = np.stack([self._upper, self._lower])
        self.width = float(self._upper[-1, 0] - self._upper[0, 0])
        margin = MARGIN * face_height
        x0, x1 = min(self._upper[0, 0], self._brow[0, 0]) - margin, max(self._upper[-1, 0], self._brow[-1, 0]) + margin
        y0, y1 = float(self._brow[:, 1].min()) - 0.16 * face_height, float(self._lower[:, 1].max()) + 0.09 * face_height
        self.x, self.y = int(x0) & ~1, int(y0) & ~1
        self._columns = np.arange(self.x, int(x1), dtype=np.float32)
        self._rows = np.arange(self.y, int(y1), dtype=np.float32)[:, None]
        self._rest = self.lids_at(self._columns)
        self._muscles = self._brow_muscles()
        self._follows = self._brow_follows()
        at = self._brow[:, 0]
        self._on_line = [np.interp(at, self._columns, each).astype(np.float32) for each in self._muscles]
        self._pull = self._pulled(face_height / FACE_TO_EYES if apart is None else apart)

    def _pulled(self, apart: float) -> float:
        """Pixels that a muscle at 1 pulls, so that the whole brow's line rises by its share of the eyes' distance."""
        felt = float(np.mean(_pull(1.0, 1.0, self._on_line)))
        return min(BROW_RISE * apart / max(felt, 0.1), BROW_PULLED * self.unit)

    def lids_at(self, columns: Array) -> Lids:
        """Lid rims at rest over the given columns; both meet at the corners and beyond."""
        upper = np.interp(columns, self._upper[:, 0], self._upper[:, 1]).astype(np.float32)
        lower = np.interp(columns, self._lower[:, 0], self._lower[:, 1]).astype(np.float32)
        return Lids(upper, np.maximum(lower, upper))

    def _brow_line(self) -> Array:
        """Height of the brow's middle over each column."""
        order = np.argsort(self._brow[:, 0])
        line = np.interp(self._columns, self._brow[order, 0], self._brow[order, 1])
        return np.asarray(line, np.float32)

    def _brow_muscles(self) -> list[Array]:
        """What the inner, middle and outer part of the brow's muscle move over the columns, and the room there."""
        inner, outer = (-1, 0) if self.side == "Right" else (0, -1)
        within = np.minimum(self._columns - self._columns[0], self._columns[-1] - self._columns)
        free = minimum_jerk(within / (MARGIN * self.unit))
        found = []
        for point in (self._brow[inner], self._brow[len(self._brow) // 2], self._brow[outer]):
            across = (self._columns - point[0]) / (0.10 * self.unit)
            found.append(np.asarray(np.exp(-(across * across)) * free, np.float32))
        lid = np.maximum(self._over_lashes() - self._brow_line() - THICK * self.unit, 1e-3)
        over_eye = (self._columns >= self._brow[:, 0].min()) & (self._columns <= self._brow[:, 0].max())
        together = float(lid[over_eye].mean()) / ROOM
        return [*found, np.minimum(lid / LEAST_ROOM, together).astype(np.float32)]

    def _over_lashes(self) -> Array:
        """Height over each column up to which brows move nothing; towards the nose there are no lashes."""
        corner, away = (self._upper[-1, 0], 1.0) if self.side == "Right" else (self._upper[0, 0], -1.0)
        there = np.clip(0.5 + (corner - self._columns) * away / (NO_LASHES * self.width), 0.4, 1.0)
        return np.asarray(self._rest.upper - LASHES * self.unit * there, np.float32)

    def _brow_follows(self) -> Array:
        """How much of its brow's way each pixel goes, 0 to 1: all of it the brow, none the lashes and the hairline."""
        line, thick, lashes = self._brow_line(), THICK * self.unit, self._over_lashes()
        below = (lashes - self._rows) / np.maximum(lashes - line - thick, 1.0)
        above = (self._rows - line + thick + FOREHEAD * self.unit) / (FOREHEAD * self.unit)
        follows: Array = np.clip(np.minimum(below, above), 0.0, 1.0).astype(np.float32)
        return follows

    def lids(self, row: Track, rest: Lids) -> Lids:
        """Lid rims now, for the rims at rest over the same columns."""
        upper_way, lower_way = (way[..., None] for way in self._ways(row))
        span = rest.lower - rest.upper
        lower = rest.lower - lower_way * span
        return Lids(np.minimum(rest.upper + upper_way * span, lower).astype(np.float32), lower.astype(np.float32))

    def _ways(self, track: Track) -> tuple[Array, Array]:
        """How far the upper lid has come down and the lower one up, in openings at rest."""
        blink, squint, wide, raised, up, down = (
            track[..., COLUMN[name + self.side]]
            for name in ("eyeBlink", "eyeSquint", "eyeWide", "cheekSquint", "eyeLookUp", "eyeLookDown")
        )
        shut = blink + 0.30 * down * (1.0 - blink) + 0.25 * squint - 0.10 * up
        shut = np.minimum(np.maximum(shut, -0.3), 1.0)
        closed = np.maximum(shut, 0.0)
        lifted = np.minimum(np.maximum(0.55 * squint + 0.25 * raised, 0.0), 0.6) * (1.0 - closed)
        upper = LID_MEETS * (shut - np.maximum(0.35 * wide, 0.0))
        return upper, (1.0 - LID_MEETS) * closed + 0.3 * lifted

    def shut_at_most(self, row: Track) -> float:
        """How far, 0 to 1, one row shuts this eye at most; quick to tell."""
        blink, down, squint = (
            float(row[COLUMN[name + self.side]]) for name in ("eyeBlink", "eyeLookDown", "eyeSquint")
        )
        return blink + 0.3 * down + 0.25 * squint

    def _own(self, row: Track, name: str) -> Array:
        return column(row, name + self.side)

    def warp(self, row: Track) -> Warp:
        """The warp around this eye for one track row; without a hole, since the picture has one already."""
        rest, now = self._rest, self.lids(row, self._rest)
        flat = np.zeros_like(self._columns)
        rigid, band = 0.014 * self.unit, 0.062 * self.unit
        low = now.upper - rest.upper
        if self.gives < 1.0:
            low = np.minimum(low, self.gives * (rest.lower - rest.upper))
        edge = rest.upper + low
        knots = [
            rest.upper - band,
            edge - rigid,
            edge,
            now.lower,
            now.lower + rigid,
            rest.lower + 0.055 * self.unit,
        ]
        shifts = [flat, low, low, now.lower - rest.lower, now.lower - rest.lower, flat]
        down = stretch(self._rows, knots, shifts)
        down += self._rise(row, self._muscles) * self._follows
        return Warp(self.x, self.y, shifting(None, down), None, float(low.max()))

    def _rise(self, row: Track, muscles: list[Array]) -> Array:
        """How far down the brow has come where `muscles` are told; up is negative, and levels off with the room."""
        down = self._own(row, "browDown")
        inner = column(row, "browInnerUp") - 0.8 * down
        outer = self._own(row, "browOuterUp") - 0.4 * down
        pull = self._pull * _pull(inner, outer, muscles)
        full = np.maximum(pull, 0.0) / muscles[-1]
        return np.asarray(-pull / np.sqrt(np.sqrt(1.0 + full**4)), np.float32)

    def gaze(self, row: Track) -> tuple[float, float]:
        """How far the iris has moved from rest, in pixels to the viewer's right and down."""
        at = COLUMN
        inward = float(row[at["eyeLookIn" + self.side]] - row[at["eyeLookOut" + self.side]])
        across = inward if self.side == "Right" else -inward
        down = float(row[at["eyeLookDown" + self.side]] - row[at["eyeLookUp" + self.side]])
        return across * LOOK[0] * self.width, down * LOOK[1] * self.width

    def outline(self, track: Track) -> Array:
        """Lids as points (frames, 2, 9, 2), upper then lower, before the head turns."""
        lines = []
        for line, name in ((self._upper, "upper"), (self._lower, "lower")):
            heights = getattr(self.lids(track, self.lids_at(line[:, 0])), name)
            lines.append(np.stack([np.broadcast_to(line[:, 0], heights.shape), heights], axis=-1))
        return np.stack(lines, axis=-3).astype(np.float32)

    def brow_outline(self, track: Track) -> Array:
        """The brow's middle line (frames, points, 2), before the head turns."""
        rise = self._rise(track, self._on_line)
        moved: Array = self._brow + np.stack([np.zeros_like(rise), rise], axis=-1)
        return moved


def _pull(inner: Array | float, outer: Array | float, muscles: list[Array]) -> Array:
    """How far the three parts of a brow's muscle pull together, 1 where one alone pulls with all its might."""
    result: Array = inner * muscles[0] + 0.3 * (inner + outer) * muscles[1] + outer * muscles[2]
    return result
