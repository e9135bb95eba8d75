"""SpeechT5 as the corpus's speakers, and as whoever is heard in a voice sample. Knows neither lines nor their sound."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from avatar.artifacts import Speech
from avatar.errors import BadRequest
from avatar.stage import Context, Placement
from stages.speech import neural
from stages.speech.brief import Brief
from stages.speech.speecht5 import choice, networks, sample
from stages.speech.speecht5.speakers import Arctic
from stages.speech.talker import Talker

if TYPE_CHECKING:
    from stages.speech.speecht5.encoder import Encoder

STEPS = 1000


@dataclass(frozen=True, slots=True)
class Speakers:
    """Speaks as the corpus's speakers do."""

    talker: Talker
    arctic: Arctic

    @classmethod
    def load(cls, placement: Placement) -> Self:
        """Raises Unavailable naming what is missing or damaged."""
        nets = networks.load(placement)
        return cls(Talker(nets), Arctic(networks.folder(placement, "cmu-arctic-xvectors"), width=nets.width))

    def __call__(self, brief: Brief, context: Context, /) -> Speech:
        """Speak. Raises as `Talker.say` does, NotFound for a voice that does not exist."""
        choice.check(brief)
        speaker = choice.speaker(brief)
        vector = self.arctic.vector(speaker.id.partition("/")[2])
        return self.talker.say(brief, context, speaker=vector, name=speaker.id)


@dataclass(frozen=True, slots=True)
class Samples:
    """Speaks as somebody does in a voice sample."""

    talker: Talker
    encoder: "Encoder"

    @classmethod
    def load(cls, placement: Placement) -> Self:
        """Raises Unavailable naming what is missing or damaged, or when encoder and voice do not go together."""
        from stages.speech.speecht5.encoder import Encoder

        nets = networks.load(placement)
        return cls(Talker(nets), Encoder(networks.folder(placement, "spkrec-xvect-voxceleb"), width=nets.width))

    def __call__(self, brief: Brief, context: Context, /) -> Speech:
        """Speak. Raises as `Talker.say` does, and BadRequest, UnsupportedMedia, TooLarge for the voice sample."""
        choice.check(brief)
        if brief.reference is None:
            raise BadRequest("There is no voice sample. Send 3 to 30 seconds of somebody speaking.")
        context.step(0, STEPS)
        heard = sample.take(context.path(brief.reference), context.scratch(), lambda: context.step(0, STEPS))
        vector = self.encoder.vector(heard.samples)
        return self.talker.say(brief, context, speaker=vector, name=neural.CLONED, notes=heard.notes)
