"""Skeletons as Wan-Animate was trained to see them. Knows no detector and no film; needs numpy and OpenCV only.

Like DWPose's, with feet, without a face, lines as broad as the picture is large. Source: the drawing in the released
preprocessing of Wan 2.2 Animate (`draw_aapose`, second kind of line).
"""

import math
from colorsys import hsv_to_rgb

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.pose.animate_anyone.skeleton import FINGERS, HANDS
from stages.pose.driving import people
from stages.pose.driving.people import Figure

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]

SEEN = 0.5
"""Score from which a point is drawn."""
L_TOE, R_TOE = 18, 19
LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (people.L_ANKLE, L_TOE), (people.R_ANKLE, R_TOE)),
)
RAINBOW = (
    *(tuple(round(part * 255) for part in hsv_to_rgb(step / 18, 1, 1)) for step in range(18)),
    *((200, 200, 0), (100, 100, 0)),
)
LIMB_LIGHT = 0.6
HAND_POINT = (0, 0, 255)


def draw(figure: Figure, size: tuple[int, int]) -> Picture:
    """RGB (height, width, 3) of somebody in a picture of (width, height)."""
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    points, scores = _body(figure)
    broad = max(int(min(size) / 200) - 1, 1)
    for (one, other), colour in zip(LIMBS, RAINBOW, strict=False):
        if min(scores[one], scores[other]) >= SEEN:
            _limb(canvas, points[one], points[other], broad, colour)
    for place, score, colour in zip(points, scores, RAINBOW, strict=True):
        if score >= SEEN:
            cv2.circle(canvas, (int(place[0]), int(place[1])), broad, colour, -1)
    for hand in HANDS:
        _hand(canvas, figure.points[hand], figure.scores[hand], max(broad // 2, 1))
    return canvas


def _body(figure: Figure) -> tuple[Array, Array]:
    """The 18 points of the body and a toe for each foot, between its two."""
    toes = (people.L_BIG_TOE, people.L_SMALL_TOE), (people.R_BIG_TOE, people.R_SMALL_TOE)
    points = np.vstack([figure.points[:18], *(figure.points[list(pair)].mean(0)[None] for pair in toes)])
    scores = np.concatenate([figure.scores[:18], [figure.scores[list(pair)].mean() for pair in toes]])
    return points, scores


def _limb(canvas: Picture, one: Array, other: Array, broad: int, colour: tuple[int, ...]) -> None:
    middle, (across, down) = (one + other) / 2, one - other
    axes = int(math.hypot(across, down) / 2), broad
    angle = int(math.degrees(math.atan2(down, across)))
    outline = cv2.ellipse2Poly((int(middle[0]), int(middle[1])), axes, angle, 0, 360, 1)
    cv2.fillConvexPoly(canvas, np.asarray(outline), [int(part * LIMB_LIGHT) for part in colour])


def _hand(canvas: Picture, points: Array, scores: Array, broad: int) -> None:
    places = points.astype(np.int64)
    shown = (scores >= SEEN) & (places > 0).all(1)
    for index, (one, other) in enumerate(FINGERS):
        if shown[one] and shown[other]:
            colour = [part * 255 for part in hsv_to_rgb(index / len(FINGERS), 1, 1)]
            cv2.line(canvas, places[one].tolist(), places[other].tolist(), colour, broad)
    for place in places[shown]:
        cv2.circle(canvas, place.tolist(), broad, HAND_POINT, -1)
