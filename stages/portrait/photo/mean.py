"""A mean face laid on a few known places: where all 478 points probably are. Knows no pixels.

The mean is that of our drawn avatars as FaceLandmarker sees them, their eyes made as large as people's; in face
heights from the middle between the eyes.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest
from avatar.face import facemesh
from stages.portrait.brief import Marks

Floats = NDArray[np.float32]

HOME = Path(__file__).with_name("mean_face.npy")
ANCHORS = (
    facemesh.RIGHT_IRIS[0],
    facemesh.LEFT_IRIS[0],
    facemesh.UPPER_OUTER[0],
    facemesh.UPPER_OUTER[-1],
    facemesh.CHIN,
)
"""Points of the mesh at the five marks."""
LEAST = 12.0
"""Pixels between the eyes below which marks can't be meant."""


def mesh() -> Floats:
    """The mean face (478, 2)."""
    return np.asarray(np.load(HOME), np.float32)


def fitted(marks: Marks) -> Floats:
    """The mean face laid on the marks. Raises `BadRequest` for marks that no face has."""
    wanted = np.array([marks.right_eye, marks.left_eye, marks.right_mouth, marks.left_mouth, marks.chin], np.float64)
    across, down = wanted[1] - wanted[0], wanted[4] - wanted[:2].mean(axis=0)
    turn = float(across[0] * down[1] - across[1] * down[0])
    if np.hypot(*across) < LEAST or turn < 0.3 * np.hypot(*across) * np.hypot(*down):
        raise BadRequest(
            "The marks don't lie as in a face. Mark the person's right eye, left eye, both mouth corners and chin;"
            " the right eye is on the picture's left."
        )
    mean = mesh().astype(np.float64)
    known = np.hstack([mean[list(ANCHORS)], np.ones((5, 1))])
    affine, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    points = np.hstack([mean, np.ones((len(mean), 1))]) @ affine
    groups = (
        ((*facemesh.RIGHT_UPPER, *facemesh.RIGHT_LOWER, *facemesh.RIGHT_IRIS), facemesh.RIGHT_IRIS[0], marks.right_eye),
        ((*facemesh.LEFT_UPPER, *facemesh.LEFT_LOWER, *facemesh.LEFT_IRIS), facemesh.LEFT_IRIS[0], marks.left_eye),
    )
    for numbers, anchor, place in groups:
        points[list(dict.fromkeys(numbers))] += np.asarray(place) - points[anchor]
    lips = list(
        dict.fromkeys((*facemesh.UPPER_OUTER, *facemesh.UPPER_INNER, *facemesh.LOWER_INNER, *facemesh.LOWER_OUTER))
    )
    points[lips] += wanted[2:4].mean(axis=0) - points[list(ANCHORS[2:4])].mean(axis=0)
    return np.asarray(points, np.float32)
