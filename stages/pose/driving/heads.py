"""How a head that somebody's points show is turned, as columns of a motion track. Knows no detector.

The inverse of what `rig` does: how much each column moves eyes and nose is tried out on the head at rest, and the
columns are those that together move them as they were seen to. Good for the turns of somebody who faces the viewer.
"""

import numpy as np
from numpy.typing import NDArray

from avatar.face import tracks
from avatar.face.tracks import COLUMN, HEAD, Track
from stages.pose.driving import people, rig
from stages.pose.driving.people import Points, Poses
from stages.pose.driving.rest import Rest

Array = NDArray[np.float64]

TRIED = {"headYaw": 5.0, "headPitch": 5.0, "headRoll": 5.0, "headX": 0.05, "headY": 0.05, "headScale": 0.05}


def columns(poses: Poses, rest: Rest) -> Array:
    """The head's columns, in the order of `tracks.HEAD`, of a person who is `rest` at zero: (frames, 6)."""
    trial = tracks.blank(2 * len(HEAD))
    for row, name in enumerate(HEAD):
        trial[2 * row, COLUMN[name]], trial[2 * row + 1, COLUMN[name]] = TRIED[name], -TRIED[name]
    seen = _seen(rig.poses(rest, trial, 25.0).points, rest)
    answers = (seen[0::2] - seen[1::2]) / (2.0 * np.array([TRIED[name] for name in HEAD]))[:, None]
    result: Array = (_seen(poses.points, rest) - _seen(rest.figure.points[None], rest)) @ np.linalg.inv(answers)
    return result


def laid_over(track: Track, fps: float, poses: Poses, rest: Rest) -> Track:
    """A copy of a track of `fps` rows a second whose head moves as the poses do."""
    result = track.copy()
    found = columns(poses, rest)
    at = np.arange(len(track)) / fps
    for index, name in enumerate(HEAD):
        result[:, COLUMN[name]] = np.interp(at, np.arange(poses.frames) / poses.fps, found[:, index])
    return result


def _seen(points: Points, rest: Rest) -> Array:
    """Six measures of a head (frames, 6): nose beside and below the eyes, in their distance; tilt, place and size."""
    right, left, nose = (points[:, index] for index in (people.R_EYE, people.L_EYE, people.NOSE))
    across, middle = left - right, 0.5 * (left + right)
    size = np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-6)
    along = across / size[:, None]
    down = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    away = (nose - middle) / size[:, None]
    tilt = np.unwrap(np.arctan2(across[:, 1], across[:, 0]))
    beside, below = (away * along).sum(-1), (away * down).sum(-1)
    place = middle / rest.unit
    return np.stack([beside, below, tilt, place[:, 0], place[:, 1], np.log(size)], axis=-1)
