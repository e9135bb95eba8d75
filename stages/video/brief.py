"""What the video stage is asked."""

from dataclasses import dataclass

from avatar.artifacts import Blob
from avatar.sampling import OWN, Sampling


@dataclass(frozen=True, slots=True)
class Brief:
    """What `prompt` says, in motion for `seconds`, `variations` times with the seeds from `seed` on.

    It begins with `image` where there is one; who is seen in that moves as in the film `driving`. Size in pixels.
    """

    prompt: str
    image: Blob | None
    seconds: float
    width: int
    height: int
    seed: int
    variations: int = 1
    sampling: Sampling = OWN
    driving: Blob | None = None
