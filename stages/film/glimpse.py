"""The mouth's inside as footage itself shows it in one frame, kept to be seen behind the lips in all others.

Knows neither speech nor time. Teeth, tongue and dark stay where the upper jaw has them; lips open upon more or less.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.face import facemesh, heads, placing
from avatar.face.mouth import Mouth
from stages.film.pixels import NOTHING, Bytes, Floats, sample
from stages.film.sheets import Sheet

LEAST = 0.055
"""Face heights that lips must be apart for their inside to be worth keeping."""
MOST = 0.12
"""Face heights beyond which a wider opening shows nothing better."""
RIM = (0.010, 0.010)
"""Face heights below the upper lip's rim and above the lower one's at which the inside surely begins."""
GUMS = 0.026
"""Face heights below that down to which gums may be seen between the teeth."""
UP = 0.12
"""How fast what lies behind the upper lip goes on as the teeth below it show it: they become longer, not more."""
SOFT = 0.008
"""Face heights over which what is seen fades into what is drawn, at the sides and below."""


def tilt_of(rest: Floats) -> placing.Tilt:
    """How a face (478, 2) is tilted, about its upper lip."""
    across = rest[facemesh.LEFT_LOWER[-1]] - rest[facemesh.RIGHT_LOWER[0]]
    centre = rest[facemesh.UPPER_OUTER[5]]
    return placing.Tilt(float(np.arctan2(across[1], across[0])), (float(centre[0]), float(centre[1])))


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a skull carries its mouth, upright: the middle between its corners at rest, half its width, face height."""

    centre: Floats
    half: float
    unit: float

    @staticmethod
    def of(tilt: placing.Tilt, rest: Floats) -> "Seat":
        """That of a face at rest (478, 2), whatever its lips do for longer, such as smile: teeth don't follow them."""
        points = tilt.upright(rest)
        left, right = points[facemesh.UPPER_OUTER[0]], points[facemesh.UPPER_OUTER[-1]]
        unit = points[facemesh.CHIN, 1] - points[facemesh.FOREHEAD, 1]
        return Seat(0.5 * (left + right), 0.5 * float(right[0] - left[0]), float(unit))


def lengthened(sheet: Sheet, teeth: float, bottom: float) -> Sheet:
    """A sheet whose lowest pixels reach down to `bottom`, stretched below the height `teeth` alone."""
    rows = np.flatnonzero(sheet.pixels[..., 3].any(axis=1))
    if not len(rows) or bottom <= (last := float(rows[-1] + sheet.y)) or last <= teeth + 2.0:
        return sheet
    share = (last - teeth) / (bottom - teeth)
    high, wide = sheet.height + int(bottom - last) + 2, sheet.width
    y = np.arange(high, dtype=np.float32) + sheet.y
    source = np.where(y > teeth, teeth + (y - teeth) * share, y) - sheet.y
    places = np.stack(np.broadcast_arrays(np.arange(wide, dtype=np.float32), source[:, None]), axis=-1)
    return Sheet(sample(sheet.pixels, np.asarray(places, np.float32)), sheet.x, sheet.y)


def widest(points: Floats, good: NDArray[np.bool_]) -> int | None:
    """The frame of `points` (n, 478, 2) whose mouth shows most of its inside, seen from the front if it can be."""
    apart = np.where(good, heads.gaps(points), 0.0)
    if float(apart.max()) < LEAST:
        return None
    turn = np.abs(heads.usual(points).angles[:, :2]).sum(axis=1)
    worth = np.minimum(apart, MOST) / MOST - turn / 60.0
    return int(np.argmax(np.where(apart >= LEAST, worth, -np.inf)))


def _whiteness(codes: Bytes) -> Floats:
    """How much rows of Y'CbCr `codes` (n, m, 3) show of teeth, and not of gums between them: (n,)."""
    light, red = codes[..., 0].astype(np.float32), codes[..., 2].astype(np.float32) - 128.0
    return np.asarray((light - 2.0 * red).mean(axis=1), np.float32)


def inside(codes: Bytes, points: Floats, rest: Floats, there: Mouth) -> Sheet:
    """What is between the lips of a frame's Y'CbCr `codes` (h, w, 3), laid where the mouth `there` would show it.

    `rest` is the face at rest (478, 2) as the skull carries it.
    """
    tilt = tilt_of(rest)
    here = Seat.of(tilt, rest)
    face = facemesh.face(tilt.upright(points))
    wide, high = int(3.0 * there.half) & ~1, int(0.36 * there.unit) & ~1
    x0, y0 = int(there.centre[0] - wide / 2) & ~1, int(there.centre[1] - 0.08 * there.unit) & ~1
    scale = np.array([here.half / there.half, here.unit / there.unit])
    columns = (np.arange(wide) + x0 - there.centre[0]) * scale[0] + here.centre[0]
    rows = ((np.arange(high) + y0 - there.centre[1]) * scale[1] + here.centre[1])[:, None]
    top, bottom = (
        np.interp(columns, *np.asarray(line, np.float64).T) for line in (face.upper_lip_inner, face.lower_lip_inner)
    )
    top, bottom = top + RIM[0] * here.unit, bottom - RIM[1] * here.unit
    span = np.maximum(bottom - top, 0.0)

    def shown(places: Floats) -> Bytes:
        sources = np.stack(np.broadcast_arrays(columns, places), axis=-1).astype(np.float32)
        tilted = np.asarray(tilt.tilted(sources), np.float32)
        return np.asarray(cv2.remap(codes, tilted, NOTHING, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    lower = top + np.minimum(np.linspace(0.0, GUMS * here.unit, 12)[:, None], 0.35 * span)
    middle = np.abs(columns - here.centre[0]) < 0.6 * here.half
    first = lower[int(np.argmax(_whiteness(shown(lower)[:, middle])))]
    longer = np.minimum(first + UP * (first - rows), np.maximum(first, top + 0.35 * span))
    pixels = shown(np.where(rows < first, longer, rows))
    soft = SOFT * here.unit
    cover = np.clip((bottom - rows) / soft, 0.0, 1.0) * np.clip(span / (2.0 * soft) - 0.5, 0.0, 1.0)
    cover = cv2.GaussianBlur(cover.astype(np.float32), (0, 0), max(0.6, 0.3 * SOFT * there.unit))[..., None]
    return Sheet(np.rint(np.dstack([pixels * cover, 255.0 * cover])).astype(np.uint8), x0, y0)
