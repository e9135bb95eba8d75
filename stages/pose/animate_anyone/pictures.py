"""Pictures in and out of the model's number ranges. Knows no net.

All are resized without keeping the aspect ratio, as the released inference does: portraits and skeletons that fit
are the caller's work.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

CLIP_SIDE = 224
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""The image encoder's own statistics (Radford 2021)."""

GRAIN = 8
"""Sides of a film are multiples of this: pixels of one latent."""


def fitting(width: int, height: int) -> tuple[int, int]:
    """The sides floored to multiples of 8."""
    return width // GRAIN * GRAIN, height // GRAIN * GRAIN


def levels(picture: Image.Image, size: tuple[int, int], resample: Image.Resampling) -> Tensor:
    """A picture resized to (width, height), as uint8 (1, 3, height, width)."""
    fits = picture.mode == "RGB" and picture.size == size
    resized = np.array(picture if fits else picture.convert("RGB").resize(size, resample))
    return torch.from_numpy(resized).permute(2, 0, 1)[None]


def for_encoder(picture: Image.Image) -> Tensor:
    """What the image encoder sees, uint8 (1, 3, 224, 224)."""
    return levels(picture, (CLIP_SIDE, CLIP_SIDE), Image.Resampling.BICUBIC)


def standardised(seen: Tensor) -> Tensor:
    """uint8 (n, 3, y, x) to the image encoder's float range."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (CLIP_MEAN, CLIP_STD))
    return (seen.float() / 255 - mean) / std


def for_autoencoder(picture: Image.Image, size: tuple[int, int]) -> Tensor:
    """What the autoencoder sees of the reference, uint8 (1, 3, height, width)."""
    return levels(picture, size, Image.Resampling.LANCZOS)


def signed(seen: Tensor) -> Tensor:
    """uint8 to [-1, 1]."""
    return 2 * (seen.float() / 255) - 1


def skeletons(drawn: Sequence[Image.Image], size: tuple[int, int]) -> Tensor:
    """What the pose guider sees, uint8 (frames, 3, height, width); [0, 1] when divided by 255."""
    return torch.cat([levels(picture, size, Image.Resampling.LANCZOS) for picture in drawn])


def shown(decoded: Tensor) -> Tensor:
    """The autoencoder's [-1, 1], (frames, 3, y, x), to [0, 1] in float32, clipped."""
    return (decoded.float() / 2 + 0.5).clamp_(0, 1)


def bytes_of(frames: Tensor) -> Tensor:
    """[0, 1], (frames, 3, y, x), to uint8, truncated as the released inference does."""
    return (frames * 255).to(torch.uint8)
