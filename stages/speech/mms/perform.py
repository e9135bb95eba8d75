"""A text spoken by an MMS voice. Knows neither the network nor how lines are joined."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from avatar.artifacts import Speech
from avatar.stage import Context, Placement
from stages.speech import fitness, plain
from stages.speech.brief import Brief
from stages.speech.mms import networks
from stages.speech.neural import Speaker
from stages.speech.talker import Talker

NOBODY = np.zeros(0, np.float32)
"""In the place of a speaker's numbers: such a network has one voice."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Speaks one language in one voice."""

    talker: Talker
    speaker: Speaker

    @classmethod
    def load(cls, placement: Placement, speaker: Speaker) -> Self:
        """Raises Unavailable naming what is missing or damaged."""
        network = networks.load(placement, speaker.id.replace(":", "-"))
        return cls(Talker(network, speaker.language, plain.worded(speaker.language)), speaker)

    def __call__(self, brief: Brief, context: Context, /) -> Speech:
        """Speak. Raises as `Talker.say` does, and BadRequest for what this voice can't say."""
        fitness.check(self.speaker, brief.text, brief.language)
        fitness.check_manner(brief.rate, brief.pitch)
        return self.talker.say(brief, context, speaker=NOBODY, name=self.speaker.id)
