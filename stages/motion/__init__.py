"""The motion stage: gives a portrait base life. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.stage import Stage
from stages.motion.brief import Brief
from stages.motion.brought import Brought
from stages.motion.filmed import Svd, Told
from stages.motion.idle import Idle

TELLABLE = ("ltx", "wan21-i2v", "wan22-ti2v-5b")
"""Models that film a photograph after words, the fast one first."""

MOTION: Stage[Brief, Clip] = Stage("motion", Clip, (Brought(), Svd(), *(Told(name) for name in TELLABLE), Idle()))

PLAIN = "A person looks at the viewer and moves a little, as somebody who listens; the camera stands still."
"""What such a model is told where it was named and nothing else was said."""

__all__ = ["MOTION", "PLAIN", "Brief"]
