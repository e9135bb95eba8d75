"""The picture stage: shows at rest what words say. Knows no other stage."""

from avatar.artifacts import Takes
from avatar.stage import Stage
from stages.picture.brief import Brief
from stages.picture.drawn import Drawn

PICTURE: Stage[Brief, Takes] = Stage("picture", Takes, (Drawn(),))

__all__ = ["PICTURE", "Brief"]
