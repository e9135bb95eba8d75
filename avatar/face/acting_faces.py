"""What each expression does to a face: blendshapes, head and gaze at full strength. Knows neither time nor speech.

Which muscles act is taken from FACS: Ekman, Friesen & Hager 2002, Facial Action Coding System, Investigator's Guide,
table 10-2 (happiness 6+12, sadness 1+4+15, anger 4+5+7+23, surprise 1+2+5+26). How much, and the head's part in it
(Wallbott 1998, Eur. J. Soc. Psychol. 28:879: sadness bows it, anger thrusts it forward), was fitted by eye to the drawn
avatars. Of the mouth only the corners take part while something is said; in silence lips may press, and in surprise the
jaw drops (action unit 26).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from avatar.script import Expression

Name = Literal["smile"] | Expression


@dataclass(frozen=True, slots=True)
class Look:
    """One expression at full strength.

    `shapes` are blendshapes (a name without side means both), `quiet` those that are seen only while nothing is said;
    `calms` is the share that it takes away from what is there without it. `head` is in the units of its columns, `gaze`
    in degrees to the viewer's right and up. It comes in `onset` seconds, lasts for `held`, and of it `stays` the share.
    """

    shapes: Mapping[str, float]
    quiet: Mapping[str, float] = field(default_factory=dict)
    calms: Mapping[str, float] = field(default_factory=dict)
    head: Mapping[str, float] = field(default_factory=dict)
    gaze: tuple[float, float] = (0.0, 0.0)
    onset: float = 0.32
    held: float = 1.6
    settle: float = 1.4
    stays: float = 0.75


LOOKS: Mapping[Name, Look] = {
    "smile": Look(
        {"mouthSmile": 0.70, "cheekSquint": 0.60, "eyeSquint": 0.22, "browOuterUp": 0.10, "browInnerUp": 0.06},
        head={"headRoll": 1.2, "headPitch": 0.6},
        held=1.7,
        settle=0.9,
        stays=0.0,
    ),
    "happy": Look(
        {"mouthSmile": 0.85, "cheekSquint": 0.75, "eyeSquint": 0.30, "browOuterUp": 0.22, "browInnerUp": 0.20},
        head={"headPitch": 1.6, "headScale": 0.006},
        stays=0.80,
    ),
    "sad": Look(
        {"browInnerUp": 1.0, "browDown": 0.40, "mouthFrown": 0.85, "eyeBlink": 0.16, "cheekSquint": 0.15},
        calms={"mouthSmile": 1.0, "browOuterUp": 0.7, "eyeWide": 1.0},
        head={"headPitch": -3.2, "headRoll": -2.6, "headScale": -0.006, "headY": 0.008},
        gaze=(0.0, -5.0),
        onset=0.55,
        settle=2.0,
        stays=0.85,
    ),
    "angry": Look(
        {
            "browDown": 1.0,
            "eyeSquint": 0.45,
            "eyeWide": 0.15,
            "mouthFrown": 0.75,
            "cheekSquint": 0.20,
            "noseSneer": 0.5,
        },
        quiet={"mouthPress": 0.6},
        calms={"mouthSmile": 1.0, "browInnerUp": 0.9, "browOuterUp": 0.5},
        head={"headPitch": -2.6, "headScale": 0.014},
        onset=0.28,
        stays=0.80,
    ),
    "surprised": Look(
        {"browInnerUp": 0.90, "browOuterUp": 0.80, "eyeWide": 0.85},
        quiet={"jawOpen": 0.34, "mouthFunnel": 0.5},
        calms={"mouthSmile": 0.9, "eyeSquint": 1.0, "cheekSquint": 0.8},
        head={"headPitch": 2.2, "headScale": -0.012, "headY": -0.008},
        onset=0.20,
        held=1.3,
        settle=1.2,
        stays=0.50,
    ),
    "thinking": Look(
        {
            "browDownRight": 0.55,
            "browInnerUp": 0.10,
            "browOuterUpLeft": 0.75,
            "eyeSquint": 0.30,
            "mouthFrownRight": 0.35,
        },
        quiet={"mouthPress": 0.5},
        calms={"mouthSmile": 0.9, "eyeWide": 0.8},
        head={"headRoll": 3.2, "headPitch": 1.4, "headYaw": 2.6},
        gaze=(15.0, 13.0),
        onset=0.40,
        held=1.5,
        stays=0.45,
    ),
}
