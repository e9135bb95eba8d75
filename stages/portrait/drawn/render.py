"""Layers as pixels: each document drawn by resvg, cut to what it shows. Knows no look and no store.

Straight-alpha pixels, since that is what resvg writes and what the film stage reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadOutput
from stages.portrait.drawn import svg
from stages.portrait.drawn.marks import HOLES
from stages.portrait.drawn.parts import LAYERS, Part

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rasterise = Callable[..., bytes]
"""`resvg_py.svg_to_bytes`."""

SCOUT = 16
"""A layer is looked at this many times smaller first, to find what part of the canvas it covers."""

SCENE_SCALE = 3
"""A scene is out of focus; it is drawn this many times smaller than it is shown."""


SOFT_LAYERS = ("hair-behind", "body")
"""Layers out of the eye's focus: drawn at half size whatever is in them."""
FINE = 8
"""Samples a pixel, along each side, at the edge of an eye."""


@dataclass(frozen=True, slots=True)
class Picture:
    """BGRA pixels (h, w, 4), straight alpha, or opaque BGR (h, w, 3); top left pixel at canvas `x`, `y`."""

    pixels: Bytes
    x: int
    y: int


def _draw(rasterise: Rasterise, text: str, width: int) -> Bytes:
    try:
        data = rasterise(svg_string=text, width=width, skip_system_fonts=True)
    except ValueError as error:
        raise BadOutput(f"A drawing can't be rendered ({error}); open it in an SVG editor and mend it.") from error
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def _covered(alpha: Bytes) -> tuple[int, int, int, int] | None:
    """First column, first row, and the ones past the last, of what is not clear."""
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def cut_out(pixels: Bytes, outline: NDArray[np.float64]) -> None:
    """Make a hole in BGRA pixels, its edge smoothed by `FINE` x `FINE` samples a pixel."""
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, pixels.shape[1::-1])
    across, down = high - low
    samples = np.full((down * FINE, across * FINE), 255, np.uint8)
    cv2.fillPoly(samples, [np.rint((outline - low) * FINE - 0.5).astype(np.int32)], 0)
    kept = cv2.resize(samples, (int(across), int(down)), interpolation=cv2.INTER_AREA)
    alpha = pixels[low[1] : high[1], low[0] : high[0], 3]
    alpha[:] = np.rint(alpha * (kept / 255.0)).astype(np.uint8)


def _scouted(rasterise: Rasterise, text: str, box: svg.Box) -> svg.Box | None:
    """The part of `box` in which a document shows something, found on a small picture of it."""
    x, y, width, height = box
    seen = _covered(_draw(rasterise, text, int(width) // SCOUT)[..., 3])
    if seen is None:
        return None
    left, top = max(x, x + (seen[0] - 1) * SCOUT), max(y, y + (seen[1] - 1) * SCOUT)
    right, bottom = min(x + width, x + (seen[2] + 1) * SCOUT), min(y + height, y + (seen[3] + 1) * SCOUT)
    return left, top, right - left, bottom - top


def _premultiplied(pixels: Bytes) -> Floats:
    straight = pixels.astype(np.float32)
    straight[..., :3] *= straight[..., 3:] * np.float32(1 / 255)
    return straight


def _over(under: Floats, upper: Floats) -> Bytes:
    """Premultiplied pixels over others, as straight-alpha bytes."""
    both = upper + under * (1.0 - upper[..., 3:] * np.float32(1 / 255))
    both[..., :3] *= 255.0 / np.maximum(both[..., 3:], 1.0)
    return np.rint(np.clip(both, 0.0, 255.0)).astype(np.uint8)


def _painted(rasterise: Rasterise, parts: Sequence[Part], name: str, *, style: str, box: svg.Box) -> Bytes:
    """One layer within `box`: the soft groups that lie lowest at half size, the rest over them at full size."""
    drawing = [part for part in parts if name in part.groups]
    soft = list(takewhile(lambda part: name in part.soft or name in SOFT_LAYERS, drawing))
    fine = svg.document(drawing[len(soft) :], name, style=style, view=box)
    crisp = _draw(rasterise, fine, int(box[2])) if fine is not None else None
    blurred = svg.document(soft, name, style=style, view=box)
    if blurred is None and crisp is not None:
        return crisp
    size = (int(box[2]), int(box[3]))
    half = _premultiplied(_draw(rasterise, blurred or "", size[0] // 2))
    under = np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return _over(under, _premultiplied(crisp) if crisp is not None else np.zeros_like(under))


def scene(rasterise: Rasterise, parts: Sequence[Part], *, style: str) -> Picture | None:
    """The background, wider than the portrait and opaque; None when no part has one."""
    x, y, width, height = box = svg.box(parts, "background")
    text = svg.document(parts, "background", style=style, view=box)
    if text is None:
        return None
    small = _draw(rasterise, text, int(width) // SCENE_SCALE)[..., :3]
    pixels = cv2.resize(small, (int(width), int(height)), interpolation=cv2.INTER_CUBIC)
    return Picture(np.asarray(pixels, np.uint8), int(x), int(y))


def layer(rasterise: Rasterise, parts: Sequence[Part], name: str, *, style: str) -> Picture | None:
    """One layer but the background, cut to its alpha's bounding box; None when it shows nothing."""
    whole = svg.box(parts, name)
    small = svg.document(parts, name, style=style, view=whole)
    box = _scouted(rasterise, small, whole) if small is not None else None
    if box is None:
        return None
    pixels = _painted(rasterise, parts, name, style=style, box=box)
    if name == "head":
        for outline in (part.marks[hole].points for part in parts for hole in HOLES if hole in part.marks):
            cut_out(pixels, outline - box[:2])
    seen = _covered(pixels[..., 3])
    if seen is None:
        return None
    cut = np.ascontiguousarray(pixels[seen[1] : seen[3], seen[0] : seen[2]])
    return Picture(cut, int(box[0]) + seen[0], int(box[1]) + seen[1])


def layers(
    rasterise: Rasterise, parts: Sequence[Part], *, style: str, done: Callable[[int, int], None]
) -> dict[str, Picture]:
    """All layers that show something, back to front; `done` is told how many of how many are drawn."""
    drawn: dict[str, Picture] = {}
    for count, name in enumerate(LAYERS):
        done(count, len(LAYERS))
        if name == "background":
            picture = scene(rasterise, parts, style=style)
        else:
            picture = layer(rasterise, parts, name, style=style)
        if picture is not None:
            drawn[name] = picture
    done(len(LAYERS), len(LAYERS))
    return drawn


def flat(pictures: dict[str, Picture], size: int = 1024) -> Bytes:
    """The portrait as one BGR picture (size, size, 3); what hides behind closed lips is left out."""
    canvas = np.zeros((size, size, 3), np.float32)
    for name in LAYERS:
        if name not in pictures or name.startswith("teeth"):
            continue
        picture = pictures[name]
        height, width = picture.pixels.shape[:2]
        x0, y0 = max(0, picture.x), max(0, picture.y)
        x1, y1 = min(size, picture.x + width), min(size, picture.y + height)
        shown = picture.pixels[y0 - picture.y : y1 - picture.y, x0 - picture.x : x1 - picture.x]
        spot = canvas[y0:y1, x0:x1]
        cover = shown[..., 3:].astype(np.float32) / 255.0 if shown.shape[2] == 4 else np.float32(1.0)
        spot += (shown[..., :3] - spot) * cover
    return np.rint(canvas).astype(np.uint8)


def png(pixels: Bytes) -> bytes:
    """BGR or BGRA pixels as PNG, fast rather than small."""
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY])
    if not done:
        raise BadOutput("A layer of the portrait could not be written as PNG; try it again.")
    return data.tobytes()
