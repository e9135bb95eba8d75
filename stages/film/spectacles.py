"""Whether a photographed person wears glasses with a rim that would show how skin moves. Knows no motion.

A rim runs over the nose from eye to eye, where a bare face changes its light slowly from brow to nose.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face, Portrait
from avatar.face.eyes import apart
from avatar.stage import Context
from stages.film.sheets import read_rgba

Floats = NDArray[np.float32]

ACROSS, ALONG = 0.12, (-0.30, 0.22)
"""What is looked at, in distances between the eyes: to each side of the middle between their inner corners, and from
above to below it."""
STEP = 0.06
"""The length, in distances between the eyes, over which a rim's edge passes."""
EDGE = 0.55
"""Change of light over such a length, as a share of the skin's, from which on it is a rim's: bare noses of photographs
and paintings come to 0.25, under a fringe to 0.33, a thick black rim to 1.0."""
SAMPLES = 200
"""Samples for each distance between the eyes."""


def worn(portrait: Portrait, context: Context) -> bool:
    """Whether there is a rim. Raises `BadOutput`, `CorruptBlob`."""
    layer = next((layer for layer in portrait.layers if layer.name == "head"), None)
    if layer is None:
        return False
    return rimmed(read_rgba(context.path(layer.pixels))[..., :3], portrait.face, (layer.x, layer.y))


def rimmed(pixels: NDArray[np.uint8], face: Face, origin: tuple[int, int] = (0, 0)) -> bool:
    """Whether a rim crosses the nose in RGB `pixels` (h, w, 3) that lie at `origin` in the portrait."""
    light = _along_the_nose(pixels, face, origin)
    length = round(STEP * SAMPLES)
    edge = float(np.abs(light[length:] - light[:-length]).max())
    return edge > EDGE * max(float(np.percentile(light, 80)), 1.0)


def _along_the_nose(pixels: NDArray[np.uint8], face: Face, origin: tuple[int, int]) -> Floats:
    """The light from above to below the middle between the eyes, each the median across the nose."""
    right, left, unit = np.asarray(face.right.upper[-1]), np.asarray(face.left.upper[0]), apart(face)
    beside = (left - right) / max(float(np.hypot(*(left - right))), 1e-3)
    down = np.asarray((-beside[1], beside[0]))
    u = np.arange(-ACROSS, ACROSS, 2.0 / SAMPLES)[None, :, None] * unit
    v = np.arange(*ALONG, 1.0 / SAMPLES)[:, None, None] * unit
    x, y = np.moveaxis(((right + left) / 2 - origin + u * beside + v * down).astype(np.float32), -1, 0)
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), max(0.5, 0.006 * unit))
    seen = cv2.remap(
        grey, np.ascontiguousarray(x), np.ascontiguousarray(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.median(seen, axis=1), np.float32)
