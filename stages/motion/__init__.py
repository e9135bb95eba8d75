"""The motion stage: gives a portrait base life. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.stage import Stage
from stages.motion.brief import Brief
from stages.motion.filmed import Filmed
from stages.motion.idle import Idle

MOTION: Stage[Brief, Clip] = Stage("motion", Clip, (Filmed(), Idle()))

__all__ = ["MOTION", "Brief"]
