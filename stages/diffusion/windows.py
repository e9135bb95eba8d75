"""Films longer than a network looks at once: windows slide over them at every step. Knows no pipeline.

The first frame stands in every window, so that none forgets who is seen; where windows overlap, the middle of each
counts most. After Zhang et al., "MimicMotion", 2024, whose network is made for it; here it is SVD's. A film of one
window is what the network gives by itself, bit by bit.
"""

from typing import Any

import torch
from torch import Tensor

import stages.diffusion.foreign  # noqa: F401 - first: it makes the library ready

# isort: split

from diffusers import UNetSpatioTemporalConditionModel

OVERLAP = 8
"""Frames that two windows share, of 25."""


def windows(total: int, *, size: int, overlap: int) -> list[list[int]]:
    """Numbers of the frames in each window: the first one, then `size` - 1 in a row. Together they are all."""
    if total <= size:
        return [list(range(total))]
    body = size - 1
    step = max(1, body - min(overlap, size // 3))
    starts = [*range(1, total - body, step), total - body]
    return [[0, *range(start, start + body)] for start in starts]


def weights(size: int) -> Tensor:
    """How much each frame of a window counts: least at its ends, and the first one, which all have, as the middle."""
    rise = (torch.arange(size) + 0.5) * 2 / size
    found = torch.minimum(rise, 2 - rise)
    found[0] = found.max()
    return found


class Sliding(UNetSpatioTemporalConditionModel):
    """SVD's network, given as many frames of (batch, frames, ...) at a time as it was taught, of any number."""

    overlap = OVERLAP

    def forward(self, sample: Tensor, timestep: Any, *args: Any, **rest: Any) -> Any:
        """What the network makes of all frames. Of one window it is what the network makes of it."""
        one: Any = super().forward  # type: ignore[misc]  # the library's classes have few types
        own: Any = self
        total, size = sample.shape[1], own.config.num_frames
        if total <= size:
            return one(sample, timestep, *args, **rest)
        shares = weights(size).to(sample)
        whole = torch.zeros_like(sample[:, :, : own.config.out_channels])
        counted = sample.new_zeros(total)
        for numbers in windows(total, size=size, overlap=self.overlap):
            part = one(sample[:, numbers], timestep, *args, **{**rest, "return_dict": False})[0]
            whole[:, numbers] += part * shares.view(1, -1, 1, 1, 1)
            counted[numbers] += shares
        return (whole / counted.view(1, -1, 1, 1, 1),)
