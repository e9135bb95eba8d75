"""Pocket TTS as a speech backend: English in the voice of a voice sample, on the CPU. Knows nothing of what follows.

This package's name imports nothing heavy; `networks` needs torch and transformers.
"""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Speech
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.speech import neural
from stages.speech.brief import Brief


@dataclass(frozen=True, slots=True)
class Pocket:
    """Speaks after a voice sample for whoever names it; whose voice it is was asked at the door."""

    id: ClassVar[str] = "pocket"
    version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = recipes.needs("pocket")

    def takes(self, brief: Brief, /) -> bool:
        """Whether it is named, and there is a voice sample to speak after."""
        return brief.audio is None and brief.reference is not None and neural.family(brief.voice) == neural.POCKET

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants a voice of this kind and no other."""
        return self.takes(brief)

    def load(self, placement: Placement, /) -> Performer[Brief, Speech]:
        """Raises Unavailable when files are missing, damaged or of another model."""
        from stages.speech.pocket.perform import Follower

        return Follower.load(placement)
