"""A drawn avatar as one flat picture, for stages that need no portrait. Knows no film."""

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.stage import Needs
from stages.portrait.drawn import Drawn, choose, portrait, renderer

NEEDS: Needs = Drawn().needs
VERSION: str = Drawn().version


def drawn(prompt: str, seed: int, *, done: Callable[[int, int], None]) -> NDArray[np.uint8]:
    """The avatar that fits the words best, R'G'B' (1024, 1024, 3). Raises `Unavailable` without the renderer.

    `done` is told how many of how many layers are drawn.
    """
    picture = portrait(choose(prompt, seed), renderer(), done=done)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def people(prompt: str, seeds: Iterable[int]) -> int:
    """How many of the gallery these seeds show."""
    return len({choose(prompt, seed).id for seed in seeds})
