"""The portrait stage: gives a face that can be brought to life. Knows no other stage."""

from avatar.artifacts import Portrait
from avatar.stage import Stage
from stages.portrait.brief import Brief, Marks
from stages.portrait.drawn import Drawn
from stages.portrait.photo import Photo, PlainPhoto

PORTRAIT: Stage[Brief, Portrait] = Stage("portrait", Portrait, (Photo(), PlainPhoto(), Drawn()))

__all__ = ["PORTRAIT", "Brief", "Marks"]
