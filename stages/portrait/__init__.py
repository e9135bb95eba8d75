"""The portrait stage: gives a face that can be brought to life. Knows no other stage."""

from avatar.artifacts import Portrait
from avatar.stage import Stage
from stages.portrait.brief import Brief
from stages.portrait.drawn import Drawn

PORTRAIT: Stage[Brief, Portrait] = Stage("portrait", Portrait, (Drawn(),))

__all__ = ["PORTRAIT", "Brief"]
