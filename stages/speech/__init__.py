"""Speech: text or a recording in, sound and its times out. Knows no picture."""

from avatar.artifacts import Speech
from avatar.stage import Stage
from stages.speech.brief import Brief, Part, recording, together
from stages.speech.conversation import Joiner
from stages.speech.espeak import Espeak
from stages.speech.mms import VOICES as MANY
from stages.speech.piper import VOICES as PIPERS
from stages.speech.pocket import Pocket
from stages.speech.speecht5 import SpeechT5, SpeechT5Clone
from stages.speech.upload import Upload

SPEECH: Stage[Brief, Speech] = Stage(
    "speech", Speech, (Joiner(), Upload(), Pocket(), SpeechT5Clone(), SpeechT5(), *MANY, *PIPERS, Espeak())
)

__all__ = ["SPEECH", "Brief", "Part", "recording", "together"]
