"""People as points: the 134 of OpenPose's order with their scores, at one moment and through time. Knows no picture.

Points are pixels (x, y) of whatever picture they belong to; scores go from 0, not seen, to 1. `right` and `left` are
the person's own sides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.pose.animate_anyone.skeleton import FACE, HANDS

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]

POINTS = 134
NOSE, NECK = 0, 1
R_SHOULDER, R_ELBOW, R_WRIST = 2, 3, 4
L_SHOULDER, L_ELBOW, L_WRIST = 5, 6, 7
R_HIP, R_KNEE, R_ANKLE = 8, 9, 10
L_HIP, L_KNEE, L_ANKLE = 11, 12, 13
R_EYE, L_EYE, R_EAR, L_EAR = 14, 15, 16, 17
L_BIG_TOE, L_SMALL_TOE, L_HEEL, R_BIG_TOE, R_SMALL_TOE, R_HEEL = range(18, 24)
LEFT_HAND, RIGHT_HAND = HANDS
HEAD = (NOSE, R_EYE, L_EYE, R_EAR, L_EAR, *range(FACE.start, FACE.stop))
"""All that the skull carries."""
JAW = slice(FACE.start, FACE.start + 17)
CHIN = FACE.start + 8
MOUTH = slice(FACE.start + 48, FACE.stop)
LIDS = slice(FACE.start + 36, FACE.start + 48)
FACE_TO_EYES_AND_CHIN = 1.47
"""A face's height, forehead to chin, over the distance from between the eyes to the chin; of our portraits."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A person at one moment: `points` (134, 2) and `scores` (134,)."""

    points: Points
    scores: Points


@dataclass(frozen=True, slots=True)
class Poses:
    """A person through time: `points` (frames, 134, 2), `scores` (frames, 134), `fps` frames a second.

    `notes` are sentences on what had to be guessed.
    """

    points: Points
    scores: Points
    fps: float
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """How many moments there are."""
        return len(self.points)

    def at(self, frame: int) -> Figure:
        """One of them."""
        return Figure(self.points[frame], self.scores[frame])


def face_height(points: Points) -> Points:
    """Heights of faces (...,) of points (..., 134, 2), forehead to chin, by eyes and chin."""
    eyes = 0.5 * (points[..., R_EYE, :] + points[..., L_EYE, :])
    away = points[..., CHIN, :] - eyes
    result: Points = FACE_TO_EYES_AND_CHIN * np.hypot(away[..., 0], away[..., 1])
    return result


def within(points: Points, size: tuple[int, int]) -> Mask:
    """Which points lie in a picture of (width, height)."""
    width, height = size
    x, y = points[..., 0], points[..., 1]
    result: Mask = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return result
