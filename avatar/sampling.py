"""How a diffusion model is to be sampled, in the field's words. Knows no model: which samplers fit one, stages know."""

from dataclasses import dataclass
from typing import Literal

Sampler = Literal["ddim", "ddpm", "dpm++", "dpm++-karras", "euler", "euler-a", "heun", "lcm", "lms", "pndm", "unipc"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Steps, guidance scale and sampler; None is the model's own. `negative` is what must not be seen."""

    steps: int | None = None
    guidance: float | None = None
    sampler: Sampler | None = None
    negative: str = ""


OWN = Sampling()
"""All as the model has it."""
