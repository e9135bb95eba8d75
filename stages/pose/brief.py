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
class Partner:
    """Somebody else who speaks in the same film: what, and where they are seen from here.

    `towards` is degrees to the viewer's right and up.
    """

    speech: Speech
    towards: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Brief:
    """Head and shoulders for a clip, moving with what is said. Amounts: 0 none, 1 natural, 2 twice.

    With `partners` this is one who listens while they speak, and speaks to them.
    """

    clip: Clip
    speech: Speech
    seed: int
    head: float = 1.0
    expression: float = 1.0
    gaze: float = 1.0
    acting: Acting = Acting()
    partners: tuple[Partner, ...] = ()
