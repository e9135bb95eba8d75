"""The asker's own recording as a speech backend. Knows no voice and nothing of what comes after."""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Speech
from avatar.stage import Needs, Performer, Placement
from stages.speech.brief import Brief


@dataclass(frozen=True, slots=True)
class Upload:
    """Takes only briefs with a recording, and is the only one that takes them: nothing else is ever heard instead."""

    id: ClassVar[str] = "upload"
    version: ClassVar[str] = "3"
    needs: ClassVar[Needs] = Needs()

    def takes(self, brief: Brief, /) -> bool:
        """Whether there is a recording."""
        return brief.audio is not None

    def load(self, _placement: Placement, /) -> Performer[Brief, Speech]:
        """There is nothing to load."""
        from stages.speech.upload.perform import perform

        return perform
