"""From a face's 478 points to the landmarks that everything else works with. Knows no pixels.

Point numbers are those of MediaPipe's face mesh; lines run from the viewer's left to the viewer's right.
"""

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Eye, Face, Line, Point
from avatar.face.placing import mapped

Floats = NDArray[np.float32]

UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
RIGHT_UPPER, RIGHT_LOWER = (33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER, LEFT_LOWER = (362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)
RIGHT_IRIS, LEFT_IRIS = (468, 469, 470, 471, 472), (473, 474, 475, 476, 477)
RIGHT_BROW = ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55))
LEFT_BROW = ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276))
NOSE = (168, 197, 5, 4, 2)
JAW_RIGHT = (127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152)
JAW_LEFT = (152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
FOREHEAD, CHIN = 10, 152
LIP_POINTS, HALF_JAW = 11, 9


def height(points: Floats) -> float:
    """The face's height, forehead to chin."""
    return float(np.hypot(*(points[CHIN] - points[FOREHEAD])))


def line(points: Floats) -> Line:
    """Points (n, 2) as a line of an artifact."""
    return tuple((round(float(x), 3), round(float(y), 3)) for x, y in points)


def across(points: Floats, count: int) -> Floats:
    """`count` points at even x along an open line whose x never falls."""
    x = np.maximum.accumulate(points[:, 0]) + np.arange(len(points)) * 1e-4
    at = np.linspace(x[0], x[-1], count)
    return np.stack([at, np.interp(at, x, points[:, 1])], axis=-1).astype(np.float32)


def even(points: Floats, count: int) -> Floats:
    """`count` points evenly spaced along a line."""
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0.0, run[-1], count)
    return np.stack([np.interp(at, run, points[:, axis]) for axis in (0, 1)], axis=-1).astype(np.float32)


def outlines(points: Floats) -> Floats:
    """The lips' four rims (4, 11, 2) as their points lie, from upper outer to lower outer, all from end to end.

    The ends are the mouth's corners, as far out as any of the lips: those of a face that is turned away bulge beyond.
    """
    ends = points[[UPPER_OUTER[0], UPPER_OUTER[-1]]].copy()
    outer = points[list(UPPER_OUTER + LOWER_OUTER), 0]
    ends[:, 0] = outer.min(), outer.max()
    lines = (UPPER_OUTER, UPPER_INNER, LOWER_INNER, LOWER_OUTER)
    return np.stack([np.vstack([ends[:1], points[list(line[1:-1])], ends[1:]]) for line in lines])


def rims(points: Floats) -> Floats:
    """The lips' four rims (4, 11, 2) at even x, from upper outer to lower outer; the inner ones never cross."""
    found = [across(outline, LIP_POINTS) for outline in outlines(points)]
    found[2][:, 1] = np.maximum(found[2][:, 1], found[1][:, 1])
    return np.stack(found)


def grown(points: Floats, by: float) -> Floats:
    """The same points (478, 2) with the lips' outer rim `by` pixels further out."""
    ring = list(UPPER_OUTER + LOWER_OUTER[-2:0:-1])
    along = np.roll(points[ring], -1, axis=0) - np.roll(points[ring], 1, axis=0)
    out = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    moved = points.copy()
    moved[ring] += np.float32(by) * out
    return moved


def face(points: Floats, confidence: float = 1.0) -> Face:
    """The landmarks of a face of 478 points (478, 2)."""
    upper_outer, upper, lower, lower_outer = (line(rim) for rim in rims(points))
    jaw = np.vstack([even(points[list(JAW_RIGHT)], HALF_JAW), even(points[list(JAW_LEFT)], HALF_JAW)[1:]])
    return Face(
        upper_lip_outer=upper_outer,
        upper_lip_inner=upper,
        lower_lip_inner=lower,
        lower_lip_outer=lower_outer,
        right=_eye(points, RIGHT_UPPER, RIGHT_LOWER, RIGHT_BROW),
        left=_eye(points, LEFT_UPPER, LEFT_LOWER, LEFT_BROW),
        nose=line(points[list(NOSE)]),
        jaw=line(jaw),
        forehead=_point(points[FOREHEAD]),
        confidence=confidence,
    )


def _eye(points: Floats, upper: tuple[int, ...], lower: tuple[int, ...], brow: tuple[tuple[int, ...], ...]) -> Eye:
    middle = points[list(upper + lower)].mean(axis=0)
    irises = [points[list(numbers)] for numbers in (RIGHT_IRIS, LEFT_IRIS)]
    iris = min(irises, key=lambda ring: float(np.hypot(*(ring[0] - middle))))
    return Eye(
        upper=line(points[list(upper)]),
        lower=line(points[list(lower)]),
        iris=_point(iris[0]),
        iris_radius=round(float(np.hypot(*(iris[1:] - iris[0]).T).mean()), 3),
        brow=line(np.mean([points[list(numbers)] for numbers in brow], axis=0)),
    )


def _point(point: Floats) -> Point:
    return round(float(point[0]), 3), round(float(point[1]), 3)


def moved(face: Face, by: float) -> Face:
    """The same face, `by` pixels further right and down."""
    return mapped(face, lambda points: points + np.float32(by))
