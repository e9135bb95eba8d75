"""The models that draw single pictures: where they come from and what they draw well. Knows no library.

Sizes, steps and guidance are those of their model cards.
"""

from dataclasses import dataclass

from stages.diffusion.controls import Limits
from stages.diffusion.source import Source

UNUSED = ("safety_checker", "feature_extractor", "image_encoder")


@dataclass(frozen=True, slots=True)
class Easel:
    """A model for pictures. `tokens` is how much it reads of a prompt, `together` how many it draws at once."""

    id: str
    source: Source
    limits: Limits
    tokens: int
    together: int = 8


SD_TURBO = Easel(
    "sd-turbo",
    Source("sd-turbo", "StableDiffusionPipeline", "sd-turbo", variant="fp16", absent=UNUSED, graphed=True),
    Limits("sd-turbo", "SD-Turbo", 512, 512, steps=2, guidance=0.0, fixed_steps=(1, 2, 3, 4), pixels=768 * 768),
    tokens=77,
)
SD15 = Easel(
    "sd15",
    Source("sd15", "StableDiffusionPipeline", "sd-eps", variant="fp16", absent=UNUSED, graphed=True),
    Limits("sd-eps", "Stable Diffusion 1.5", 512, 512, steps=25, guidance=7.5, pixels=768 * 768),
    tokens=77,
)
WAN_IMAGE = Easel(
    "wan-image",
    Source("wan21-t2v-13b", "WanPipeline", "wan", float32=("vae",)),
    Limits("wan", "Wan 2.1", 832, 480, grid=16, pixels=832 * 480, steps=30, guidance=5.0, caches=True),
    tokens=512,
    together=4,
)
EASELS = {easel.id: easel for easel in (SD_TURBO, SD15, WAN_IMAGE)}
