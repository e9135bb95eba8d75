"""A drawn avatar as one flat picture, for stages that need no portrait. Knows no film."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from avatar.stage import Needs
from stages.portrait.drawn import Drawn, choose, portrait

NEEDS: Needs = Drawn().needs
VERSION: str = Drawn().version


def drawn(prompt: str, seed: int, *, done: Callable[[int, int], None]) -> NDArray[np.uint8]:
    """The avatar that fits the words best, R'G'B' (1024, 1024, 3). Raises `Unavailable` without the renderer.

    `done` is told how many of how many layers are drawn.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise Unavailable("resvg_py is not installed; pip install resvg_py.") from error
    picture = portrait(choose(prompt, seed), svg_to_bytes, done=done)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
