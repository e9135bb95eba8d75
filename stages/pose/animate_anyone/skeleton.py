"""Skeleton pictures as the model was trained to see them. Knows no detector and no film; needs numpy and OpenCV only.

Points are pixels (x, y); the 133 COCO-WholeBody points of a detector become the 134 of OpenPose's order: 18 body
points with a neck, 6 feet, 68 face, 21 left and 21 right hand. Source: the DWPose drawing that the released model was
trained with, including its rounding.
"""

import math
from colorsys import hsv_to_rgb

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Picture = NDArray[np.uint8]

SEEN = 0.3
"""Score over which a point counts as seen."""

BODY, FACE, HANDS = slice(0, 18), slice(24, 92), (slice(92, 113), slice(113, 134))

FROM_COCO = (0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""COCO point (17 is the neck) of each OpenPose body point."""

LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10)),
    *((1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
"""OpenPose body points that a limb joins, in the order of drawing."""

FINGERS = tuple((0 if tip % 4 == 1 else tip - 1, tip) for tip in range(1, 21))
"""Hand points that a line joins: five fingers of four bones from the wrist."""

RAINBOW = tuple(tuple(round(part * 255) for part in hsv_to_rgb(step / 18, 1, 1)) for step in range(18))
"""Colour of each body point and, in the same order, of each limb."""

LIMB_HALF_WIDTH, JOINT_RADIUS, HAND_RADIUS, FACE_RADIUS, BONE_THICKNESS = 4, 4, 4, 3, 2
LIMB_LIGHT = 0.6
HAND_POINT, FACE_POINT = (0, 0, 255), (255, 255, 255)


def openpose(points: Points, scores: Points) -> tuple[Points, Points]:
    """(people, 133, 2) points and (people, 133) scores to (people, 134, 2) and (people, 134).

    The neck is half-way between the shoulders; its score is 1 when both are seen, else 0.
    """
    shoulders = scores[:, 5:7]
    neck = points[:, 5:7].mean(1, keepdims=True)
    sure = (shoulders > SEEN).all(1, keepdims=True).astype(np.float64)
    placed = np.concatenate((points[:, :17], neck, points[:, 17:]), 1)
    scored = np.concatenate((scores[:, :17], sure, scores[:, 17:]), 1)
    order = [*FROM_COCO, *range(18, 134)]
    return placed[:, order], scored[:, order]


def draw(points: Points, scores: Points, *, size: tuple[int, int]) -> Picture:
    """RGB (height, width, 3) of the surest of several people, (people, 134, 2) and (people, 134); black for nobody."""
    height, width = size
    canvas = np.zeros((height, width, 3), np.uint8)
    if not len(points):
        return canvas
    best = int(scores[:, BODY].mean(1).argmax())
    scale = np.array((width, height), np.float64)
    person = points[best] / scale * scale
    seen = scores[best] > SEEN
    canvas = _body(canvas, person[BODY], seen[BODY])
    lost = scores[best] < SEEN
    rest = np.where(lost[:, None], -1.0 * scale, person).astype(np.int64)
    for hand in HANDS:
        _hand(canvas, rest[hand])
    for place in rest[FACE]:
        _dot(canvas, place, FACE_RADIUS, FACE_POINT)
    return canvas


def _body(canvas: Picture, points: Points, seen: NDArray[np.bool_]) -> Picture:
    for (one, other), colour in zip(LIMBS, RAINBOW, strict=False):
        if seen[one] and seen[other]:
            middle = (points[one] + points[other]) / 2
            across, down = points[one] - points[other]
            length = math.sqrt(across**2 + down**2)
            angle = math.degrees(math.atan2(down, across))
            axes = (int(length / 2), LIMB_HALF_WIDTH)
            outline = cv2.ellipse2Poly((int(middle[0]), int(middle[1])), axes, int(angle), 0, 360, 1)
            cv2.fillConvexPoly(canvas, np.asarray(outline), colour)
    dimmed = (canvas * LIMB_LIGHT).astype(np.uint8)
    for place, colour in zip(points[seen], np.asarray(RAINBOW)[seen].tolist(), strict=True):
        cv2.circle(dimmed, (int(place[0]), int(place[1])), JOINT_RADIUS, colour, -1)
    return dimmed


def _hand(canvas: Picture, points: NDArray[np.int64]) -> None:
    inside: NDArray[np.bool_] = np.all(points >= 1, axis=1)
    for index, (one, other) in enumerate(FINGERS):
        if inside[one] and inside[other]:
            colour = [part * 255 for part in hsv_to_rgb(index / len(FINGERS), 1, 1)]
            cv2.line(canvas, points[one].tolist(), points[other].tolist(), colour, BONE_THICKNESS)
    for place in points:
        _dot(canvas, place, HAND_RADIUS, HAND_POINT)


def _dot(canvas: Picture, place: NDArray[np.int64], radius: int, colour: tuple[int, int, int]) -> None:
    if (place >= 1).all():
        cv2.circle(canvas, place.tolist(), radius, colour, -1)
