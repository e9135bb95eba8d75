"""Piper voices as speech backends: small networks that read what the built-in synthesiser makes of a text.

Knows nothing of what follows. This package's name imports nothing heavy; `networks` needs piper, which is installed by
whoever wants it.
"""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Speech
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.speech import fitness, neural
from stages.speech.brief import Brief
from stages.speech.neural import Speaker


@dataclass(frozen=True, slots=True)
class Piper:
    """Speaks for its own id, `piper:de-thorsten`, and for `piper` alone where the text is in its language."""

    speaker: Speaker

    version: ClassVar[str] = "2"

    @property
    def id(self) -> str:
        """Its name within the chain, `piper-de-thorsten`."""
        return neural.backend(self.speaker.id)

    @property
    def needs(self) -> Needs:
        """The weights of its voice."""
        return recipes.needs(self.id)

    def takes(self, brief: Brief, /) -> bool:
        """Whether this voice is named, and nobody else's is wanted."""
        if brief.audio is not None or brief.reference is not None or neural.family(brief.voice) != neural.PIPER:
            return False
        return neural.find(brief.voice, fitness.language(brief.text, brief.language)) == self.speaker

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants a voice of this kind and no other."""
        return self.takes(brief)

    def load(self, placement: Placement, /) -> Performer[Brief, Speech]:
        """Raises Unavailable when files are missing or damaged, or piper is not installed."""
        from stages.speech.piper.perform import Reader

        return Reader.load(placement, self.speaker)


VOICES = tuple(Piper(speaker) for speaker in neural.PIPERS)
