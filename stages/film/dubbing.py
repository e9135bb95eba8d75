"""A mouth redrawn in one frame of footage: what the lips showed goes, what they shall say comes. Knows no time.

Skin and lips are the frame's own pixels, moved; behind the lips the portrait's mouth is seen in the frame's light.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face, Portrait
from avatar.face import facemesh, placing
from avatar.face.mouth import Hole, Mouth
from avatar.face.retiming import Retimed, Seen, retimed
from avatar.face.tracks import Track
from avatar.stage import Context
from stages.film import glimpse
from stages.film.canvas import Box
from stages.film.inside import Colour, MouthInside, let_in, shaded
from stages.film.pixels import NOTHING, Bytes, Floats, cover_of, first_two, halved, mapped, sample
from stages.film.puppet import set_upright, tilt_of
from stages.film.sheets import Sheet, View, crop, read_rgba, sheet, stacked

ROOM = 1.3
"""Half mouth widths around the mouth within which a portrait's teeth are kept."""


class Behind:
    """What lies behind the lips of one portrait, in faces of `unit` film pixels."""

    def __init__(self, portrait: Portrait, unit: float, light: Colour, context: Context) -> None:
        face = portrait.face
        scale = unit / (max(y for _, y in face.jaw) - face.forehead[1])
        lips = np.asarray(face.upper_lip_outer)
        low, high = lips.min(axis=0), lips.max(axis=0)
        wide = float(high[0] - low[0])
        left, top = float(low[0]) - ROOM * wide, float(low[1]) - ROOM * wide
        side = int((1.0 + 2.0 * ROOM) * wide * scale) & ~1
        view = View(side, side, scale, left, top)
        sheets: dict[str, Sheet] = {
            str(layer.name): placed
            for layer in portrait.layers
            if layer.name in ("teeth", "teeth_lower")
            and (placed := sheet(read_rgba(context.path(layer.pixels)), layer.x, layer.y, view)) is not None
        }
        tilt = tilt_of(face, view)
        if tilt is not None:
            face, turned = set_upright(face, sheets, view, tilt)
            sheets = dict(turned)
        self.mouth = Mouth(face, view.scale, view.origin)
        self._inside = MouthInside(self.mouth, sheets.get("teeth"), sheets.get("teeth_lower"), light)
        self.seen: Sheet | None = None
        self.grain = 0.0

    def draw(self, row: Track) -> Sheet | None:
        """The mouth's inside for one track row; none where the lips are shut."""
        opening = self.mouth.opening(row)
        if opening is None:
            return None
        drawn = self._inside.draw(row, opening)
        if self.seen is None:
            return drawn
        unit, high = self.mouth.unit, opening.cover.shape[0]
        seen = glimpse.lengthened(self.seen, float(self.mouth.centre[1]) + TEETH * unit, opening.y + high + 1.0)
        shown = crop(seen, drawn.x, drawn.y, drawn.width, drawn.height)
        return stacked(drawn, shaded(shown, shade(drawn, opening, unit)))


def shade(sheet: Sheet, opening: Hole, unit: float) -> Floats:
    """The upper lip's shadow on a sheet, (h, w), 0 to 1."""
    columns = np.arange(sheet.width, dtype=np.float32) + sheet.x
    rows = (np.arange(sheet.height, dtype=np.float32) + sheet.y)[:, None]
    rim = np.interp(columns, np.arange(len(opening.rim)) + opening.x, opening.rim)
    below = np.clip((rows - rim) / (SHADOW * unit), 0.0, 1.0)
    let = let_in(opening, columns, unit)
    return np.asarray(let * (DIMMED + (1.0 - DIMMED) * below * (2.0 - below)), np.float32)


TEETH = 0.045
"""Face heights below the line between the lips down to which the upper teeth reach."""
SHADOW, DIMMED = 0.035, 0.72
"""Face heights below the upper lip that lie in its shadow, and the light that is left at its rim."""


@dataclass(frozen=True, slots=True)
class Lips:
    """One frame's mouth: `now` all its points in film pixels, `rest` the same with the face at rest.

    `face` and `mouth` are the latter upright, its lips with a rim of skin.
    """

    now: Floats
    rest: Floats
    tilt: placing.Tilt
    face: Face
    mouth: Mouth
    seat: glimpse.Seat
    fallen: float

    @staticmethod
    def of(now: Floats, rest: Floats, skull: Floats) -> "Lips":
        """The mouth of a frame of points (478, 2), which are `rest` with the face at rest.

        `skull` are those as the skull alone carries them.
        """
        tilt = glimpse.tilt_of(rest)
        face = facemesh.face(tilt.upright(_with_skin(rest)))
        mouth = Mouth(face, 1.0, (0.0, 0.0))
        below = list(CHIN)
        fallen = float((tilt.upright(now[below]) - tilt.upright(rest[below]))[:, 1].mean())
        fallen = float(np.clip(fallen, -0.03 * mouth.unit, 0.25 * mouth.unit))
        return Lips(now, rest, tilt, face, mouth, glimpse.Seat.of(tilt, skull), fallen)

    def way(self, row: Track, amount: float) -> Retimed:
        """From what is seen to what the track row wants, `amount` of it."""
        now, rest = (facemesh.outlines(self.tilt.upright(_with_skin(points))) for points in (self.now, self.rest))
        seen = Seen(now, rest, self.fallen)
        return retimed(self.mouth, self.face, seen, row, amount=amount)

    def marks(self, row: Track) -> Floats:
        """The four rims (44, 2) and the jaw (17, 2) in the film, as the row wants them."""
        mouth = Mouth(facemesh.face(self.tilt.upright(self.rest)), 1.0, (0.0, 0.0))
        rims, jaw = mouth.outline(row[None])[0], mouth.jaw_outline(row[None])[0]
        return self.tilt.tilted(np.concatenate([rims.reshape(-1, 2), jaw]))


def _with_skin(points: Floats) -> Floats:
    return facemesh.grown(points, SKIN * facemesh.height(points))


SKIN = 0.008
"""Face heights of skin around the lips that go with them, so that nothing of their soft edge is left behind."""
CHIN = (152, 148, 377, 176, 400, 175, 199)
"""Points of the chin, which falls with the jaw."""


def redrawn(
    codes: Bytes, lips: Lips, row: Track, amount: float, *, behind: Behind, index: int
) -> tuple[Box, Bytes] | None:
    """The part of a frame's Y'CbCr `codes` (h, w, 3) in which the mouth is, as the track row wants it.

    `amount` is how far it goes from what is seen to what is wanted; grain differs by `index`. None where the mouth is
    outside of the frame.
    """
    way, there = lips.way(row, amount), lips.tilt.matrix()
    box = _around(way, there, (codes.shape[1], codes.shape[0]))
    if box.width < 8 or box.height < 8:
        return None
    grid = _grid(box)
    places = mapped(grid, lips.tilt.matrix(back=True)) - np.array([way.x, way.y], np.float32)
    shift = mapped(first_two(sample(way.shift, places)), there[:, :2])
    sources = grid - shift
    drawn = cv2.remap(codes, sources, NOTHING, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    pixels = np.asarray(drawn, np.uint8)
    if way.crease is not None:
        seal(pixels, sample(np.dstack([way.crease] * 4), places)[..., 0])
    if way.hole is not None and (inside := behind.draw(row)) is not None:
        _open(pixels, places, (way, way.hole), inside, (lips.seat, behind.mouth))
        if behind.grain > 0.0:
            _roughen(
                pixels,
                sample(np.dstack([way.hole.cover] * 4), places - _corner(way, way.hole))[..., 0],
                behind.grain,
                index,
            )
    return box, pixels


def _grid(box: Box) -> Floats:
    x = np.arange(box.x, box.x + box.width, dtype=np.float32)
    y = np.arange(box.y, box.y + box.height, dtype=np.float32)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _around(way: Retimed, there: NDArray[np.float64], film: tuple[int, int]) -> Box:
    """The film's part that a rectangle of the upright face covers."""
    high, wide = way.shift.shape[:2]
    corners = np.add([[0, 0], [wide, 0], [0, high], [wide, high]], (way.x, way.y))
    moved = corners @ there[:, :2].T + there[:, 2]
    low, top = np.floor(moved.min(axis=0)).astype(int), np.ceil(moved.max(axis=0)).astype(int)
    x, y = (int(v) & ~1 for v in np.maximum(low, 0))
    right, bottom = (int(v) + 1 & ~1 for v in np.minimum(top, film))
    return Box(x, y, max(0, min(right, film[0]) - x), max(0, min(bottom, film[1]) - y))


def seal(pixels: Bytes, crease: Floats) -> None:
    """Draw the line between lips that were brought together, of lip alone: teeth that were between them are gone."""
    rows = np.flatnonzero(crease.max(axis=1) > 0.02)
    if not len(rows):
        return
    part = slice(max(0, int(rows[0]) - 4), int(rows[-1]) + 5)
    seen, line = pixels[part], crease[part]
    tall = np.ones((7, 3), np.uint8)
    lip = cv2.merge([cv2.erode(seen[..., 0], tall), cv2.erode(seen[..., 1], tall), cv2.dilate(seen[..., 2], tall)])
    healed = seen + np.minimum(2.0 * line, 1.0)[..., None] * (lip.astype(np.float32) - seen)
    healed[..., 0] = 16.0 + (healed[..., 0] - 16.0) * (1.0 - DARK * line)
    pixels[part] = np.rint(healed).astype(np.uint8)


DARK = 0.55
"""How much of the light the line between lips that were brought together loses."""


def _open(
    pixels: Bytes, places: Floats, opening: tuple[Retimed, Hole], inside: Sheet, seats: tuple[glimpse.Seat, Mouth]
) -> None:
    """Show the inside through the hole; `places` are the pixels' in the warp's rectangle."""
    way, hole = opening
    here, there = seats
    through = sample(np.dstack([hole.cover] * 4), places - _corner(way, hole))
    rows, columns = np.flatnonzero(through[..., 0].any(axis=1)), np.flatnonzero(through[..., 0].any(axis=0))
    if not len(rows):
        return
    part = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    stretch = np.array([there.half / here.half, there.unit / here.unit], np.float32)
    offset = (np.array([way.x, way.y]) - here.centre) * stretch + there.centre - (inside.x, inside.y)
    shown = sample(inside.pixels, np.asarray(places[part] * stretch + offset, np.float32))
    cover = (through[part][..., :1].astype(np.float32) / 255.0) * (
        cover_of(shown)[..., None].astype(np.float32) / 255.0
    )
    straight = shown[..., :3].astype(np.float32)
    mixed = pixels[part].astype(np.float32) * (1.0 - cover) + straight * (
        through[part][..., :1].astype(np.float32) / 255.0
    )
    pixels[part] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _corner(way: Retimed, hole: Hole) -> Floats:
    return np.array([hole.x - way.x, hole.y - way.y], np.float32)


def _roughen(pixels: Bytes, cover: Bytes, grain: float, index: int) -> None:
    """Grain as strong as that of the skin, over what was drawn."""
    if not cover.any():
        return
    noise = np.random.default_rng(index).normal(0.0, grain, cover.shape).astype(np.float32)
    luma = pixels[..., 0].astype(np.float32) + noise * (cover.astype(np.float32) / 255.0)
    pixels[..., 0] = np.clip(np.rint(luma), 16, 235).astype(np.uint8)


def grain_of(luma: Bytes, points: Floats) -> float:
    """The standard deviation of the noise on a face's skin: Immerkaer 1996, over the cheeks and the chin."""
    low, high = points[list(CHEEKS)].min(axis=0), points[list(CHEEKS)].max(axis=0)
    x0, y0 = (max(0, int(v)) for v in low)
    cut = luma[y0 : int(high[1]) + 1, x0 : int(high[0]) + 1]
    if min(cut.shape) < 8:
        return 0.0
    rough = cv2.filter2D(cut, cv2.CV_32F, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    return float(np.median(np.abs(rough)) / 0.6745 / 6.0)


CHEEKS = (117, 346, 50, 280, 152)
"""Points around skin that nothing but light and noise changes."""


def lay(luma: Bytes, chroma: Bytes, box: Box, pixels: Bytes) -> None:
    """Put Y'CbCr `pixels` (h, w, 3) into a frame's planes."""
    luma[box.rows, box.columns] = pixels[..., 0]
    chroma[box.half_rows, box.half_columns] = halved(pixels)[..., 1:]
