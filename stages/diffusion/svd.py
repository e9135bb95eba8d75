"""Stable Video Diffusion: a picture that begins to live. Knows no stage; it reads no words."""

from typing import Any, TypeVar

import torch

from avatar.errors import Unavailable
from avatar.stage import Placement
from stages.diffusion import files, loading, placing
from stages.diffusion.cameras import SVD
from stages.diffusion.filming import CHUNK, Crew
from stages.diffusion.making import Effort
from stages.diffusion.model import Model, computing
from stages.diffusion.shots import Scene, Slate
from stages.diffusion.windows import Sliding

T = TypeVar("T")

BUCKET = 127
"""How much moves, as the network was told of its films: 1 to 255."""
NOISE = 0.02
"""Noise that is added to the picture, as published."""
LEAST_GUIDANCE = 1.0
"""Guidance of the first frame; it rises to the last."""
LATENT = 8
"""Pixels to one latent."""


def load(placement: Placement) -> Crew:
    """Its network looks at a window of a longer film at a time. Raises `Unavailable`, `OutOfMemory`."""
    folder = placement.weights.get(SVD.source.weights)
    if folder is None:
        raise Unavailable(f"The weights {SVD.source.weights} are not there. {files.again(SVD.source.weights)}")
    network = loading.part(
        Sliding,
        folder / "unet",
        weights=SVD.source.weights,
        dtype=computing(placement),
        variant=SVD.source.variant,
    )
    model = loading.load(SVD.source, placement, unet=placing.early("unet", network, SVD.source, placement))

    def told(scene: Scene, slate: Slate) -> dict[str, Any]:
        return arguments(model, scene, slate)

    return Crew.of(SVD, model, arguments=told, effort=Effort(chunk=CHUNK, together=1))


def window(model: Model) -> int:
    """How many frames the network was taught to look at."""
    return int(model.pipe.unet.config.num_frames)


def arguments(model: Model, scene: Scene, slate: Slate) -> dict[str, Any]:
    """What the pipeline is told. In a film longer than the window guidance is even, and the window's noise repeats."""
    settled, size, told = slate.settled, window(model), scene.conditioning
    given: dict[str, Any] = {
        "min_guidance_scale": _chosen(told.min_guidance, min(LEAST_GUIDANCE, settled.guidance)),
        "max_guidance_scale": settled.guidance,
        "fps": int(SVD.fps),
        "motion_bucket_id": _chosen(told.motion_bucket, min(255, max(1, round(BUCKET * scene.lively)))),
        "noise_aug_strength": _chosen(told.noise_augmentation, NOISE),
    }
    if settled.frames > size:
        given["min_guidance_scale"] = settled.guidance
        shape = (1, size, 4, settled.height // LATENT, settled.width // LATENT)
        noise = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(scene.seeds[0]))
        repeated = noise.repeat(1, -(-settled.frames // size), 1, 1, 1)[:, : settled.frames]
        given["latents"] = repeated.to(model.dtype)
    return given


def _chosen(wish: T | None, own: T) -> T:
    return own if wish is None else wish
