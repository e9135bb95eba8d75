"""Every crew by its name: most are loaded alike, some in their own way. Knows no stage."""

from collections.abc import Callable, Mapping

from avatar.stage import Placement
from stages.diffusion import causvid, ltx, svd
from stages.diffusion.cameras import CAMERAS
from stages.diffusion.filming import Crew

OWN_WAYS: Mapping[str, Callable[[Placement], Crew]] = {
    "svd": svd.load,
    "ltx": ltx.load,
    "wan21-i2v": causvid.load,
}


def load(camera: str, placement: Placement) -> Crew:
    """The crew of this camera. Raises `Unavailable` naming what is missing or damaged, `OutOfMemory`."""
    own = OWN_WAYS.get(camera)
    return own(placement) if own else Crew.load(CAMERAS[camera], placement)
