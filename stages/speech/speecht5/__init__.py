"""SpeechT5 as a speech backend: English in neural voices, or in that of a voice sample. Knows nothing of what follows.

This package's name imports nothing heavy; `networks`, `talker` and `encoder` need torch and transformers.
"""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Speech
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.speech import neural
from stages.speech.brief import Brief


@dataclass(frozen=True, slots=True)
class SpeechT5:
    """Speaks for `speecht5/...` ids, and English for whoever left the voice open.

    Who names a built-in voice gets that one, children's voices are built in, and so are all other languages.
    """

    id: ClassVar[str] = "speecht5"
    version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = recipes.needs("speecht5")

    def takes(self, brief: Brief, /) -> bool:
        """Whether a voice of this kind is named, or none and one of these fits."""
        from stages.speech.speecht5 import choice

        return brief.unsaid and brief.reference is None and choice.wanted(brief)

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants a voice of this kind and no other."""
        return self.takes(brief) and neural.named(brief.voice)

    def load(self, placement: Placement, /) -> Performer[Brief, Speech]:
        """Raises Unavailable when files are missing, damaged or of another model."""
        from stages.speech.speecht5.perform import Speakers

        return Speakers.load(placement)


@dataclass(frozen=True, slots=True)
class SpeechT5Clone:
    """Speaks in the voice of a voice sample, and only then; whose voice it is was asked at the door."""

    id: ClassVar[str] = "speecht5-clone"
    version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = recipes.needs("speecht5-clone")

    def takes(self, brief: Brief, /) -> bool:
        """Whether there is a voice sample to speak after."""
        return brief.unsaid and brief.reference is not None

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants a voice of this kind and no other."""
        return self.takes(brief)

    def load(self, placement: Placement, /) -> Performer[Brief, Speech]:
        """Raises Unavailable when files are missing, damaged or of another model."""
        from stages.speech.speecht5.perform import Samples

        return Samples.load(placement)
