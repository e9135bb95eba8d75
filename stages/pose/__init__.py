"""The pose stage: moves head, gaze and brows with what is said. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.errors import BadRequest
from avatar.stage import Stage
from stages.pose.animate_anyone.backend import AnimateAnyone
from stages.pose.animate_anyone.footprint import kept
from stages.pose.brief import Acting, Brief, Driving, Partner, Shooting
from stages.pose.ltx2.backend import Ltx2
from stages.pose.wan_animate.backend import WanAnimate
from stages.pose.warp import Warp

POSE: Stage[Brief, Clip] = Stage("pose", Clip, (Ltx2(), AnimateAnyone(), WanAnimate(), Warp()))

__all__ = ["PLAIN", "POSE", "Acting", "Brief", "Driving", "Partner", "Shooting", "alone", "check", "kept"]


PLAIN = Warp().id
"""Who leaves a clip's footage as it is."""


def alone(backend: str) -> bool:
    """Whether the named backend films a portrait from its picture alone, so that base motion would be lost."""
    return backend == Ltx2().id


def check(backend: str, driving: Driving) -> None:
    """Raises `BadRequest` for a movement that the named backend can't make."""
    if driving.wanted and backend in (Warp().id, Ltx2().id):
        raise BadRequest(f"The backend {backend} moves with the speech alone. Leave it out, or video and drive.")
