"""espeak-ng as a speech backend: every language, exact times, no weights. Knows nothing of what comes after."""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Speech
from avatar.stage import Mode, Needs, Performer, Placement
from stages.speech.brief import Brief


@dataclass(frozen=True, slots=True)
class Espeak:
    """The floor of the speech stage. The brief's seed changes nothing: the same text always sounds the same."""

    id: ClassVar[str] = "espeak"
    version: ClassVar[str] = "5"
    needs: ClassVar[Needs] = Needs(packages=("espeakng_loader",), modes=(Mode(pace=0.02),))

    def takes(self, brief: Brief, /) -> bool:
        """Only what is still to be spoken."""
        return brief.unsaid

    def load(self, _placement: Placement, /) -> Performer[Brief, Speech]:
        """Raises Unavailable when the package is missing or broken."""
        from stages.speech.espeak.perform import perform
        from stages.speech.voices import voices

        voices()
        return perform
