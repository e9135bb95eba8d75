"""A film's skeleton pictures, drawn when they are looked at. Knows no net; needs Pillow.

They are drawn as large as those that the model learnt from, whatever the film's size: their lines keep their width.
"""

from collections.abc import Sequence
from typing import overload

import numpy as np
from PIL import Image

from stages.pose.animate_anyone import skeleton
from stages.pose.driving.people import Poses

SHORT_SIDE = 512
"""Pixels of the shorter side of the skeletons that the model was trained with."""


class Sketches(Sequence[Image.Image]):
    """One picture a pose of people in a film of `size` (width, height)."""

    def __init__(self, poses: Poses, size: tuple[int, int]) -> None:
        self._poses = poses
        self._scale = SHORT_SIDE / min(size)
        self._drawn = round(size[1] * self._scale), round(size[0] * self._scale)

    def __len__(self) -> int:
        return self._poses.frames

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...

    @overload
    def __getitem__(self, index: slice) -> list[Image.Image]: ...

    def __getitem__(self, index: int | slice) -> Image.Image | list[Image.Image]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        points, scores = self._poses.points[index] * self._scale, self._poses.scores[index]
        return Image.fromarray(np.ascontiguousarray(skeleton.draw(points[None], scores[None], size=self._drawn)))
