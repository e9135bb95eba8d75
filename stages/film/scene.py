"""From a portrait's stored layers to the sheets and the still background that a puppet is made of. Knows no motion."""

from dataclasses import replace

import cv2
import numpy as np

from avatar.artifacts import Portrait
from avatar.face import nearness
from avatar.face.eyes import apart
from avatar.stage import Context
from stages.film import ground, matting, spectacles, walls
from stages.film.brief import PLAIN, Scenery
from stages.film.canvas import Box, Planes
from stages.film.inside import Colour
from stages.film.pixels import Bytes, Floats
from stages.film.puppet import WHITE, Puppet
from stages.film.sheets import MARGIN, Sheet, View, merged, pack, read_rgba, sheet, tall, view, view_within

WHITE_TEETH = (0.80, 0.77, 0.72)
"""Colour of a photograph's teeth in white light, R'G'B'; what they differ from it is the light they are in."""
DIM, BRIGHT = 0.22, 1.15
"""Least and most light that a mouth's inside is shown in."""
PHOTO_RELIEF = 1.3
"""Depth of a photographed head: FaceLandmarker then sees nearly the angles that the track asks for; more bends ears."""
PHOTO_PURSES, PHOTO_BROWS = 0.75, 1.15
"""Shares of a drawn mouth's changes of width, and of a drawn brow's rise, that photographed ones make: of the latter
FaceLandmarker sees two thirds."""
BROWS_BEHIND_GLASSES = 0.3
"""The same of brows behind a rim, which must not bend with them."""
EDGE = 0.10
"""Face heights over which a photograph that is narrower than the film fades into what stands in beside it."""
GRAIN = 0.0035
"""Standard deviation of the still grain laid over the background, which keeps soft gradients from banding."""


def view_of(portrait: Portrait, film: tuple[int, int], scenery: Scenery = PLAIN) -> View:
    """The part of a portrait that a film of (width, height) shows. What is drawn goes on beyond its sides."""
    size = (portrait.width, portrait.height)
    return (view_within if portrait.kind == "photo" else view)(size, film, portrait.face, scenery)


def puppet(
    portrait: Portrait, view: View, context: Context, scenery: Scenery = PLAIN, *, behind: Planes | None = None
) -> Puppet:
    """The portrait in a film's view, ready to be drawn; before `behind` where others stand before it too.

    Raises `BadOutput`, `BadRequest`, `CorruptBlob`.
    """
    sheets, background = assemble(portrait, view, context, close=not scenery.own)
    if not scenery.own:
        background = behind or ground.behind(scenery, background, view, context)
    light = light_of(portrait, context)
    if portrait.kind != "photo":
        return Puppet(portrait.face, sheets, background, view, light=light)
    around = walls.of_photo(portrait, view, context)
    return Puppet(
        portrait.face,
        sheets,
        background,
        view,
        light=light,
        relief=PHOTO_RELIEF,
        manner=manner_of(portrait, context),
        walls=around,
    )


def manner_of(portrait: Portrait, context: Context) -> nearness.Manner:
    """How far a photographed face moves. Raises `BadOutput`, `CorruptBlob`."""
    brows = BROWS_BEHIND_GLASSES if spectacles.worn(portrait, context) else PHOTO_BROWS
    return nearness.photographed(apart(portrait.face) / tall(portrait.face), width=PHOTO_PURSES, brows=brows)


def light_of(portrait: Portrait, context: Context) -> Colour:
    """The light that a photograph was taken in, as its teeth tell; white for what is drawn."""
    teeth = next((layer for layer in portrait.layers if layer.name == "teeth"), None)
    if portrait.kind != "photo" or teeth is None:
        return WHITE
    rgba = read_rgba(context.path(teeth.pixels)).reshape(-1, 4).astype(np.float64)
    shown = rgba[rgba[:, 3] > 200, :3]
    if not len(shown):
        return WHITE
    red, green, blue = np.clip(np.percentile(shown, 75, axis=0) / 255.0 / WHITE_TEETH, DIM, BRIGHT)
    return float(red), float(green), float(blue)


def assemble(
    portrait: Portrait, view: View, context: Context, *, close: bool = False
) -> tuple[dict[str, Sheet], Planes]:
    """The moving sheets by layer name, and the background of the whole frame. Raises `BadOutput`, `CorruptBlob`.

    With `close` a photographed person is cut out as closely as other backgrounds need. Hair behind and body move nearly
    alike and are seen as one sheet, `back`.
    """
    sheets: dict[str, Sheet] = {}
    background = Planes.blank(view.width, view.height)
    for layer in portrait.layers:
        if layer.name == "person":
            continue
        pixels = read_rgba(context.path(layer.pixels))
        if close and portrait.kind == "photo" and layer.name == "head":
            person = _person(portrait, (layer.x, layer.y), pixels, context)
            pixels = matting.cut_out(pixels, tall(portrait.face), person)
        if portrait.kind == "photo" and layer.name in ("background", "head"):
            pixels = _edged(pixels, (layer.x, layer.y), portrait, view)
        if layer.name == "background":
            background = _background(pixels, layer.x, layer.y, view)
        elif (placed := sheet(_lengthened(pixels, layer.y, portrait.height, view), layer.x, layer.y, view)) is not None:
            sheets[layer.name] = placed
    back = [sheets.pop(name) for name in ("hair_behind", "body") if name in sheets]
    if back:
        sheets["back"] = merged(back)
    return sheets, background


def _person(portrait: Portrait, corner: tuple[int, int], head: Bytes, context: Context) -> Bytes | None:
    """Where the person is in the head's layer, 0 or 255 (h, w); None for a portrait without a mask for that."""
    layer = next((layer for layer in portrait.layers if layer.name == "person"), None)
    if layer is None:
        return None
    x, y = corner[0] - layer.x, corner[1] - layer.y
    part = read_rgba(context.path(layer.pixels))[y : y + len(head), x : x + head.shape[1], 3]
    return part if part.shape == head.shape[:2] else None


def _edged(pixels: Bytes, corner: tuple[int, int], portrait: Portrait, view: View) -> Bytes:
    """A layer of a photograph whose corner is at (x, y), faded out where the film reaches beyond the picture."""
    fade = np.ones(pixels.shape[:2], np.float32)
    if view.left < -0.5:
        fade *= _fade(pixels.shape[1], corner[0], portrait.width, view)
    if view.top < -0.5:
        fade *= _fade(pixels.shape[0], corner[1], portrait.height, view)[:, None]
    if fade.min() == 1.0:
        return pixels
    faded = pixels.copy()
    faded[..., 3] = np.rint(pixels[..., 3] * fade).astype(np.uint8)
    return faded


def _fade(count: int, start: int, length: int, view: View) -> Floats:
    """What is left of pixels `start` to `start + count` of a picture of some length, which fades at both its ends."""
    places = np.arange(count, dtype=np.float32) + start + 0.5
    inside = np.minimum(places, length - places) / (EDGE / MARGIN * view.margin / view.scale)
    fade = np.clip(inside, 0.0, 1.0)
    return np.asarray(fade * fade * (3.0 - 2.0 * fade), np.float32)


def _lengthened(pixels: Bytes, y: int, height: int, view: View) -> Bytes:
    """A layer that ends at the portrait's lower edge goes on below it as in a mirror, so that it may rise a little."""
    if y + len(pixels) < height - 1:
        return pixels
    below = int(view.margin / view.scale) + 1
    return np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, 0, cv2.BORDER_REFLECT), np.uint8)


def _background(pixels: Bytes, x: int, y: int, view: View) -> Planes:
    """The background over the whole frame; where it does not reach, a blurred enlargement of itself stands in."""
    frame = Planes.blank(view.width, view.height)
    placed = sheet(pixels, x, y, replace(view, margin=0))
    if placed is None or not placed.pixels[..., 3].all() or (placed.width, placed.height) != (view.width, view.height):
        frame = _filled(pixels, view)
    if placed is not None:
        frame.lay(Box(placed.x, placed.y, placed.width, placed.height), placed.pixels)
    grain = np.random.default_rng(7).normal(0.0, GRAIN * 219.0, frame.luma.shape)
    frame.luma[:] = np.clip(np.rint(frame.luma + grain), 16, 235).astype(np.uint8)
    return frame


def _filled(pixels: Bytes, view: View) -> Planes:
    small = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), 4)
    wide = cv2.resize(blurred, (view.width, view.height), interpolation=cv2.INTER_CUBIC)
    colours: Floats = np.asarray(wide, np.float32) / 255.0
    colours[..., :3] *= 0.8
    colours[..., 3] = 1.0
    frame = Planes.blank(view.width, view.height)
    frame.lay(Box(0, 0, view.width, view.height), pack(colours, 0, 0).pixels)
    return frame
