"""MMS voices as speech backends: one network a language, which tells itself when it says which letter.

Knows nothing of what follows. This package's name imports nothing heavy; `networks` needs torch and transformers.
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
class Mms:
    """Speaks for its own id, `mms:deu`, and for `mms` alone where the text is in its language."""

    speaker: Speaker

    version: ClassVar[str] = "2"

    @property
    def id(self) -> str:
        """Its name within the chain, `mms-deu`."""
        return self.speaker.id.replace(":", "-")

    @property
    def needs(self) -> Needs:
        """The weights of its language."""
        return recipes.needs(self.id)

    def takes(self, brief: Brief, /) -> bool:
        """Whether this voice is named, and nobody else's is wanted."""
        if brief.audio is not None or brief.reference is not None or neural.family(brief.voice) != neural.MMS:
            return False
        return neural.find(brief.voice, fitness.language(brief.text, brief.language)) == self.speaker

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants a voice of this kind and no other."""
        return self.takes(brief)

    def load(self, placement: Placement, /) -> Performer[Brief, Speech]:
        """Raises Unavailable when files are missing, damaged or of another model."""
        from stages.speech.mms.perform import Reader

        return Reader.load(placement, self.speaker)


VOICES = tuple(Mms(speaker) for speaker in neural.MANY)
