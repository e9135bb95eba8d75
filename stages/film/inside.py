"""What lies behind the skin: the mouth's inside and the eyeballs, drawn at rest before the head is turned.

Knows neither the head's turn nor the skin over it.
"""

import cv2
import numpy as np

from avatar.face.eyes import EyeModel
from avatar.face.mouth import Hole, Mouth
from avatar.face.rig_measures import JAW_DROP
from avatar.face.tracks import COLUMN, Track
from stages.film.canvas import Box
from stages.film.pixels import Bytes, Floats, cover_of
from stages.film.sheets import Sheet, crop, pack, stacked

CAVITY = ((0.30, 0.085, 0.085), (0.115, 0.02, 0.028))
"""Colour of the mouth's inside at its rim and in its depth, R'G'B'."""
TONGUE = ((0.72, 0.34, 0.34), (0.50, 0.18, 0.19))
"""Colour of the tongue on its top and at its sides, R'G'B'."""

LASH_REACH = 0.05
"""Face heights around an eye within which its lid is drawn."""
BESIDE, ROUND = 0.36, 0.10
"""Eye widths beside an eye within which its lid is drawn, and how much darker it is at its ends, being round."""
LIDS_FROM = 0.06
"""How far an eye must be shut, 0 to 1, before its lid's skin begins to show."""
LASH_LINE = 0.0075
"""Half the thickness of a shut eye's line of lashes, in face heights."""
Colour = tuple[float, float, float]

NARROW, WIDE = 0.15, 0.022
"""Light that falls between lips that just part, and how far apart, in face heights, they are when all of it does."""
TEETH_HIDE = 0.024
"""How far, in face heights, pursed lips cover the upper teeth that they would show at rest."""


def shifted(sheet: Sheet, across: float, down: float, box: Box | None = None) -> Sheet:
    """A sheet moved by fractions of pixels within its own rectangle, or within a part of it."""
    box = box or Box(sheet.x, sheet.y, sheet.width, sheet.height)
    matrix = np.array([[1, 0, across + sheet.x - box.x], [0, 1, down + sheet.y - box.y]], np.float32)
    pixels = cv2.warpAffine(sheet.pixels, matrix, (box.width, box.height))
    return Sheet(np.asarray(pixels, np.uint8), box.x, box.y)


def shaded(sheet: Sheet, shade: Floats) -> Sheet:
    """A sheet with its light multiplied by `shade` (h, w), 0..1, about video black."""
    cover, dark = cover_of(sheet.pixels), np.asarray(cv2.subtract(np.ones_like(shade), shade), np.float32)
    black = np.asarray(cv2.multiply(cover, dark, scale=1 / 255, dtype=cv2.CV_32F), np.float32)
    lit = cv2.multiply(sheet.pixels, cv2.merge((shade, shade, shade, np.ones_like(shade))), dtype=cv2.CV_32F)
    grey = black * np.float32(128.0)
    pixels = cv2.add(lit, cv2.merge((black * np.float32(16.0), grey, grey, np.zeros_like(shade))), dtype=cv2.CV_8U)
    return Sheet(np.asarray(pixels, np.uint8), sheet.x, sheet.y)


def let_in(opening: Hole, columns: Floats, unit: float) -> Floats:
    """Share of the light that falls in between the lips at `columns` (m,): none shows white where they hardly part."""
    apart = opening.cover.sum(axis=0, dtype=np.float32) / 255.0
    t = np.interp(columns, np.arange(len(apart)) + opening.x, apart, left=0.0, right=0.0) / (WIDE * unit)
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(NARROW + (1.0 - NARROW) * t * t * (3.0 - 2.0 * t), np.float32)


class MouthInside:
    """Teeth, tongue and the dark behind them, for one portrait in one film, in a `light` that is 1 for white."""

    def __init__(
        self, mouth: Mouth, teeth: Sheet | None, teeth_lower: Sheet | None, light: Colour = (1.0, 1.0, 1.0)
    ) -> None:
        self._mouth, self._light = mouth, np.asarray(light, np.float32)
        unit, (cx, cy) = mouth.unit, mouth.centre
        self._x, self._y = int(cx - 1.45 * mouth.half) & ~1, int(cy - 0.05 * unit) & ~1
        self._width, self._height = int(2.9 * mouth.half + 2) & ~1, int(0.34 * unit) & ~1
        self._rows = (np.arange(self._height, dtype=np.float32) + self._y)[:, None]
        self._columns = np.arange(self._width, dtype=np.float32) + self._x
        box = self._x, self._y, self._width, self._height
        self._box = Box(*box)
        self._dark = self._cavity()
        self._upper_teeth = crop(teeth, *box) if teeth is not None else None
        self._moving = self._tongue()
        if teeth_lower is not None:
            self._moving = stacked(self._moving, crop(teeth_lower, *box))

    def _ellipse(self, centre: tuple[float, float], radii: tuple[float, float]) -> Floats:
        across = (self._columns[None, :] - centre[0]) / radii[0]
        down = (self._rows - centre[1]) / radii[1]
        result: Floats = np.sqrt(across * across + down * down).astype(np.float32)
        return result

    def _cavity(self) -> Sheet:
        cx, cy = self._mouth.centre
        far = self._ellipse((cx, cy + 0.06 * self._mouth.unit), (1.05 * self._mouth.half, 0.13 * self._mouth.unit))
        return self._painted(np.clip(far, 0.0, 1.0), CAVITY, np.ones_like(far))

    def _tongue(self) -> Sheet:
        cx, cy = self._mouth.centre
        unit, half = self._mouth.unit, self._mouth.half
        far = self._ellipse((cx, cy + 0.052 * unit), (0.66 * half, 0.038 * unit))
        groove = 0.25 * np.exp(-(((self._columns[None, :] - cx) / (0.07 * half)) ** 2))
        edge = np.clip((1.0 - far) * 0.038 * unit * 0.5 + 0.5, 0.0, 1.0)
        return self._painted(1.0 - np.clip(far**1.5 + groove, 0.0, 1.0), TONGUE, edge)

    def _painted(self, mix: Floats, colours: tuple[tuple[float, float, float], ...], cover: Floats) -> Sheet:
        light, dark = (np.asarray(colour, np.float32) * self._light for colour in colours)
        rgb = dark + (light - dark) * mix[..., None]
        return pack(np.dstack([rgb * cover[..., None], cover]).astype(np.float32), self._x, self._y)

    def through(self, row: Track, opening: Hole) -> Sheet:
        """What of the inside is seen through `opening` itself for one track row."""
        high, wide = opening.cover.shape
        return self.draw(row, opening, Box(opening.x - 2, opening.y - 2, wide + 4, high + 4).within(self._box))

    def draw(self, row: Track, opening: Hole, seen: Box | None = None) -> Sheet:
        """The inside for one track row, in the shade of the upper lip of `opening`; all of it, or what is `seen`."""
        unit, seen = self._mouth.unit, seen or self._box
        drop = JAW_DROP * unit * float(row[COLUMN["jawOpen"]]) * (1.0 - 0.5 * float(row[COLUMN["mouthClose"]]))
        tongue = float(row[COLUMN["tongue"]])
        rounded = float(np.clip(row[COLUMN["mouthPucker"]] + 0.7 * row[COLUMN["mouthFunnel"]], 0.0, 1.0))
        rows, columns = seen.inside(self._box)
        across = self._columns[columns]
        rim = np.interp(across, np.arange(len(opening.rim)) + opening.x, opening.rim).astype(np.float32)
        below = np.clip((self._rows[rows] - rim) / np.float32(0.055 * unit), 0.0, 1.0)
        lit, let = below * (2.0 - below), let_in(opening, across, unit)
        dark = Sheet(self._dark.pixels[rows, columns], seen.x, seen.y)
        soft = stacked(dark, shifted(self._moving, 0.0, (0.86 - 0.35 * tongue) * drop, seen))
        whole = shaded(soft, let * np.float32(1.0 - 0.3 * rounded) * (0.7 + 0.3 * lit))
        if self._upper_teeth is None:
            return whole
        teeth = shifted(self._upper_teeth, 0.0, -TEETH_HIDE * unit * rounded, seen)
        return stacked(whole, shaded(teeth, let * np.float32(1.0 - 0.1 * rounded) * (0.84 + 0.16 * lit)))


class EyeInside:
    """One eyeball with its iris, for one portrait in one film."""

    def __init__(self, model: EyeModel, eyeballs: Sheet, iris: Sheet) -> None:
        self._model = model
        margin = 0.16 * model.width
        left, right = model.outline_at_rest[0, 0, 0], model.outline_at_rest[0, -1, 0]
        top, bottom = model.outline_at_rest[..., 1].min(), model.outline_at_rest[..., 1].max()
        self._x, self._y = int(left - margin) & ~1, int(top - margin) & ~1
        width, height = (int(right + margin) - self._x + 1) & ~1, (int(bottom + margin) - self._y + 1) & ~1
        self._ball = crop(eyeballs, self._x, self._y, width, height)
        self._iris = crop(iris, self._x, self._y, width, height)
        self._columns = np.arange(width, dtype=np.float32) + self._x
        self._rows = (np.arange(height, dtype=np.float32) + self._y)[:, None]
        self._rest = model.lids_at(self._columns)
        wide = np.full_like(self._columns, 0.012 * model.unit)
        if model.gives < 1.0:  # a photograph's eye is lit as it should be at rest, in its corners too
            wide = np.maximum(np.minimum(wide, self._rest.lower - self._rest.upper), 1e-3)
        self._open = wide

    def draw(self, row: Track) -> Sheet:
        """The eye for one track row, in the shade of its lid and dark when it is shut."""
        across, down = self._model.gaze(row)
        whole = stacked(self._ball, shifted(self._iris, across, down))
        now = self._model.lids(row, self._rest)
        opened = np.clip((now.lower - now.upper) / self._open, 0.0, 1.0)
        depth = np.clip((self._rows - now.upper) / (0.020 * self._model.unit), 0.0, 1.0)
        moved = np.clip((now.upper - self._rest.upper) / (0.02 * self._model.unit), 0.0, 1.0)
        shade = (1.0 - 0.32 * moved * (1.0 - depth)) * (0.25 + 0.75 * opened)
        return shaded(whole, shade)


class Lids:
    """The bare skin that comes down over one eye as it shuts, with the line of its lashes; at rest there is none."""

    def __init__(self, model: EyeModel, skin: Sheet) -> None:
        self._model = model
        reach = LASH_REACH * model.unit
        left, right = model.outline_at_rest[0, 0, 0], model.outline_at_rest[0, -1, 0]
        top, bottom = model.outline_at_rest[..., 1].min() - 1.5 * reach, model.outline_at_rest[..., 1].max() + reach
        aside = max(reach, BESIDE * (right - left))
        self.x, self.y = int(left - aside) & ~1, int(top) & ~1
        size = int(right + aside) - self.x + 1 & ~1, int(bottom) - self.y + 1 & ~1
        self._skin = crop(skin, self.x, self.y, *size).pixels
        self.shape = (size[1], size[0])
        self._columns = np.arange(size[0], dtype=np.float32) + self.x
        self._rows = (np.arange(size[1], dtype=np.float32) + self.y)[:, None]
        self._rest = model.lids_at(self._columns)
        t = np.clip(2.0 * (self._columns - left) / max(right - left, 1.0) - 1.0, -1.0, 1.0)
        self._arch = np.sqrt(np.maximum(1.0 - t**4, 0.0)).astype(np.float32)
        self._round = (1.0 - ROUND * t * t).astype(np.float32)

    def draw(self, row: Track) -> Bytes | None:
        """The lid for one track row, premultiplied (h, w, 4); None while the eye is as open as at rest."""
        if self._model.shut_at_most(row) < LIDS_FROM:
            return None
        unit, now = self._model.unit, self._model.lids(row, self._rest)
        span = max(float((self._rest.lower - self._rest.upper).max()), 1.0)
        shut = float((now.upper - self._rest.upper).max()) / span
        if shut < LIDS_FROM:
            return None
        share = min((shut - LIDS_FROM) / 0.4, 1.0)
        share = share * share * (3.0 - 2.0 * share)
        above = np.clip((self._rows - self._rest.upper) / (0.012 * unit) + 0.5, share, 1.0)
        cover = above * np.clip(now.upper - self._rows + 0.5, 0.0, 1.0)
        away = (self._rows - now.upper) / (LASH_LINE * unit)
        lash = share * self._arch * np.exp(-np.where(away < 0.0, 1.6 * away * away, 0.8 * away * away))
        soft = cv2.multiply(self._skin, cv2.merge([cover.astype(np.float32)] * 4), dtype=cv2.CV_32F)
        shade = self._round * (1.0 - 0.12 * share * np.exp(-((away / 6.0) ** 2))) - 0.75 * lash
        lid_cover = soft[..., 3]
        whole = np.maximum(lid_cover, 255.0 * 0.8 * lash)
        black = np.float32(16.0 / 255.0) * lid_cover
        soft[..., 0] = black + (soft[..., 0] - black) * shade + np.float32(34.0 / 255.0) * (whole - lid_cover)
        soft[..., 1:3] += (whole - lid_cover)[..., None] * np.float32(128.0 / 255.0)
        soft[..., 3] = whole
        return np.rint(soft).astype(np.uint8)
