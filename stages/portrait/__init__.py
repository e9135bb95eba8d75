"""The portrait stage: gives a face that can be brought to life. Knows no other stage."""

from avatar.artifacts import Portrait
from avatar.stage import Stage
from stages.diffusion.models import SD15, SD_TURBO, WAN_IMAGE
from stages.portrait.brief import Brief, Marks
from stages.portrait.drawn import Drawn
from stages.portrait.painted import Painted
from stages.portrait.photo import Photo, PlainPhoto

PORTRAIT: Stage[Brief, Portrait] = Stage(
    "portrait",
    Portrait,
    (Photo(), PlainPhoto(), Painted(SD_TURBO), Painted(SD15), Painted(WAN_IMAGE), Drawn()),
)
__all__ = ["PORTRAIT", "Brief", "Marks"]
