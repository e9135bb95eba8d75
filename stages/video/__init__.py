"""The video stage: films what words say. Knows no other stage."""

from avatar.artifacts import Footages
from avatar.stage import Stage
from stages.video.brief import Brief
from stages.video.drift import Drift
from stages.video.neural import CHAIN

VIDEO: Stage[Brief, Footages] = Stage("video", Footages, (*CHAIN, Drift()))

__all__ = ["VIDEO", "Brief"]
