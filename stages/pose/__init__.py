"""The pose stage: moves head, gaze and brows with what is said. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.errors import BadRequest
from avatar.stage import Stage
from stages.pose.animate_anyone.backend import AnimateAnyone
from stages.pose.animate_anyone.footprint import kept
from stages.pose.brief import Acting, Brief, Driving, Partner, Shooting
from stages.pose.wan_animate.backend import WanAnimate
from stages.pose.warp import Warp

POSE: Stage[Brief, Clip] = Stage("pose", Clip, (AnimateAnyone(), WanAnimate(), Warp()))

__all__ = ["POSE", "Acting", "Brief", "Driving", "Partner", "Shooting", "check", "kept"]


def check(backend: str, driving: Driving) -> None:
    """Raises `BadRequest` for a movement that the named backend can't make."""
    if driving.wanted and backend == Warp().id:
        raise BadRequest("The backend warp moves with the speech alone. Leave it out, or video and drive.")
