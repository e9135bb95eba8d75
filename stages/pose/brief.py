"""What the pose stage is asked."""

from dataclasses import dataclass

from avatar.artifacts import Clip, Speech
from avatar.script import Cue, Expression


@dataclass(frozen=True, slots=True)
class Acting:
    """The mood in which all is said, and the directions of the script."""

    mood: Expression = "neutral"
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """Head and shoulders for a clip, moving with what is said. Amounts: 0 none, 1 natural, 2 twice."""

    clip: Clip
    speech: Speech
    seed: int
    head: float = 1.0
    expression: float = 1.0
    gaze: float = 1.0
    acting: Acting = Acting()
