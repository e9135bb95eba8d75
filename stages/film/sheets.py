"""Layers of a portrait as premultiplied Y'CbCr with coverage, at the film's resolution.

Drawing happens in the encoder's own colours, so that no frame is ever converted. Knows neither faces nor motion.
BT.709 limited range: ITU-R BT.709-6, section 3.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face
from avatar.errors import BadOutput
from avatar.face import nearness
from stages.film.brief import PLAIN, Framing, Scenery
from stages.film.pixels import Bytes, Floats, over


@dataclass(frozen=True, slots=True)
class View:
    """The part of a portrait that a film shows: `scale` film pixels a portrait pixel, `left`, `top` portrait pixels.

    Layers are kept for `margin` film pixels, an even number, beyond its edges.
    """

    width: int
    height: int
    scale: float
    left: float
    top: float
    margin: int = 0

    @property
    def origin(self) -> tuple[float, float]:
        """The portrait pixel at the film's top left corner."""
        return self.left, self.top


HEAD_ROOM = nearness.USUAL
"""Face heights that a film shows from top to bottom: head and shoulders."""
MARGIN = 0.42
"""Face heights by which a film's layers reach beyond its edges: more than anything moves."""
EYE_LINE = 0.41
"""Height of the eyes in the frame, from its top."""
CLOSE = 1.5
"""Face heights that a close view shows across the film's shorter side."""
CLOSEST = 1.55
"""Face heights that a film shows at least, however narrow the photograph."""


def tall(face: Face) -> float:
    """A face's height, forehead to chin, in portrait pixels."""
    return max(y for _, y in face.jaw) - face.forehead[1]


def view(portrait: tuple[int, int], film: tuple[int, int], face: Face, scenery: Scenery = PLAIN) -> View:
    """The view of a portrait (width, height) in a film (width, height): framed by `scenery`.

    An upright film shows the whole height, so that the shoulders stay in it, unless a close view is asked for.
    """
    shown = _wanted(portrait[1], film, tall(face), scenery.framing) / scenery.zoom
    scale = film[1] / shown
    middle = (face.jaw[0][0] + face.jaw[-1][0]) / 2
    margin = int(MARGIN * tall(face) * scale) & ~1
    return View(film[0], film[1], scale, middle - film[0] / scale / 2, _upper(portrait[1], shown, face), margin)


def view_within(portrait: tuple[int, int], film: tuple[int, int], face: Face, scenery: Scenery = PLAIN) -> View:
    """The view of a portrait that shows nothing beyond its sides: nearer to the face where it is narrow.

    No nearer than `CLOSEST`; what is lacking then is left free on both sides, as it is in wide and whole views.
    """
    aspect = film[0] / film[1]
    shown = _wanted(portrait[1], film, tall(face), scenery.framing)
    if scenery.framing == "whole":
        shown = max(shown, portrait[0] / aspect)
    elif scenery.framing != "wide":
        shown = min(shown, max(portrait[0] / aspect, CLOSEST * tall(face)))
    shown /= scenery.zoom
    scale, across = film[1] / shown, shown * aspect
    middle = (face.jaw[0][0] + face.jaw[-1][0]) / 2
    free = portrait[0] - across
    left = min(max(middle - across / 2, 0.0), free) if free > 0.0 else free / 2
    return View(film[0], film[1], scale, left, _upper(portrait[1], shown, face), int(MARGIN * tall(face) * scale) & ~1)


def _wanted(height: int, film: tuple[int, int], tall: float, framing: Framing) -> float:
    """Portrait pixels from top to bottom that a framing shows of a portrait's height."""
    aspect = film[0] / film[1]
    if framing == "close":
        return min(height, CLOSE * tall / min(1.0, aspect))
    return height if aspect < 1.0 or framing != "head_and_shoulders" else min(height, HEAD_ROOM * tall)


def _upper(height: int, shown: float, face: Face) -> float:
    """The portrait's row at the top: the eyes at their line, but nothing beyond the portrait that need not be."""
    eyes = (face.right.iris[1] + face.left.iris[1]) / 2
    if shown > height:
        return (height - shown) / 2
    return min(max(eyes - EYE_LINE * shown, 0.0), height - shown)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One layer in the film: `pixels` (h, w, 4) hold Y, Cb, Cr and coverage, premultiplied by coverage, 0..255.

    Both sides are even, and so is `x`, `y`, the film position of its top left pixel. Four channels, since libraries
    resample four as fast as one.
    """

    pixels: Bytes
    x: int
    y: int

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])


def to_ycbcr(rgb: Floats) -> Floats:
    """R'G'B' 0..1 (h, w, 3) as BT.709 limited-range Y'CbCr codes (h, w, 3), not rounded."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    codes = (16.0 + 219.0 * luma, 128.0 + 224.0 * (blue - luma) / 1.8556, 128.0 + 224.0 * (red - luma) / 1.5748)
    return np.stack(codes, axis=-1).astype(np.float32)


def read_rgba(path: Path) -> Bytes:
    """A PNG as straight-alpha RGBA (h, w, 4). Raises `BadOutput` when it is none."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.dtype != np.uint8:
        raise BadOutput("A layer of the portrait is not an 8-bit colour PNG; make the portrait again.")
    if picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA), np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


def sheet(rgba: Bytes, x: int, y: int, view: View) -> Sheet | None:
    """A layer whose top left pixel lies at portrait (x, y), as the film sees it; None when it lies outside.

    It reaches `view.margin` beyond the film, so that no edge shows when it moves. Colours are converted first and
    resampled once, by area when they shrink, by cubics when they grow.
    """
    rgba, x, y = _seen(rgba, x, y, view)
    if not rgba.size:
        return None
    left, top = (x - view.left) * view.scale, (y - view.top) * view.scale
    x0, y0 = (int(np.floor(v)) & ~1 for v in (left - 2, top - 2))
    width = (int(np.ceil(left + rgba.shape[1] * view.scale)) + 3 - x0) & ~1
    height = (int(np.ceil(top + rgba.shape[0] * view.scale)) + 3 - y0) & ~1
    premultiplied = rgba.astype(np.float32) / 255.0
    premultiplied[..., :3] *= premultiplied[..., 3:]
    codes = pack(premultiplied, 0, 0).pixels
    pixels = _resample(codes, (left - x0, top - y0), view.scale, (width, height))
    x1, y1 = max(x0, -view.margin), max(y0, -view.margin)
    x2, y2 = min(x0 + width, view.width + view.margin), min(y0 + height, view.height + view.margin)
    if x2 <= x1 or y2 <= y1:
        return None
    return Sheet(np.ascontiguousarray(pixels[y1 - y0 : y2 - y0, x1 - x0 : x2 - x0]), x1, y1)


def _seen(rgba: Bytes, x: int, y: int, view: View) -> tuple[Bytes, int, int]:
    """The part of a layer that may come into the film, and where it lies now."""
    margin = view.margin / view.scale + 4
    left, top = max(0, int(view.left - margin - x)), max(0, int(view.top - margin - y))
    right = int(view.left + view.width / view.scale + margin - x) + 1
    bottom = int(view.top + view.height / view.scale + margin - y) + 1
    return rgba[top : max(0, bottom), left : max(0, right)], x + left, y + top


def _resample(pixels: Bytes, offset: tuple[float, float], scale: float, size: tuple[int, int]) -> Bytes:
    zoom = (scale, scale)
    if scale < 1.0:
        small = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        zoom = (scale * pixels.shape[1] / small[0], scale * pixels.shape[0] / small[1])
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
    shift = (offset[0] + 0.5 * zoom[0] - 0.5, offset[1] + 0.5 * zoom[1] - 0.5)
    matrix = np.array([[zoom[0], 0, shift[0]], [0, zoom[1], shift[1]]], np.float32)
    how = cv2.INTER_LINEAR if scale < 1.0 else cv2.INTER_CUBIC
    placed = np.asarray(cv2.warpAffine(pixels, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT), np.uint8)
    np.minimum(placed[..., :3], placed[..., 3:], out=placed[..., :3])  # cubics overshoot, premultiplied codes can't
    return placed


def pack(premultiplied: Floats, x: int, y: int) -> Sheet:
    """Premultiplied RGBA 0..1 as a sheet."""
    cover = premultiplied[..., 3:]
    straight = premultiplied[..., :3] / np.maximum(cover, 1e-4)
    codes = to_ycbcr(np.clip(straight, 0.0, 1.0)) * cover
    return Sheet(np.rint(np.dstack([codes, cover * 255.0])).astype(np.uint8), x, y)


def crop(sheet: Sheet, x: int, y: int, width: int, height: int) -> Sheet:
    """A rectangle of a sheet, clear where the sheet does not reach."""
    pixels = np.zeros((height, width, 4), np.uint8)
    x0, y0 = max(x, sheet.x), max(y, sheet.y)
    x1, y1 = min(x + width, sheet.x + sheet.width), min(y + height, sheet.y + sheet.height)
    if x1 > x0 and y1 > y0:
        pixels[y0 - y : y1 - y, x0 - x : x1 - x] = sheet.pixels[
            y0 - sheet.y : y1 - sheet.y, x0 - sheet.x : x1 - sheet.x
        ]
    return Sheet(pixels, x, y)


def stacked(under: Sheet, upper: Sheet) -> Sheet:
    """One sheet over another of the same place and size."""
    return Sheet(over(under.pixels, upper.pixels), under.x, under.y)


def merged(sheets: list[Sheet]) -> Sheet:
    """Sheets of any places, back to front, as one that holds them all."""
    x, y = min(each.x for each in sheets), min(each.y for each in sheets)
    width = max(each.x + each.width for each in sheets) - x
    height = max(each.y + each.height for each in sheets) - y
    whole = crop(sheets[0], x, y, width, height)
    for each in sheets[1:]:
        whole = stacked(whole, crop(each, x, y, width, height))
    return whole


def turned(sheet: Sheet, matrix: NDArray[np.float64]) -> Sheet:
    """A sheet under an affine map (2, 3) of the film's plane."""
    corners = np.array([[0, 0], [sheet.width, 0], [0, sheet.height], [sheet.width, sheet.height]], np.float64)
    moved = np.add(corners, (sheet.x, sheet.y)) @ matrix[:, :2].T + matrix[:, 2]
    (x, y), high = np.floor(moved.min(axis=0)).astype(int) & ~1, np.ceil(moved.max(axis=0)).astype(int) + 1
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ (sheet.x, sheet.y) - (x, y)
    size = (int(high[0] - x + 1) & ~1, int(high[1] - y + 1) & ~1)
    pixels = np.asarray(cv2.warpAffine(sheet.pixels, local, size, flags=cv2.INTER_CUBIC), np.uint8)
    np.minimum(pixels[..., :3], pixels[..., 3:], out=pixels[..., :3])
    return Sheet(pixels, int(x), int(y))
