"""Faces without a model to fetch: scikit-image's frontal cascade, then the dark of eyes and lips. Knows upright faces.

Far less sure than FaceLandmarker, and blind to turned faces; what it finds is laid under the mean face.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from stages.portrait.brief import Marks
from stages.portrait.photo import mean

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

LOOKED_AT = 400
"""Pixels of the longer side at which a picture is looked at."""
EYES, SPREAD = 0.385, 0.219
"""Height of the eyes in the cascade's box, and half their distance, in its widths (fitted to faces found by both)."""
MOUTH, CORNER = 0.814, 0.168
"""Height of the mouth and half its width, likewise."""
CHIN = 1.085
NEAR = 0.075
"""Box widths around the usual places in which eyes and lips are looked for."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """The cascade, ready to search."""

    cascade: Any

    def __call__(self, picture: Bytes) -> list[Floats]:
        """The points (478, 2) of each face in a picture (h, w, 3), the largest first."""
        scale = min(1.0, LOOKED_AT / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        most = min(small.shape[:2])
        boxes = self.cascade.detect_multi_scale(
            img=small, scale_factor=1.15, step_ratio=1, min_size=(32, 32), max_size=(most, most)
        )
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        found = [(box["c"] / scale, box["r"] / scale, box["width"] / scale) for box in boxes]
        kept: list[tuple[float, float, float]] = []
        for box in sorted(found, key=lambda each: -each[2]):
            if all(np.hypot(box[0] - other[0], box[1] - other[1]) > 0.5 * other[2] for other in kept):
                kept.append(box)
        return [mean.fitted(_marks(grey, box)) for box in kept]


def find(picture: Bytes) -> list[Floats]:
    """The points (478, 2) of each face in a picture, the largest first. Raises `Unavailable` without scikit-image."""
    return load()(picture)


def load() -> Searcher:
    """The cascade that scikit-image brings along. Raises `Unavailable` without it."""
    try:
        from skimage.data import lbp_frontal_face_cascade_filename
        from skimage.feature import Cascade
    except ImportError as error:
        raise Unavailable(
            "Neither MediaPipe nor scikit-image is here to find a face. Install requirements.txt, or mark the face."
        ) from error
    return Searcher(Cascade(lbp_frontal_face_cascade_filename()))  # type: ignore[no-untyped-call]  # has no hints


def _marks(grey: Floats, box: tuple[float, float, float]) -> Marks:
    left, top, width = box
    middle = left + 0.5 * width
    right_eye = _dark_spot(grey, (middle - SPREAD * width, top + EYES * width), width)
    left_eye = _dark_spot(grey, (middle + SPREAD * width, top + EYES * width), width)
    middle = 0.5 * (right_eye[0] + left_eye[0])
    line = _dark_line(grey, (middle, top + MOUTH * width), width)
    tilt = (left_eye[1] - right_eye[1]) / max(left_eye[0] - right_eye[0], 1.0)
    corner, rise = CORNER * width, CORNER * width * tilt
    middle_eyes = 0.5 * (right_eye[1] + left_eye[1])
    chin = middle_eyes + (CHIN - EYES) / (MOUTH - EYES) * (line - middle_eyes)
    return Marks(right_eye, left_eye, (middle - corner, line - rise), (middle + corner, line + rise), (middle, chin))


def _dark_spot(grey: Floats, guess: tuple[float, float], width: float) -> tuple[float, float]:
    """The centre of the darkest spot of an iris's size near `guess`."""
    radius = max(1, round(0.03 * width))
    reach = max(2, round(NEAR * width))
    cut, x, y = _window(grey, guess, reach + 2 * radius)
    spot = cv2.blur(cut, (2 * radius + 1, 2 * radius + 1))
    around = cv2.blur(cut, (6 * radius + 1, 2 * radius + 1))
    rows, columns = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]]
    away = ((columns + x - guess[0]) ** 2 + (rows + y - guess[1]) ** 2) / reach**2
    cost = spot + 0.5 * (spot - around) + 25.0 * away + np.where(away > 1.0, 1e3, 0.0)
    row, column = np.unravel_index(int(cost.argmin()), cost.shape)
    return float(column + x), float(row + y)


def _dark_line(grey: Floats, guess: tuple[float, float], width: float) -> float:
    """The height of the darkest level line near `guess`, which is where lips meet."""
    reach = max(2, round(1.3 * NEAR * width))
    cut, _, y = _window(grey, guess, max(reach, round(0.1 * width)))
    profile = cv2.GaussianBlur(cut.mean(axis=1)[:, None], (0, 0), max(0.5, 0.008 * width))[:, 0]
    wide = cv2.GaussianBlur(profile[:, None], (0, 0), 0.05 * width)[:, 0]
    heights = np.arange(len(profile)) + y
    away = (heights - guess[1]) / reach
    cost = profile - wide + 6.0 * away * away + np.where(np.abs(away) > 1.0, 1e3, 0.0)
    return float(heights[int(cost.argmin())])


def _window(grey: Floats, centre: tuple[float, float], reach: int) -> tuple[Floats, int, int]:
    """The square of half side `reach` around `centre`, edges going on as they are; and its top left corner."""
    x, y = round(centre[0]) - reach, round(centre[1]) - reach
    columns = np.clip(np.arange(x, x + 2 * reach + 1), 0, grey.shape[1] - 1)
    rows = np.clip(np.arange(y, y + 2 * reach + 1), 0, grey.shape[0] - 1)
    return grey[np.ix_(rows, columns)], x, y
