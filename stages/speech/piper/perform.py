"""A text spoken by a Piper voice. Knows neither the network nor how lines are joined."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from avatar.artifacts import Speech
from avatar.stage import Context, Placement
from stages.speech import fitness, neural
from stages.speech.brief import Brief
from stages.speech.neural import Speaker
from stages.speech.piper import networks
from stages.speech.talker import Talker
from stages.speech.wording import Wording

NOBODY = np.zeros(0, np.float32)
_ELSE = str.maketrans("[]", "()")
"""Brackets would be taken for sounds that are spelled out."""


def as_written(text: str) -> Wording:
    """The text as it stands: its numbers and signs are read by the synthesiser that the network reads."""
    return Wording(text.translate(_ELSE), tuple((at, at + 1) for at in range(len(text))), "")


@dataclass(frozen=True, slots=True)
class Reader:
    """Speaks one language in one voice."""

    voice: networks.Voice
    speaker: Speaker

    @classmethod
    def load(cls, placement: Placement, speaker: Speaker) -> Self:
        """Raises Unavailable naming what is missing or damaged."""
        return cls(networks.load(placement, neural.backend(speaker.id)), speaker)

    def __call__(self, brief: Brief, context: Context, /) -> Speech:
        """Speak. Raises as `Talker.say` does, and BadRequest for what this voice can't say."""
        fitness.check(self.speaker, brief.text, brief.language)
        fitness.check_manner(brief.rate, brief.pitch)
        talker = Talker(self.voice.begun(brief.seed), self.speaker.language, as_written)
        return talker.say(brief, context, speaker=NOBODY, name=self.speaker.id)
