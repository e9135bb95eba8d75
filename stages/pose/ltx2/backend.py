"""LTX-2 as a pose backend. Imports nothing heavy before it is loaded."""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Clip
from avatar.sampling import Sampler, Sampling
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.diffusion import controls, wishes
from stages.pose.brief import Brief

LIMITS = controls.Limits("ltx", "LTX-2", 1216, 704, grid=32, steps=8, guidance=1.0, fixed_steps=(8,), caches=True)
SAMPLER: Sampler = "euler"


@dataclass(frozen=True, slots=True)
class Ltx2:
    """For photographs of one who speaks, and for drawings whose asker names it. Its footage has lips that speak."""

    id: ClassVar[str] = "ltx2"
    version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = recipes.needs("ltx2")

    def takes(self, brief: Brief, /) -> bool:
        """Whether there is a speech to follow and nothing else, and the portrait is of its kind or it was named."""
        follows = brief.speech is not None and not brief.driving.wanted and not brief.partners and not brief.filmed
        return follows and (brief.backend == self.id or brief.free)

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants this one."""
        return brief.backend == self.id

    def lacks(self, sampling: Sampling, /) -> str:
        """Wishes that it can't follow."""
        return wishes.unmet(LIMITS, sampling, only=(SAMPLER,))

    def load(self, placement: Placement, /) -> Performer[Brief, Clip]:
        """Raises `Unavailable` when files are missing, damaged or of another model, `OutOfMemory`."""
        from stages.pose.ltx2.perform import Speaker

        return Speaker.load(placement)
