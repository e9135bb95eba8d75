"""Arms and hands that go where they are sent. Knows no speech and no picture.

A way is told in lengths of the stretched arm from the shoulder joint: (outward, down), so that it fits any body.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.pose.driving.people import Points
from stages.pose.driving.rest import FOREARM, SIDES, UPPER_ARM, Rest, hand, hand_slice

Array = NDArray[np.float64]
RIGHT, LEFT = 0, 1
STRAIGHT = 0.995
"""Share of an arm's length that it reaches: elbows are never quite straight."""
RESTING = (0.35, -1.0)
"""Curl and palm of a hand at rest."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Where both hands go: all (frames, 2), the right one first, `goal` (frames, 2, 2).

    `raised` is 0 where an arm rests as it does in the portrait and 1 where it is at its `goal`; `curl` and `palm` are
    those of `rest.hand`.
    """

    raised: Array
    goal: Array
    curl: Array
    palm: Array


def still(frames: int) -> Ways:
    """Hands that stay where they are."""
    ones = np.ones((frames, 2))
    return Ways(0.0 * ones, np.zeros((frames, 2, 2)), RESTING[0] * ones, RESTING[1] * ones)


def moved(points: Points, rest: Rest, ways: Ways) -> None:
    """Lay the ways over the arms of `points` (frames, 134, 2), whose shoulders are in their places already."""
    unit = rest.unit
    for index, (side, (shoulder, elbow, wrist, *_)) in enumerate(SIDES.items()):
        upper, lower = _lengths(rest, side)
        share = ways.raised[:, index, None]
        goal = points[:, shoulder] + (upper + lower) * ways.goal[:, index] * np.array([side, 1.0])
        bent, end = reached(points[:, shoulder], points[:, elbow], goal, (upper, lower))
        points[:, elbow] += share * (bent - points[:, elbow])
        points[:, wrist] += share * (end - points[:, wrist])
        lifted = np.flatnonzero(ways.raised[:, index] > 0.0)
        here = hand_slice(side)
        at_rest = rest.figure.points
        usual = hand(at_rest[elbow], at_rest[wrist], unit, side=side, curl=RESTING[0], palm=RESTING[1])
        own = at_rest[here] - usual
        for frame in lifted:
            made = hand(
                points[frame, elbow],
                points[frame, wrist],
                unit,
                side=side,
                curl=float(ways.curl[frame, index]),
                palm=float(ways.palm[frame, index]),
            )
            points[frame, here] = made + (1.0 - share[frame]) * own


def _lengths(rest: Rest, side: int) -> tuple[float, float]:
    """Upper arm and forearm of this person in pixels: as long as seen at rest, and never shorter than usual."""
    shoulder, elbow, _, *_ = SIDES[side]
    seen = float(np.hypot(*(rest.figure.points[elbow] - rest.figure.points[shoulder])))
    upper = max(seen, UPPER_ARM * rest.unit)
    return upper, upper * FOREARM / UPPER_ARM


def reached(shoulder: Points, resting: Points, goal: Points, lengths: tuple[float, float]) -> tuple[Points, Points]:
    """Elbows and wrists (frames, 2) of arms that reach for a goal.

    Where the forearm is long enough the elbow stays at its `resting` place and the forearm is seen shortened, as when
    it comes towards the viewer; beyond, both bones keep their lengths and the elbow goes along on its own side.
    """
    upper, lower = lengths
    away, hung = goal - shoulder, resting - shoulder
    far = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
    reach = np.clip(far, abs(upper - lower) + 0.02 * upper, STRAIGHT * (upper + lower))
    ahead = away / far[:, None]
    along = (upper**2 - lower**2 + reach**2) / (2.0 * reach)
    out = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=-1)
    normal *= np.where((normal * hung).sum(-1) >= 0.0, 1.0, -1.0)[:, None]
    elbow = shoulder + along[:, None] * ahead + out[:, None] * normal
    near = np.hypot(*(goal - resting).T) <= lower
    wrist = shoulder + reach[:, None] * ahead
    return np.where(near[:, None], resting, elbow), np.where(near[:, None], goal, wrist)


__all__ = ["LEFT", "RESTING", "RIGHT", "Ways", "moved", "reached", "still"]
