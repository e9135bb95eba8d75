"""Wan 2.2 Animate as a pose backend. Imports nothing heavy before it is loaded."""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Clip
from avatar.sampling import Sampling
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.diffusion import controls, wishes
from stages.pose.brief import Brief

LIMITS = controls.Limits("wan", "Wan 2.2 Animate", 832, 480, grid=16, steps=20, guidance=1.0, caches=True)


@dataclass(frozen=True, slots=True)
class WanAnimate:
    """For photographs, and for drawings whose asker names it; the only one that puts somebody into a video."""

    id: ClassVar[str] = "wan-animate"
    version: ClassVar[str] = "3"
    needs: ClassVar[Needs] = recipes.needs("wan-animate")

    def takes(self, brief: Brief, /) -> bool:
        """Whether it was asked for by name, or the portrait is of its kind and no other was; or a place is taken."""
        return brief.backend == self.id or brief.driving.replace or brief.free

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants this one, or what only this one does."""
        return brief.backend == self.id or brief.driving.replace

    def lacks(self, sampling: Sampling, /) -> str:
        """Wishes that it can't follow."""
        return wishes.unmet(LIMITS, sampling)

    def load(self, placement: Placement, /) -> Performer[Brief, Clip]:
        """Raises `Unavailable` when files are missing, damaged or of another model, `OutOfMemory`."""
        from stages.pose.wan_animate.perform import Animator

        return Animator.load(placement)
