"""A mouth that opens: from blendshape columns to a warp of the lower face, and the lips' outline. Knows no pixels.

The model works in the picture at rest, before the head is turned. Lip rims are curves over the columns between the
mouth's corners; the jaw carries the lower lip and the chin. All lengths are pixels of the drawn picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face, Line
from avatar.face.aperture import Bytes, between, stretch
from avatar.face.rig_measures import JAW_DROP, gap, width
from avatar.face.tracks import COLUMN, Track, column

Array = NDArray[np.float32]

SHUT = 0.15
"""Lips less than this many pixels apart show no inside."""
LEAST_REACH = 1.5
"""How far, in half mouth widths, skin gives way beside the mouth at least; wider than any mouth becomes."""
UPPER_SHARE = 0.16
"""Share of the lip gap that the upper lip makes by rising; the jaw and lower lip make the rest."""


@dataclass(frozen=True, slots=True)
class Rims:
    """The lips over some columns (m,): heights of their four rims."""

    upper_outer: Array
    upper_inner: Array
    lower_inner: Array
    lower_outer: Array


@dataclass(frozen=True, slots=True)
class Hole:
    """An opening in the skin: how much of each pixel of a rectangle at even `x`, `y` it takes, 0..255 (n, m).

    `rim` (m,) is the height of its upper edge.
    """

    x: int
    y: int
    cover: Bytes
    rim: Array


@dataclass(frozen=True, slots=True)
class Warp:
    """Where the pixels of a rectangle at even `x`, `y` come from: `shift` (n, m, 4) to subtract; and the hole in it.

    Only the first two columns of `shift`, across and down, are used; four are resampled three times as fast as two.
    `reach` is how far down, in pixels, anything is pushed at most.
    """

    x: int
    y: int
    shift: Array
    hole: Hole | None
    reach: float


def shifting(side: Array | None, down: Array) -> Array:
    """The `shift` of a `Warp` from how far each pixel has come aside and down (n, m)."""
    shift = np.zeros((*down.shape, 4), np.float32)
    shift[..., 1] = down
    if side is not None:
        shift[..., 0] = side
    return shift


class Mouth:
    """The lower face of one portrait, at one scale."""

    def __init__(self, face: Face, scale: float, origin: tuple[float, float]) -> None:
        def placed(line: Line) -> Array:
            return ((np.asarray(line, np.float32) - origin) * scale).astype(np.float32)

        self._upper_outer, self._upper_inner = placed(face.upper_lip_outer), placed(face.upper_lip_inner)
        self._lower_inner, self._lower_outer = placed(face.lower_lip_inner), placed(face.lower_lip_outer)
        jaw, nose = placed(face.jaw), placed(face.nose)
        top = placed((face.forehead,))[0]
        self.unit = float(jaw[len(jaw) // 2, 1] - top[1])
        left, right = self._upper_outer[0], self._upper_outer[-1]
        self.centre = (left + right) / 2
        self.half = float(right[0] - left[0]) / 2
        self._nose_y = float(nose[:, 1].max()) - 0.02 * self.unit
        self._jaw = jaw
        margin = 0.02 * self.unit
        x0, x1 = int(jaw[:, 0].min() - margin), int(jaw[:, 0].max() + margin) + 1
        self.x, self.y = x0 & ~1, int(self._nose_y) & ~1
        self._columns = np.arange(self.x, x1, dtype=np.float32)
        bottom = int(jaw[:, 1].max() + 0.34 * self.unit)
        self._rows = np.arange(self.y, bottom, dtype=np.float32)[:, None]
        self._rows_fade = self._height_fade()
        self._prepare_rest()

    def _source(self, columns: Array, narrow: Array) -> Array:
        """Where each column comes from when the mouth is `narrow` times as wide as at rest.

        Even within the lips, and even again from their corners to the sides of the jaw, which stay where they are; so
        the map never folds.
        """
        across = (columns - self.centre[0]) / self.half
        far = np.abs(across)
        skirt = 1.0 + (far - narrow) * (self._reach - 1.0) / (self._reach - narrow)
        source = np.where(far <= narrow, far / narrow, np.where(far < self._reach, skirt, far))
        result: Array = (self.centre[0] + np.sign(across) * source * self.half).astype(np.float32)
        return result

    def _height_fade(self) -> Array:
        """How much of a change of width each row takes: all of it at the lips, none at the nose, little at the chin."""
        above = np.clip((self._rows - self.y - 1.0) / (0.8 * (self.centre[1] - self.y)), 0.0, 1.0)
        below = np.clip((self._rows - self.centre[1]) / self.half, 0.0, None)
        result: Array = (above * above * (3.0 - 2.0 * above) * np.exp(-below * below)).astype(np.float32)
        return result

    def _prepare_rest(self) -> None:
        self._jaw_weight = self._jaw_pull(self._columns)
        middle = len(self._jaw) // 2
        sides = (self._jaw[: middle + 1], self._jaw[middle:][::-1])
        edges = [np.interp(self.centre[1] + 0.5 * self.half, half[:, 1], half[:, 0]) for half in sides]
        nearest = min(abs(float(edge) - float(self.centre[0])) for edge in edges)
        self._reach = max(LEAST_REACH, 0.92 * nearest / self.half)
        order = np.argsort(self._jaw[:, 0])
        self._chin = np.interp(self._columns, self._jaw[order, 0], self._jaw[order, 1]).astype(np.float32)
        self._chin = np.maximum(self._chin, self.centre[1] + 0.1 * self.unit).astype(np.float32)

    def rims(self, row: Track, columns: Array, jaw_pull: Array | None = None) -> tuple[Rims, Rims]:
        """The four rims at rest and now, over `columns` of the frame; `jaw_pull` is told where it is known."""
        source = self._source(columns, width(row)[..., None])
        rest = Rims(*(np.interp(source, line[:, 0], line[:, 1]).astype(np.float32) for line in (
            self._upper_outer, self._upper_inner, self._lower_inner, self._lower_outer)))  # fmt: skip
        pull = self._jaw_pull(columns) if jaw_pull is None else jaw_pull
        return rest, self._moved(row, rest, (source - self.centre[0]) / self.half, pull)

    def _moved(self, row: Track, rest: Rims, t: Array, jaw_pull: Array) -> Rims:
        """Rims now; `t` is -1 and 1 at the corners."""
        unit = self.unit
        arch = np.clip(1.0 - t * t, 0.0, 1.0) ** 0.6
        opened = gap(row)[..., None] * unit
        drop = JAW_DROP * unit * column(row, "jawOpen")
        sides = np.clip(0.5 + 0.5 * t, 0.0, 1.0)
        corner = np.exp(-((np.abs(t) - 1.0) ** 2) / 0.18)
        corners = corner * unit * (0.042 * _blend(row, "mouthFrown", sides) - 0.032 * _blend(row, "mouthSmile", sides))
        corners = corners + 0.12 * drop * (1.0 - arch) * jaw_pull
        raised = 0.010 * unit * (column(row, "mouthUpperUpLeft") + column(row, "mouthUpperUpRight"))
        upper = corners - (UPPER_SHARE * opened + 0.5 * np.minimum(raised, opened)) * arch
        lower = upper + opened * arch
        press = 0.5 * (column(row, "mouthPressLeft") + column(row, "mouthPressRight"))
        thick = 1.0 - 0.35 * press + 0.28 * column(row, "mouthPucker") + 0.2 * column(row, "mouthFunnel")
        thick = thick - 1.1 * opened / unit
        upper_thick = np.maximum(0.4, thick - 0.3 * column(row, "mouthRollUpper"))
        lower_thick = np.maximum(0.4, thick - 0.45 * column(row, "mouthRollLower"))
        inner_up, inner_low = rest.upper_inner + upper, rest.lower_inner + lower
        outer_up = inner_up - (rest.upper_inner - rest.upper_outer) * upper_thick
        outer_low = inner_low + (rest.lower_outer - rest.lower_inner) * lower_thick
        return Rims(*(np.asarray(rim, np.float32) for rim in (outer_up, inner_up, inner_low, outer_low)))

    def _jaw_pull(self, columns: Array) -> Array:
        """How much of the jaw's drop each column takes: 1 under the mouth, 0 at the ears."""
        jaw_half = float(np.ptp(self._jaw[:, 0])) / 2
        t = np.clip((np.abs(columns - self.centre[0]) - 0.25 * jaw_half) / (0.75 * jaw_half), 0.0, 1.0)
        result: Array = (0.5 + 0.5 * np.cos(np.pi * t)).astype(np.float32)
        return result

    def warp(self, row: Track) -> Warp:
        """The lower face's warp for one track row."""
        columns = self._columns
        rest, now = self.rims(row, columns, self._jaw_weight)
        drop = JAW_DROP * self.unit * float(row[COLUMN["jawOpen"]]) * self._jaw_weight
        top = np.full_like(columns, self._nose_y)
        outer = np.minimum(now.upper_outer, now.upper_inner - 0.5)
        neck = np.full_like(columns, self._rows[-1, 0] - 1.0)
        chin = np.minimum(self._chin + drop, neck - 2.0)
        knots = [top, np.maximum(outer, top + 2.0), now.upper_inner, now.lower_inner, now.lower_outer, chin, neck]
        flat = np.zeros_like(columns)
        shifts = [
            flat,
            now.upper_outer - rest.upper_outer,
            now.upper_inner - rest.upper_inner,
            now.lower_inner - rest.lower_inner,
            now.lower_outer - rest.lower_outer,
            drop,
            flat,
        ]
        down = stretch(self._rows, knots, shifts)
        side = np.multiply(self._rows_fade, columns - self._source(columns, width(row)[None]), dtype=np.float32)
        return Warp(self.x, self.y, shifting(side, down), self._hole(now), float(drop.max()))

    def opening(self, row: Track) -> Hole | None:
        """The hole in the lower face for one track row."""
        return self._hole(self.rims(row, self._columns)[1])

    def _hole(self, now: Rims) -> Hole | None:
        open_columns = np.flatnonzero(now.lower_inner - now.upper_inner > SHUT)
        if not len(open_columns):
            return None
        x0, x1 = int(open_columns[0]) & ~1, int(open_columns[-1]) + 2
        upper, lower = now.upper_inner[x0:x1], now.lower_inner[x0:x1]
        y0, y1 = int(upper.min()) - 1 & ~1, int(lower.max()) + 2
        rows = np.arange(y0, y1, dtype=np.float32)[:, None]
        return Hole(self.x + x0, y0, between(rows, upper, lower), upper)

    def outline(self, track: Track) -> Array:
        """The four rims as points (frames, 4, 11, 2), from upper outer to lower outer, before the head turns."""
        narrow = width(track)[..., None]
        lines = []
        for line, name in zip(
            (self._upper_outer, self._upper_inner, self._lower_inner, self._lower_outer),
            ("upper_outer", "upper_inner", "lower_inner", "lower_outer"),
            strict=True,
        ):
            x = (self.centre[0] + (line[:, 0] - self.centre[0]) * narrow).astype(np.float32)
            _, now = self.rims(track, x)
            lines.append(np.stack([x, getattr(now, name)], axis=-1))
        return np.stack(lines, axis=-3).astype(np.float32)

    def jaw_outline(self, track: Track) -> Array:
        """The jaw's line (frames, 17, 2), ear to ear through the chin, before the head turns."""
        drop = JAW_DROP * self.unit * column(track, "jawOpen") * self._jaw_pull(self._jaw[:, 0])
        below = np.clip((self._jaw[:, 1] - self._nose_y) / (self._jaw[:, 1].max() - self._nose_y), 0.0, 1.0)
        moved: Array = self._jaw + np.stack([np.zeros_like(drop), drop * below], axis=-1)
        return moved


def _blend(row: Track, name: str, sides: Array) -> Array:
    """A left and right column mixed across the mouth; the person's left is on the viewer's right."""
    mixed: Array = column(row, name + "Right") * (1.0 - sides) + column(row, name + "Left") * sides
    return mixed
