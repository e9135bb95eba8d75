"""Where a photographed person ends, for other backgrounds: without the lamps and glows that the wide matte takes along.

Knows a face's outline only. Colours alone lose hair before a background of its tone, and what merely differs from the
background may be a lamp: so what GrabCut finds is taken, and of the rest what differs and is textured, as hair is and
out-of-focus backgrounds are not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.face.facemesh import CHIN, FOREHEAD
from stages.portrait.photo import matte
from stages.portrait.photo.frame import Framed

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

PERSON = 0.5
"""How sure a segmenter is from which on a pixel is the person's."""
CAP = ((-0.30, -0.10), (-0.24, 0.07), (0.0, 0.14), (0.24, 0.07), (0.30, -0.10))
"""Corners, in face heights across and above the forehead, of what is surely hair, a hat or a bald head."""
FINE = 3.0
"""Times as fine as the matte is found, at which texture is looked at."""
DETAIL, MOST, AROUND = 2.0, 8.0, 4.0
"""Pixels of the blur that detail is the difference to, the most that one edge counts in CIE L*, and pixels over which
detail is averaged."""
HAIRY, LIKELY = 1.3, 0.7
"""Mean detail in CIE L* from which on what differs from the background is the person's; and what lies around the crown
is, whether it differs or not."""
SKULL, LOWEST = (0.54, 0.74), -0.25
"""Half axes of what lies around the crown, and how far down it goes, in face heights."""


def outline(framed: Framed, seen: Floats | None = None) -> Bytes:
    """Where the person is, 0 or 255 (h, w), `matte.GENEROUS` wider than seen; `seen` as `matte.person` takes it."""
    scale = matte.SMALL / framed.unit
    small = matte.shrunk(framed, scale)
    points = framed.here * scale
    sure, likely = matte.silhouettes(points, small.shape[:2])
    if seen is not None:
        return matte.enlarged(matte.segmented(framed, seen, likely, PERSON), sure, framed)
    cv2.fillPoly(sure, [_cap(points)], 255)
    found = matte.grabbed(small, sure, likely)
    unlike = matte.unlike(small, np.maximum(found, likely)) > 0
    detail = _detail(framed, scale, small.shape)
    hair = (unlike & (detail > HAIRY)) | (_skull(points, small.shape) & (detail > LIKELY))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    more = np.where(hair & (found == 0), 255, 0).astype(np.uint8)
    more = np.asarray(cv2.morphologyEx(more, cv2.MORPH_CLOSE, kernel), np.uint8)
    more = np.asarray(cv2.morphologyEx(more, cv2.MORPH_OPEN, kernel), np.uint8)
    return matte.enlarged(np.maximum(found, more), sure, framed)


def _axes(points: Floats) -> tuple[Floats, Floats, float]:
    """Unit vectors across and up the face, and its height."""
    up = points[FOREHEAD] - points[CHIN]
    tall = float(np.hypot(*up))
    return np.array([-up[1], up[0]], np.float32) / tall, np.asarray(up / tall, np.float32), tall


def _cap(points: Floats) -> NDArray[np.int32]:
    across, up, tall = _axes(points)
    corners = [points[FOREHEAD] + tall * (x * across + y * up) for x, y in CAP]
    return np.asarray(np.rint(np.asarray(corners)), np.int32)


def _skull(points: Floats, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Around the crown, down to the nose."""
    across, up, tall = _axes(points)
    centre = points[CHIN] + 0.62 * tall * up
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    places = np.dstack([x, y]) - centre
    right, high = places @ across / tall, places @ up / tall
    return np.asarray(((right / SKULL[0]) ** 2 + (high / SKULL[1]) ** 2 < 1.0) & (high > LOWEST), np.bool_)


def _detail(framed: Framed, scale: float, shape: tuple[int, ...]) -> Floats:
    """Mean absolute detail of the picture's lightness around each pixel of the small picture."""
    fine = matte.shrunk(framed, min(1.0, FINE * scale)).astype(np.float32) / 255.0
    light = cv2.cvtColor(fine, cv2.COLOR_RGB2LAB)[..., 0]
    own = np.minimum(np.abs(light - cv2.GaussianBlur(light, (0, 0), DETAIL)), MOST)
    mean = cv2.GaussianBlur(own, (0, 0), AROUND)
    return np.asarray(cv2.resize(mean, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.float32)
