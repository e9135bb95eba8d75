"""What a motion track's mouth measures: lip gap, mouth width, lower lip to teeth. Knows not who wrote or draws it.

One model for the compositor that draws the lips and for everything that judges them, so that the two can't drift apart.
Tracks have shape (..., channels) with the columns of `avatar.face.tracks`; results have shape (...). Lengths are face
heights, from the forehead point to the chin at rest.
"""

import numpy as np
from numpy.typing import NDArray

from avatar.face.tracks import COLUMN, Track

Array = NDArray[np.float32]

JAW_DROP = 0.22
"""How far the chin and lower lip fall at `jawOpen` 1."""
LIP_RAISE = 0.02
"""What `mouthUpperUp` and `mouthLowerDown` at 1 add to the gap, each."""
FUNNEL_FLARE = 0.03
"""What `mouthFunnel` at 1 adds to the gap: lips turned outwards."""
ROLL_LIFT = 0.6
"""Share of the gap that `mouthRollLower` at 1 takes away, the lower lip going up to the upper teeth."""
PRESS = 0.02
"""What `mouthPress` at 1 takes from the gap."""
PUCKER_WIDTH, FUNNEL_WIDTH, SPREAD_WIDTH = 0.55, 0.75, 1.25
"""Mouth width, relative to rest, at `mouthPucker`, `mouthFunnel`, and `mouthStretch` or `mouthSmile` of 1."""
TEETH = 0.016
"""Height of the upper teeth's edge below the upper lip's inner rim, lips just parted."""


def column(track: Track, name: str) -> Array:
    """One column; a name without side (`mouthPress`) is the mean of its Left and Right."""
    if name in COLUMN:
        return np.asarray(track[..., COLUMN[name]], np.float32)
    return np.asarray(0.5 * (track[..., COLUMN[name + "Left"]] + track[..., COLUMN[name + "Right"]]), np.float32)


def gap(track: Track) -> Array:
    """Inner-lip gap at the lips' centre, in face heights, 0 or more. `mouthClose` 1 seals it whatever the jaw does."""
    parted = JAW_DROP * column(track, "jawOpen") + FUNNEL_FLARE * column(track, "mouthFunnel")
    parted = parted + LIP_RAISE * (column(track, "mouthUpperUp") + column(track, "mouthLowerDown"))
    rolled = 1.0 - ROLL_LIFT * np.clip(column(track, "mouthRollLower"), 0.0, 1.0)
    left = parted * (1.0 - np.clip(column(track, "mouthClose"), 0.0, 1.0)) * rolled - PRESS * column(
        track, "mouthPress"
    )
    return np.asarray(np.maximum(left, 0.0), np.float32)


def width(track: Track) -> Array:
    """Mouth width relative to rest: 1 at rest, narrower when pursed, wider when spread or smiling."""
    pursed = (1.0 - (1.0 - PUCKER_WIDTH) * column(track, "mouthPucker")) * (
        1.0 - (1.0 - FUNNEL_WIDTH) * column(track, "mouthFunnel")
    )
    spread = np.maximum(column(track, "mouthStretch"), column(track, "mouthSmile"))
    return np.asarray(pursed * (1.0 + (SPREAD_WIDTH - 1.0) * spread), np.float32)


def lip_to_teeth(track: Track) -> Array:
    """Distance of the lower lip's rim below the upper teeth's edge, in face heights; 0 when they touch."""
    raised = LIP_RAISE * column(track, "mouthUpperUp")
    return np.asarray(np.maximum(gap(track) - raised - TEETH, 0.0), np.float32)
