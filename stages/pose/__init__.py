"""The pose stage: moves head, gaze and brows with what is said. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.stage import Stage
from stages.pose.brief import Acting, Brief, Partner
from stages.pose.warp import Warp

POSE: Stage[Brief, Clip] = Stage("pose", Clip, (Warp(),))

__all__ = ["POSE", "Acting", "Brief", "Partner"]
