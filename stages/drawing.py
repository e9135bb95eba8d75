"""A drawn avatar as one flat picture, for stages that need no portrait. Knows no film."""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.stage import Context, Needs, Placement
from stages.portrait.brief import Brief
from stages.portrait.drawn import Drawn

NEEDS: Needs = Drawn().needs
VERSION: str = Drawn().version


def drawn(prompt: str, seed: int, context: Context) -> NDArray[np.uint8]:
    """The avatar that fits the words best, R'G'B' (1024, 1024, 3). Raises `Unavailable` without the renderer."""
    portrait = Drawn().load(Placement())(Brief(None, prompt, seed), context)
    picture = cv2.imread(str(context.path(portrait.image)), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(np.asarray(picture), cv2.COLOR_BGR2RGB), np.uint8)
