"""A text spoken by Pocket TTS as somebody speaks in a voice sample. Knows neither network nor how lines are joined."""

from dataclasses import dataclass
from typing import Self

from avatar.artifacts import Speech
from avatar.errors import BadRequest
from avatar.stage import Context, Placement
from stages.speech import fitness, neural
from stages.speech.brief import Brief
from stages.speech.pocket import networks
from stages.speech.speecht5 import sample
from stages.speech.talker import Talker

STEPS = 1000


@dataclass(frozen=True, slots=True)
class Follower:
    """Speaks after a voice sample."""

    talker: Talker
    network: networks.Network

    @classmethod
    def load(cls, placement: Placement) -> Self:
        """Raises Unavailable naming what is missing or damaged."""
        network = networks.load(placement)
        return cls(Talker(network), network)

    def __call__(self, brief: Brief, context: Context, /) -> Speech:
        """Speak. Raises as `Talker.say` does, and BadRequest, UnsupportedMedia, TooLarge for the voice sample."""
        fitness.check(neural.OWN, brief.text, brief.language)
        fitness.check_manner(brief.rate, brief.pitch)
        if brief.reference is None:
            raise BadRequest("There is no voice sample. Send 3 to 30 seconds of somebody speaking.")
        context.step(0, STEPS)
        path, rate = context.path(brief.reference), self.network.rate
        heard = sample.take(path, context.scratch(), lambda: context.step(0, STEPS), rate=rate)
        voice = self.network.voice(heard.samples)
        return self.talker.say(brief, context, speaker=voice, name=neural.CLONED, notes=heard.notes)
