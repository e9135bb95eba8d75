"""AnimateAnyone as a pose backend: a photograph moves along a skeleton. Imports nothing heavy before it is loaded."""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Clip
from avatar.sampling import Sampling
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.diffusion import controls, wishes
from stages.pose.brief import Brief

LIMITS = controls.Limits(
    "animate-anyone", "AnimateAnyone", 512, 784, grid=64, guidance=3.5, most_guidance=20.0, steps=30
)


@dataclass(frozen=True, slots=True)
class AnimateAnyone:
    """For photographs, and for drawings that are to move as only it can: it has learnt from films of people."""

    id: ClassVar[str] = "animate-anyone"
    version: ClassVar[str] = "3"
    needs: ClassVar[Needs] = recipes.needs("animate-anyone")

    def takes(self, brief: Brief, /) -> bool:
        """Whether the portrait is of its kind, or it was asked for by name; whoever names another one gets that."""
        return not brief.driving.replace and (brief.backend == self.id or brief.free)

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants this one, or gives a video or a motion to move by."""
        return self.takes(brief) and (brief.backend == self.id or brief.driving.wanted)

    def lacks(self, sampling: Sampling, /) -> str:
        """Wishes that it can't follow."""
        return wishes.unmet(LIMITS, sampling)

    def load(self, placement: Placement, /) -> Performer[Brief, Clip]:
        """Raises `Unavailable` when files are missing, damaged or of another model, `OutOfMemory`."""
        from stages.pose.animate_anyone.perform import Animator

        return Animator.load(placement)
