"""Somebody's movement given to somebody else: their bones keep their own lengths. Knows no detector and no drawing.

The head moves by what the other's head moved, in face heights; each limb takes the other's direction and foreshortening
with its own length. In the first frame the person stands as in the portrait, arms go over to the other's way
in a moment.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar.face.noise import minimum_jerk
from stages.pose.animate_anyone.skeleton import FACE, SEEN
from stages.pose.driving import people
from stages.pose.driving.people import JAW, LIDS, MOUTH, Points, Poses
from stages.pose.driving.rest import CARRIED_BY, Rest
from stages.pose.driving.rig import cropped

Array = NDArray[np.float64]

TAKES_OVER = 0.8
"""Seconds in which limbs go from how they are in the portrait to how the other holds theirs."""
LONGEST = 0.90
"""Quantile of a bone's lengths through a video that is taken for its length when it is not seen shortened."""
STRETCH = 1.15
"""How far beyond its own length a bone may be seen at most: towards the camera things grow."""
TRUNK = (people.NECK, people.R_SHOULDER, people.L_SHOULDER, people.R_HIP, people.L_HIP)
LIMBS = tuple(point for point in CARRIED_BY if point not in TRUNK)
RIGID = tuple(
    index
    for index in range(FACE.start, FACE.stop)
    if not (
        MOUTH.start <= index < MOUTH.stop or LIDS.start <= index < LIDS.stop or JAW.start + 5 <= index < JAW.stop - 5
    )
)
"""Points of a face that only move with the skull: temples, brows and nose."""


def retargeted(found: Poses, rest: Rest, *, mouth: bool = False) -> Poses:
    """The movement of `found`, without gaps, as the person of `rest` makes it; with `mouth` also that of lips and chin.

    A point that the other's video never shows moves with the joint it hangs on; it is seen where it lies in the
    picture.
    """
    unit = float(np.median(people.face_height(found.points)))
    scale = rest.unit / max(unit, 1e-6)
    points = np.repeat(rest.figure.points[None], found.frames, axis=0)
    known = np.any(found.scores > SEEN, axis=0)
    _head(points, found, scale, mouth=mouth)
    trunk = [point for point in TRUNK if known[point]]
    points[:, trunk] += scale * (found.points[:, trunk] - found.points[:1, trunk])
    _trunk(points, found, rest, scale, known)
    ease = minimum_jerk(np.arange(found.frames) / (TAKES_OVER * found.fps))[:, None]
    for point in LIMBS:
        _bone(points, found, rest, point, ease=ease, known=known)
    scores = np.repeat(rest.figure.scores[None], found.frames, axis=0)
    limbs = [point for point in LIMBS if known[point]]
    scores[1:, limbs] = np.where(found.scores[1:, limbs] > SEEN, scores[1:, limbs], 0.0)
    return cropped(replace(found, points=points, scores=scores), rest.size)


def _head(points: Points, found: Poses, scale: float, *, mouth: bool) -> None:
    """All that the skull carries, by what it moved since the first frame."""
    carried = list(people.HEAD)
    at_rest = points[0, carried].copy()
    points[:, carried] = at_rest + scale * (found.points[:, carried] - found.points[:1, carried])
    if mouth:
        return
    lips, rigid = [*range(JAW.start + 5, JAW.stop - 5), *range(MOUTH.start, MOUTH.stop)], list(RIGID)
    rested = np.asarray(points[0])
    known = np.hstack([rested[rigid], np.ones((len(rigid), 1))])
    still = np.hstack([rested[lips], np.ones((len(lips), 1))])
    solve = still @ np.linalg.pinv(known)
    points[:, lips] = np.einsum("lr,frx->flx", solve, points[:, rigid])


def _trunk(points: Points, found: Poses, rest: Rest, scale: float, known: people.Mask) -> None:
    """Shoulders and hips that are never seen go along with the head by a third, as those of people who sit."""
    nose = scale * (found.points[:, people.NOSE] - found.points[:1, people.NOSE])
    for point in (people.R_SHOULDER, people.L_SHOULDER):
        if not known[point]:
            points[:, point] = rest.figure.points[point] + 0.33 * nose
    shoulders = points[:, [people.R_SHOULDER, people.L_SHOULDER]]
    points[:, people.NECK] = shoulders.mean(1)


def _bone(points: Points, found: Poses, rest: Rest, point: int, *, ease: Array, known: people.Mask) -> None:
    """Hang a point on its joint: in the other's direction where they show it, else as at rest."""
    joint = CARRIED_BY[point]
    own = rest.figure.points[point] - rest.figure.points[joint]
    usual = np.repeat(own[None], found.frames, axis=0)
    if not (known[point] and known[joint]):
        points[:, point] = points[:, joint] + usual
        return
    theirs = found.points[:, point] - found.points[:, joint]
    length = np.hypot(theirs[:, 0], theirs[:, 1])
    whole = float(np.quantile(length, LONGEST))
    ratio = float(np.hypot(*own)) / max(whole, 1e-6)
    seen = theirs * np.minimum(ratio, STRETCH * float(np.hypot(*own)) / np.maximum(length, 1e-6))[:, None]
    points[:, point] = points[:, joint] + usual + ease * (seen - usual)
