"""A portrait's person at rest: every point of the skeleton, seen in the picture or inferred. Knows no movement.

The face's points are the portrait's own landmarks; the body's are found on the picture or follow from a face's size
by the proportions of an adult (Drillis & Contini 1966; a face of 180 mm on a body of 1.75 m).
"""

from dataclasses import dataclass, replace

import numpy as np

from avatar.artifacts import Eye, Face, Line
from avatar.face import pose
from stages.pose.animate_anyone.skeleton import FACE, SEEN
from stages.pose.driving import build, people
from stages.pose.driving.people import Figure, Points

UPPER_ARM, FOREARM, PALM = 1.58, 1.38, 0.50
TORSO, HIP_HALF, THIGH, SHANK, FOOT = 2.75, 0.50, 2.35, 2.30, 0.75
"""Lengths in face heights; `PALM` from the wrist to the knuckles, `TORSO` from shoulders to hips."""
STANDS_FROM = 4.2
"""Face heights of picture below the chin from which on somebody is taken to stand: the lap would be seen."""
SHORTEST = 0.5
"""Share of its length in which a hand is seen whose forearm points at the viewer."""
EAR_OUT = 0.05
"""Face heights by which the middle of an ear lies outside the jaw's line."""
SURE, INFERRED = 1.0, 0.8
TURNED = 0.62
"""Share of half the face's width by which the nose lies beside its middle from which the far ear is hidden."""
FINGERS = (
    ((0.20, 0.16), (0.38, 0.30), (0.50, 0.46), (0.58, 0.60)),
    ((0.17, 0.50), (0.19, 0.72), (0.20, 0.86), (0.20, 0.97)),
    ((0.03, 0.52), (0.03, 0.78), (0.03, 0.94), (0.03, 1.06)),
    ((-0.10, 0.49), (-0.12, 0.72), (-0.13, 0.87), (-0.14, 0.98)),
    ((-0.22, 0.43), (-0.26, 0.60), (-0.29, 0.71), (-0.31, 0.81)),
)
"""A loosely open hand from the wrist in lengths of 2 * PALM: (towards the thumb, ahead), thumb to little finger."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Somebody at rest in a picture of `size` (width, height). `head` is the skull that turns their points."""

    figure: Figure
    head: pose.Skull
    size: tuple[int, int]
    stands: bool

    @property
    def unit(self) -> float:
        """The face's height in pixels, in which bodies are measured."""
        return self.head.unit

    def scaled(self, scale: float, origin: tuple[float, float], size: tuple[int, int], face: Face) -> "Rest":
        """The same person in a part of the picture that begins at `origin`, `scale` times as large."""
        points = (self.figure.points - origin) * scale
        return replace(
            self, figure=replace(self.figure, points=points), head=pose.skull(face, scale, origin), size=size
        )


def rest(face: Face, size: tuple[int, int], outline: build.Mask | None = None) -> Rest:
    """The person with this face in a picture of `size`; `outline` is 255 where they are."""
    head = pose.skull(face, 1.0, (0.0, 0.0))
    points, scores = np.zeros((people.POINTS, 2)), np.full(people.POINTS, INFERRED)
    points[FACE] = face_points(face)
    scores[FACE] = SURE
    _skull_points(points, scores, face, head.unit)
    wide = build.shoulders((head.centre_x, float(face.jaw[len(face.jaw) // 2][1])), head.unit, outline)
    stands = size[1] - wide.y > STANDS_FROM * head.unit
    _body(points, wide, head.unit, stands=stands)
    return Rest(Figure(points, scores), head, size, stands)


def found(guess: Rest, seen: Figure) -> Rest:
    """The same rest with the body's points, hands included, where somebody found them in the picture."""
    points, scores = guess.figure.points.copy(), guess.figure.scores.copy()
    body = [index for index in range(people.POINTS) if index not in people.HEAD]
    sure = [index for index in body if seen.scores[index] > SEEN]
    moved = seen.points - guess.figure.points
    for index in body:
        carrier = _carrier(index, sure)
        points[index] = seen.points[index] if index in sure else points[index] + (moved[carrier] if carrier else 0.0)
    scores[sure] = np.maximum(seen.scores[sure], INFERRED)
    return replace(guess, figure=Figure(points, scores))


CARRIED_BY = {
    people.R_ELBOW: people.R_SHOULDER,
    people.R_WRIST: people.R_ELBOW,
    people.L_ELBOW: people.L_SHOULDER,
    people.L_WRIST: people.L_ELBOW,
    people.R_KNEE: people.R_HIP,
    people.R_ANKLE: people.R_KNEE,
    people.L_KNEE: people.L_HIP,
    people.L_ANKLE: people.L_KNEE,
    people.R_HIP: people.R_SHOULDER,
    people.L_HIP: people.L_SHOULDER,
    people.R_SHOULDER: people.NECK,
    people.L_SHOULDER: people.NECK,
    **dict.fromkeys(range(people.LEFT_HAND.start, people.LEFT_HAND.stop), people.L_WRIST),
    **dict.fromkeys(range(people.RIGHT_HAND.start, people.RIGHT_HAND.stop), people.R_WRIST),
    **dict.fromkeys((people.L_BIG_TOE, people.L_SMALL_TOE, people.L_HEEL), people.L_ANKLE),
    **dict.fromkeys((people.R_BIG_TOE, people.R_SMALL_TOE, people.R_HEEL), people.R_ANKLE),
}
"""The joint that each point hangs on."""


def _carrier(index: int, sure: list[int]) -> int | None:
    """The nearest joint up the body that was found."""
    at: int | None = CARRIED_BY.get(index)
    while at is not None and at not in sure:
        at = CARRIED_BY.get(at)
    return at


def face_points(face: Face) -> Points:
    """The 68 points of a face in dlib's order, (68, 2)."""
    nose = np.asarray(face.nose, np.float64)
    bridge, base = _spaced(nose[: max(2, len(nose) - 1)], 4), nose[-1]
    wing = 0.20 * np.subtract(face.left.iris, face.right.iris)
    up = 0.10 * (base - nose[0])
    nostrils = np.stack([base + share * wing - lift * up for share, lift in _WINGS])
    parts = [
        _spaced(face.jaw, 17),
        _spaced(face.right.brow, 5),
        _spaced(face.left.brow, 5),
        bridge,
        nostrils,
        _lids(face.right),
        _lids(face.left),
        _lip(face.upper_lip_outer, face.lower_lip_outer, 7),
        _lip(face.upper_lip_inner, face.lower_lip_inner, 5),
    ]
    return np.concatenate(parts)


_WINGS = ((-1.0, 1.0), (-0.5, 0.4), (0.0, 0.0), (0.5, 0.4), (1.0, 1.0))
"""The nose's lower edge: share of its half width to the viewer's right, and of its rise towards the sides."""


def _spaced(line: Line | Points, count: int) -> Points:
    """`count` points evenly along a line."""
    points = np.asarray(line, np.float64)
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0.0, run[-1], count)
    return np.stack([np.interp(at, run, points[:, axis]) for axis in (0, 1)], axis=-1)


def _lids(eye: Eye) -> Points:
    upper, lower = _spaced(eye.upper, 4), _spaced(eye.lower, 4)
    return np.concatenate([upper, lower[2:0:-1]])


def _lip(upper: Line, lower: Line, count: int) -> Points:
    return np.concatenate([_spaced(upper, count), _spaced(lower, count)[-2:0:-1]])


def _skull_points(points: Points, scores: Points, face: Face, unit: float) -> None:
    """Nose, eyes and ears of the body's own points."""
    jaw = np.asarray(face.jaw, np.float64)
    points[people.NOSE] = face.nose[int(len(face.nose) * 0.7)]
    points[people.R_EYE], points[people.L_EYE] = face.right.iris, face.left.iris
    across = np.subtract(jaw[-1], jaw[0])
    outward = EAR_OUT * unit * across / max(float(np.hypot(*across)), 1.0)
    points[people.R_EAR], points[people.L_EAR] = jaw[:2].mean(0) - outward, jaw[-2:].mean(0) + outward
    middle, half = 0.5 * (jaw[0] + jaw[-1]), 0.5 * float(np.hypot(*across))
    beside = float((points[people.NOSE] - middle) @ across) / max(2.0 * half * half, 1.0)
    scores[[people.NOSE, people.R_EYE, people.L_EYE, people.R_EAR, people.L_EAR]] = SURE
    if beside > TURNED:
        scores[people.L_EAR] = 0.0
    if beside < -TURNED:
        scores[people.R_EAR] = 0.0


def _body(points: Points, wide: build.Shoulders, unit: float, *, stands: bool) -> None:
    """Neck, shoulders and all below: arms that hang, or hands in the lap."""
    points[people.NECK] = wide.middle, wide.y
    for side, (shoulder, elbow, wrist, hip, knee, ankle) in SIDES.items():
        points[shoulder] = wide.middle + side * wide.half, wide.y
        points[elbow], points[wrist] = hanging(points[shoulder], unit, side=side, stands=stands)
        points[hip] = wide.middle + side * HIP_HALF * unit, wide.y + TORSO * unit
        bent = (0.06, 1.0, 0.97) if stands else (0.35, 0.45, 0.9)
        points[knee] = points[hip] + (side * bent[0] * unit, bent[1] * THIGH * unit)
        points[ankle] = points[knee] + (side * 0.02 * unit, bent[2] * SHANK * unit)
        big, small, heel = TOES[side]
        points[big] = points[ankle] + (side * 0.12 * unit, 0.55 * FOOT * unit)
        points[small] = points[ankle] + (side * 0.38 * unit, 0.42 * FOOT * unit)
        points[heel] = points[ankle] + (-side * 0.05 * unit, 0.2 * FOOT * unit)
        points[hand_slice(side)] = hand(points[elbow], points[wrist], unit, side=side)


SIDES = {
    -1: (people.R_SHOULDER, people.R_ELBOW, people.R_WRIST, people.R_HIP, people.R_KNEE, people.R_ANKLE),
    1: (people.L_SHOULDER, people.L_ELBOW, people.L_WRIST, people.L_HIP, people.L_KNEE, people.L_ANKLE),
}
"""Joints of the person's right side, which is on the viewer's left (-1), and of the left one (1)."""
TOES = {
    -1: (people.R_BIG_TOE, people.R_SMALL_TOE, people.R_HEEL),
    1: (people.L_BIG_TOE, people.L_SMALL_TOE, people.L_HEEL),
}


def hand_slice(side: int) -> slice:
    """Where the hand of a side stands among the points."""
    return people.RIGHT_HAND if side < 0 else people.LEFT_HAND


def hanging(shoulder: Points, unit: float, *, side: int, stands: bool) -> tuple[Points, Points]:
    """Elbow and wrist of an arm at rest: beside a standing body, in the lap of a sitting one (seen shortened)."""
    elbow = shoulder + unit * UPPER_ARM * np.array([side * 0.16, 0.985])
    along = np.array([-side * 0.06, 0.998]) if stands else np.array([-side * 0.52, 0.46])
    return elbow, elbow + unit * FOREARM * along


def hand(elbow: Points, wrist: Points, unit: float, *, side: int, curl: float = 0.35, palm: float = -1.0) -> Points:
    """A hand (21, 2) that goes on where the forearm ends.

    `curl` 0 is flat and 1 a fist; `palm` 1 shows its palm to the viewer, -1 its back, 0 its edge.
    """
    ahead = wrist - elbow
    length = float(np.hypot(*ahead))
    ahead = ahead / length if length > 1e-6 else np.array([0.0, 1.0])
    thumb = side * palm * np.array([ahead[1], -ahead[0]])
    scale = 2.0 * PALM * unit
    ahead = ahead * float(np.clip(length / (FOREARM * unit), SHORTEST, 1.0))
    points = [np.asarray(wrist, np.float64)]
    for number, finger in enumerate(FINGERS):
        base = np.asarray(finger[0])
        for out, on in finger:
            short = base + (np.array([out, on]) - base) * (1.0 - (0.75 if number else 0.4) * curl)
            points.append(wrist + scale * (short[0] * thumb + short[1] * ahead))
    return np.stack(points)
