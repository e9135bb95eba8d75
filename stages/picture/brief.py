"""What the picture stage is asked."""

from dataclasses import dataclass

from avatar.sampling import OWN, Sampling


@dataclass(frozen=True, slots=True)
class Brief:
    """What `prompt` says at rest, `variations` times with the seeds from `seed` on, each width x height pixels."""

    prompt: str
    width: int
    height: int
    seed: int
    variations: int = 1
    sampling: Sampling = OWN
