"""The picture stage: shows at rest what words say. Knows no other stage."""

from avatar.artifacts import Takes
from avatar.stage import Stage
from stages.diffusion.models import SD15, SD_TURBO, WAN_IMAGE
from stages.picture.brief import Brief
from stages.picture.drawn import Drawn
from stages.picture.painted import Painted

PICTURE: Stage[Brief, Takes] = Stage(
    "picture", Takes, (Painted(SD_TURBO), Painted(SD15, wanted=True), Painted(WAN_IMAGE), Drawn())
)

__all__ = ["PICTURE", "Brief"]
