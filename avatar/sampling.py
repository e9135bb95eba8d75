"""How a diffusion model is to be sampled, in the field's words. Knows no model: which samplers fit one, stages know."""

from dataclasses import dataclass
from typing import Literal, get_args

Sampler = Literal[
    "ddim", "ddpm", "deis", "dpm++", "dpm++-karras", "dpm++-sde", "euler", "euler-a", "heun", "lcm", "lms", "pndm",
    "unipc",
]  # fmt: skip
"""`dpm++` is DPM-Solver++ of second order, two steps at a time; `euler-a` the ancestral one."""

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Steps, guidance scale and sampler; None is the model's own. `negative` is what must not be seen.

    Where a transformer's first block changes by less than the share `cache_threshold` from one step to the next, the
    rest is taken over from it; 0 takes over nothing.
    """

    steps: int | None = None
    guidance: float | None = None
    sampler: Sampler | None = None
    negative: str = ""
    cache_threshold: float = 0.0


OWN = Sampling()
"""All as the model has it."""
