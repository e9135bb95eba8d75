"""What the motion stage is asked."""

from dataclasses import dataclass

from avatar.artifacts import Blob, Portrait
from avatar.sampling import OWN, UNTOLD, Conditioning, Sampling


@dataclass(frozen=True, slots=True)
class Brief:
    """Base life for a portrait, `seconds` at `fps`; it hears no speech. Amounts: 0 none, 1 natural, 2 twice.

    `prompt` is what is to happen beside that, for models that read words; `sampling` is how diffusion models work.
    With `video` that is what moves: footage of the person, whose face is number `face` by size; it is made no larger
    than fills a film of `film`, (width, height). What is `driven` gets its movement later, so no model films it.
    `conditioning` is what Stable Video Diffusion alone is told.
    """

    portrait: Portrait
    seconds: float
    fps: int
    seed: int
    head: float = 1.0
    blink: float = 1.0
    gaze: float = 1.0
    sampling: Sampling = OWN
    prompt: str = ""
    video: Blob | None = None
    face: int = 0
    film: tuple[int, int] | None = None
    driven: bool = False
    conditioning: Conditioning = UNTOLD
