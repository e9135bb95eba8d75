"""The motion stage: gives a portrait base life. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.errors import BadRequest
from avatar.sampling import UNTOLD, Conditioning
from avatar.stage import Stage
from stages.diffusion.cameras import CAMERAS
from stages.motion.brief import Brief
from stages.motion.brought import Brought
from stages.motion.filmed import Svd, Told
from stages.motion.idle import Idle

TELLABLE = ("ltx", "wan21-i2v", "wan22-ti2v-5b")
"""Models that film a photograph after words, the fast one first."""

MOTION: Stage[Brief, Clip] = Stage("motion", Clip, (Brought(), Svd(), *(Told(name) for name in TELLABLE), Idle()))

PLAIN = "A person looks at the viewer and moves a little, as somebody who listens; the camera stands still."
"""What such a model is told where it was named and nothing else was said."""

SVD = Svd().id

__all__ = ["MOTION", "PLAIN", "Brief", "check"]


def check(told: Conditioning, *, guidance: float | None, free: bool) -> None:
    """Raises `BadRequest` for what Stable Video Diffusion is told, unless it is `free` to film a photograph so."""
    if told == UNTOLD:
        return
    if not free:
        raise BadRequest(
            "drive.motion_bucket, noise_augmentation, min_guidance and decode_chunk are for Stable Video Diffusion,"
            " which films an image that nothing else moves. Leave them out, or video, drive.motion and other backends."
        )
    most = CAMERAS[SVD].limits.guidance if guidance is None else guidance
    if told.min_guidance is not None and told.min_guidance > most:
        raise BadRequest(
            f"Guidance can't rise from {told.min_guidance:g} to {most:g}. Make drive.min_guidance smaller, or"
            " guidance_scale larger."
        )
