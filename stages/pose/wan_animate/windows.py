"""What Wan-Animate is shown of a video beside its skeletons: the face, and where the person was. Knows no network.

Source of the face's window: the released preprocessing of Wan 2.2 Animate, which takes a box of 1.3 times the area
of the face's, more of it above than below.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.pose.animate_anyone.skeleton import FACE, LIMBS
from stages.pose.driving import people
from stages.pose.driving.people import Figure

Bytes = NDArray[np.uint8]

SIDE = 512
"""Pixels of the square in which a face is shown."""
AREA = 1.3
LEAST = 8
"""Pixels of a face's box at least."""
ARM, TRUNK, RIM = 0.45, 0.75, 0.22
"""Face heights: breadth of an arm or leg with its sleeve, of the trunk's edge, and of what is left around a person."""
UNSEEN = 1.15
"""Half the breadth, in face heights, that a body is taken to have below a chin when its shoulders were not seen."""
BLOCKS = (10, 20)
"""Cells across and down of the person's box in which a mask is all or nothing, so that it tells nothing of a shape."""


def face(picture: Bytes, figure: Figure) -> Bytes:
    """The face of somebody in R'G'B' (height, width, 3), (512, 512, 3)."""
    left, top, right, bottom = box(figure, (picture.shape[1], picture.shape[0]))
    return np.asarray(cv2.resize(picture[top:bottom, left:right], (SIDE, SIDE)), np.uint8)


def box(figure: Figure, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the window around a face in a picture of (width, height)."""
    points = figure.points[FACE]
    low, high = points.min(0), points.max(0)
    room = (high - low) * (np.sqrt(AREA) - 1.0)
    left, right = low[0] - room[0] / 2, high[0] + room[0] / 2
    top, bottom = low[1] - 3 * room[1] / 4, high[1] + room[1] / 4
    x = np.clip([left, right], 0, size[0]).astype(int)
    y = np.clip([top, bottom], 0, size[1]).astype(int)
    x[0], y[0] = min(x[0], size[0] - LEAST), min(y[0], size[1] - LEAST)
    return int(x[0]), int(y[0]), int(max(x[1], x[0] + LEAST)), int(max(y[1], y[0] + LEAST))


def person(figure: Figure, size: tuple[int, int]) -> Bytes:
    """A mask (height, width), 255 where somebody is to be replaced in a picture of (width, height)."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    unit = float(people.face_height(figure.points[None])[0])
    seen, at = figure.scores[:18] > 0.0, figure.points[:18]
    for one, other in LIMBS[:12]:
        if seen[one] and seen[other]:
            thick = max(1, round((TRUNK if people.NECK in (one, other) else ARM) * unit))
            cv2.line(mask, _place(at[one]), _place(at[other]), 255, thick)
    trunk = [at[n] for n in (people.R_SHOULDER, people.L_SHOULDER, people.L_HIP, people.R_HIP) if seen[n]]
    if len(trunk) > 2:
        cv2.fillConvexPoly(mask, np.asarray(trunk, np.int32), 255)
    elif len(trunk) == 2:
        foot = [(point[0], size[1]) for point in reversed(trunk)]
        cv2.fillConvexPoly(mask, np.asarray([*trunk, *foot], np.int32), 255)
    else:
        x, y = figure.points[people.CHIN]
        across = round(UNSEEN * unit)
        cv2.rectangle(mask, (round(x) - across, round(y)), (round(x) + across, size[1]), 255, -1)
    middle = figure.points[FACE].mean(0) - (0.0, 0.18 * unit)
    cv2.ellipse(mask, _place(middle), (round(0.62 * unit), round(0.85 * unit)), 0, 0, 360, 255, -1)
    rim = 2 * round(RIM * unit) + 1
    return _blocky(np.asarray(cv2.dilate(mask, np.ones((rim, rim), np.uint8)), np.uint8))


def _blocky(mask: Bytes) -> Bytes:
    """The same in cells that are all or nothing."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return mask
    y = np.unique(np.linspace(rows[0], rows[-1] + 1, BLOCKS[1] + 1).astype(int))
    x = np.unique(np.linspace(columns[0], columns[-1] + 1, BLOCKS[0] + 1).astype(int))
    whole = mask.copy()
    for top, bottom in pairwise(y):
        for left, right in pairwise(x):
            if mask[top:bottom, left:right].any():
                whole[top:bottom, left:right] = 255
    return whole


def _place(point: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
