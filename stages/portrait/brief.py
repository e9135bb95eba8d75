"""What the portrait stage is asked."""

from dataclasses import dataclass

from avatar.artifacts import Blob, Point
from avatar.sampling import OWN, Sampling


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a face is in a picture, in pixels of the picture upright; `right` is the person's own side."""

    right_eye: Point
    left_eye: Point
    right_mouth: Point
    left_mouth: Point
    chin: Point


@dataclass(frozen=True, slots=True)
class Brief:
    """A face of the asker's own in a picture; else a look: that of a gallery avatar, or one for a prompt and the seed.

    `face` is which of the picture's faces, the largest first; `marks` tell where it is, so that it need not be found.
    `whole` keeps all of the picture, not head and shoulders alone. `sampling` is for models that paint the prompt.
    `video` is footage that shows the face instead. `gender` (female, male) is that of the voice that was asked for, to
    which a face that the prompt leaves open is to fit.
    """

    avatar: str | None
    prompt: str
    seed: int
    image: Blob | None = None
    face: int = 0
    marks: Marks | None = None
    whole: bool = False
    sampling: Sampling = OWN
    video: Blob | None = None
    gender: str = ""
