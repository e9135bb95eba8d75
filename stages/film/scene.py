"""From a portrait's stored layers to the sheets and the still background that a puppet is made of. Knows no motion."""

from dataclasses import replace

import cv2
import numpy as np

from avatar.artifacts import Portrait
from avatar.stage import Context
from stages.film.canvas import Box, Planes
from stages.film.pixels import Bytes, Floats
from stages.film.sheets import Sheet, View, merged, pack, read_rgba, sheet

GRAIN = 0.0035
"""Standard deviation of the still grain laid over the background, which keeps soft gradients from banding."""


def assemble(portrait: Portrait, view: View, context: Context) -> tuple[dict[str, Sheet], Planes]:
    """The moving sheets by layer name, and the background of the whole frame. Raises `BadOutput`, `CorruptBlob`.

    Hair behind and body move nearly alike and are seen as one sheet, `back`.
    """
    sheets: dict[str, Sheet] = {}
    background = Planes.blank(view.width, view.height)
    for layer in portrait.layers:
        pixels = read_rgba(context.path(layer.pixels))
        if layer.name == "background":
            background = _background(pixels, layer.x, layer.y, view)
        elif (placed := sheet(_lengthened(pixels, layer.y, portrait.height, view), layer.x, layer.y, view)) is not None:
            sheets[layer.name] = placed
    back = [sheets.pop(name) for name in ("hair_behind", "body") if name in sheets]
    if back:
        sheets["back"] = merged(back)
    return sheets, background


def _lengthened(pixels: Bytes, y: int, height: int, view: View) -> Bytes:
    """A layer that ends at the portrait's lower edge goes on below it as it ended, so that it may rise a little."""
    if y + len(pixels) < height - 1:
        return pixels
    below = int(view.margin / view.scale) + 1
    return np.pad(pixels, ((0, below), (0, 0), (0, 0)), mode="edge")


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
