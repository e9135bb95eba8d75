"""What the pose stage is asked."""

from dataclasses import dataclass
from typing import Literal

from avatar.artifacts import Blob, Clip, Speech
from avatar.sampling import OWN, Sampling
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
class Driving:
    """Whose movement a diffused film takes over: somebody's in a `video`, a `motion` by name, else that of the speech.

    `gestures` are the hands' part in it: 0 none, 1 natural. Names are `driving.templates.NAMES`. `replace` leaves the
    video as it is and puts the portrait's person in the place of whoever is there.
    """

    video: Blob | None = None
    motion: str = ""
    gestures: float = 1.0
    replace: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it is more than what goes with the speech: only models that diffuse make that."""
        return self.video is not None or bool(self.motion) or self.replace


@dataclass(frozen=True, slots=True)
class Shooting:
    """How a film is diffused; None is what suits it.

    `width` and `height` in pixels come to multiples of 64, `fps` are the frames a second that are diffused and
    `between` is how those between them are made: by optical flow, or in the model's own latents. `window` frames are
    denoised together, of which `overlap` with the next ones. Guidance is for the first share `guided` of the steps; of
    `reuse` steps the first goes through the whole network, the others through its outermost layers.
    """

    width: int | None = None
    height: int | None = None
    fps: float | None = None
    between: Literal["flow", "latents"] = "flow"
    window: int = 24
    overlap: int = 4
    guided: float = 1.0
    reuse: int = 1


@dataclass(frozen=True, slots=True)
class Brief:
    """Head and shoulders for a clip, moving with what is said. Amounts: 0 none, 1 natural, 2 twice.

    Without `speech` only what drives the clip moves it. With `partners` this is one who listens while they speak, and
    speaks to them. `backend` is the one that was asked for by name, if any. `sampling`, `driving` and `shooting` are
    for those that diffuse.
    """

    clip: Clip
    speech: Speech | None
    seed: int
    head: float = 1.0
    expression: float = 1.0
    gaze: float = 1.0
    acting: Acting = Acting()
    partners: tuple[Partner, ...] = ()
    backend: str = ""
    sampling: Sampling = OWN
    driving: Driving = Driving()
    shooting: Shooting = Shooting()

    @property
    def filmed(self) -> bool:
        """Whether the clip's footage was filmed rather than made: it is then to stay as it is."""
        return self.clip.footage is not None and self.clip.footage.filmed

    @property
    def free(self) -> bool:
        """Whether those that have learnt from films of people take it unasked: a photograph, or what only they move."""
        learnt = self.clip.portrait.kind == "photo" or self.driving.wanted
        return learnt and not self.filmed and not self.backend
