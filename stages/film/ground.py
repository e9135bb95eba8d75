"""What stands behind a person in place of the portrait's own background. Knows neither face nor motion."""

import cv2
import numpy as np

from avatar import colours
from avatar.artifacts import Blob
from avatar.errors import BadRequest
from avatar.stage import Context
from stages.film.brief import Scenery
from stages.film.canvas import Box, Planes
from stages.film.pixels import Bytes
from stages.film.sheets import View, pack, to_ycbcr

BLUR = 0.028
"""Standard deviation of the blurred background, as a share of the film's height."""
NEUTRAL = "#d9d9d9"
"""What a film shows where its background is to be transparent, since an MP4 can't be."""


def behind(scenery: Scenery, own: Planes, view: View, context: Context) -> Planes:
    """The background of the whole frame. Raises `BadRequest` for a picture that can't be read, `CorruptBlob`."""
    if scenery.backdrop is not None:
        return _picture(scenery.backdrop, view, context)
    if scenery.background == "clear":
        return Planes.clear(view.width, view.height)
    if scenery.background == "blur":
        return _blurred(own)
    colour = NEUTRAL if scenery.background == "transparent" else scenery.background
    return Planes.plain(view.width, view.height, to_ycbcr(np.asarray(colours.rgb(colour), np.float32)))


def _blurred(own: Planes) -> Planes:
    sigma = BLUR * len(own.luma)
    luma = cv2.GaussianBlur(own.luma, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    chroma = cv2.GaussianBlur(own.chroma, (0, 0), sigma / 2, borderType=cv2.BORDER_REPLICATE)
    return Planes(np.asarray(luma, np.uint8), np.asarray(chroma, np.uint8))


def _picture(blob: Blob, view: View, context: Context) -> Planes:
    """The middle of a picture, as large as fills the frame."""
    read = cv2.imread(str(context.path(blob)), cv2.IMREAD_COLOR_RGB)
    if read is None:
        raise BadRequest("The background is not a picture that can be read. Give a PNG, JPEG or WebP file.")
    pixels = np.asarray(read, np.uint8)
    scale = max(view.width / pixels.shape[1], view.height / pixels.shape[0])
    size = (max(view.width, round(pixels.shape[1] * scale)), max(view.height, round(pixels.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    whole: Bytes = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    x, y = (size[0] - view.width) // 2, (size[1] - view.height) // 2
    shown = whole[y : y + view.height, x : x + view.width].astype(np.float32) / 255.0
    frame = Planes.blank(view.width, view.height)
    solid = np.dstack([shown, np.ones(shown.shape[:2], np.float32)])
    frame.lay(Box(0, 0, view.width, view.height), pack(solid, 0, 0).pixels)
    return frame
