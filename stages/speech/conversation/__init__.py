"""Several speakers' turns as a speech backend: what each said is joined. Knows no voice and nothing of what follows."""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Speech
from avatar.stage import Mode, Needs, Performer, Placement
from stages.speech.brief import Brief


@dataclass(frozen=True, slots=True)
class Joiner:
    """Takes only what is spoken already, and is the only one that takes it."""

    id: ClassVar[str] = "joiner"
    version: ClassVar[str] = "2"
    needs: ClassVar[Needs] = Needs(modes=(Mode(pace=0.01),))

    def takes(self, brief: Brief, /) -> bool:
        """Whether there are turns to join."""
        return bool(brief.parts)

    def load(self, _placement: Placement, /) -> Performer[Brief, Speech]:
        """There is nothing to load."""
        from stages.speech.conversation.perform import perform

        return perform
