"""Speech: text in, sound and its exact times out. Knows no picture."""

from avatar.artifacts import Speech
from avatar.stage import Stage
from stages.speech.brief import Brief
from stages.speech.espeak import Espeak

SPEECH: Stage[Brief, Speech] = Stage("speech", Speech, (Espeak(),))

__all__ = ["SPEECH", "Brief"]
