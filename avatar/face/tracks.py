"""The columns of a motion track and their units. Knows neither who writes them nor who draws them.

Head and body columns use the viewer's frame; blendshapes are the 52 of ARKit by their standard names, 0 to 1, where
Left and Right are the person's own sides.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadOutput

Track = NDArray[np.float32]

HEAD = (
    "headYaw",  # degrees, positive turns towards the viewer's right
    "headPitch",  # degrees, positive looks up
    "headRoll",  # degrees, positive tilts clockwise as the viewer sees it
    "headX",  # face heights, positive moves to the viewer's right
    "headY",  # face heights, positive moves down
    "headScale",  # relative, 0 is at rest, positive comes nearer
)
BODY = (
    "breath",  # 0 breathed out, 1 breathed in
    "bodyX",  # face heights, sideways sway of the shoulders
    "bodyRoll",  # degrees, tilt of the shoulders
    "leanX",  # face heights, the whole person leans to the viewer's right, from the seat up
    "leanY",  # face heights, the whole person sinks
    "leanScale",  # relative, the whole person comes nearer
    "tongue",  # 0 lies low, 1 touches the upper teeth
)
ARKIT = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
CHANNELS = HEAD + BODY + ARKIT
COLUMN = {name: index for index, name in enumerate(CHANNELS)}


def blank(frames: int) -> Track:
    """A track at rest: zeros of shape (frames, channels)."""
    return np.zeros((frames, len(CHANNELS)), dtype=np.float32)


def column(track: Track, name: str) -> Track:
    """One column of a track (frames, channels) as (frames, 1), or of one row of it as (1,): ready to meet points."""
    values: Track = track[..., COLUMN[name], None]
    return values


def write(path: Path, track: Track) -> None:
    """Save a track as `.npy`: little-endian float32 of shape (frames, channels)."""
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(track, dtype="<f4"))


def read(path: Path) -> Track:
    """The track that `write` saved. Raises `BadOutput` when the file holds something else."""
    try:
        with path.open("rb") as file:
            track: Track = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as wrong:
        raise BadOutput(f"The clip's motion track can't be used: {wrong}. Make the motion again.") from wrong
    if track.ndim != 2 or track.shape[1] != len(CHANNELS):
        what = f"its shape is {track.shape}, not (frames, {len(CHANNELS)})"
        raise BadOutput(f"The clip's motion track can't be used: {what}. Make the motion again.")
    return track
