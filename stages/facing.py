"""What a head and its lids do in footage, told by the face's points, as a track. Knows neither stage nor model."""

import numpy as np
from numpy.typing import NDArray

from avatar.face import heads, tracks
from avatar.face.tracks import COLUMN, Track

Floats = NDArray[np.float32]

SHUT, OPEN = 0.10, 0.24
"""Height over width of an eye that is shut, and of one that is open."""
EYES = (("eyeBlinkRight", (33, 133, 159, 145)), ("eyeBlinkLeft", (362, 263, 386, 374)))
"""Corners, upper and lower lid of both eyes."""


def moved(points: Floats, seen: NDArray[np.bool_]) -> Track:
    """Points (frames, 478, 2) as a track; in frames where no face is `seen`, what is done between."""
    track = tracks.blank(len(points))
    frames = np.arange(len(points))
    angles = heads.usual(points[seen]).angles
    columns = {name: angles[:, axis] for axis, name in enumerate(("headYaw", "headPitch", "headRoll"))}
    columns |= {name: _shut(points[seen], numbers) for name, numbers in EYES}
    for name, values in columns.items():
        track[:, COLUMN[name]] = np.interp(frames, frames[seen], values)
    return track


def _shut(points: Floats, numbers: tuple[int, int, int, int]) -> NDArray[np.float64]:
    right, left, upper, lower = (points[:, number].astype(np.float64) for number in numbers)
    across = np.hypot(*(left - right).T)
    opening = np.hypot(*(lower - upper).T) / np.maximum(across, 1e-6)
    return np.asarray(np.clip((OPEN - opening) / (OPEN - SHUT), 0.0, 1.0), np.float64)
