"""How far a photographed person may lean until it shows that the picture ends. Knows neither face nor motion.

Where the person is cut by the picture's edge, what goes on beyond it is made up, and may be seen only a little.
"""

from dataclasses import dataclass

import numpy as np

from avatar.artifacts import Portrait
from avatar.face.pose import NO_WALLS, NOTHING_IN_THE_WAY, Room
from avatar.stage import Context
from stages.film.sheets import View, read_rgba, tall

BESIDE, OVER = 0.08, 0.02
"""Face heights by which what is made up beside and above the picture may come into the film at most."""
WAY = Room(left=0.15, right=0.15, up=0.06, down=0.06, away=0.04, eager=1.2)
"""As far as anybody leans who was cut out of a photograph: beyond that, what is made up behind them is seen. Within it
they sway more, so that in all they sway as people do."""
MOSTLY = 127
"""Coverage above which the person is there."""
TOUCHES = 0.01
"""Share of an edge from which on the person counts as cut by it."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """How much of a picture's edge the person takes, 0 to 1, and how many face heights of picture the film leaves."""

    taken: float
    spare: float

    def way(self, most: float) -> float:
        """Face heights that the person may go away from this edge."""
        return NO_WALLS if self.taken < TOUCHES else self.spare + most * (1.0 - self.taken) ** 2


def of_photo(portrait: Portrait, view: View, context: Context) -> Room:
    """The room that a photograph leaves whoever is cut out of it. Raises `BadOutput`, `CorruptBlob`."""
    layer = next((layer for layer in portrait.layers if layer.name == "head"), None)
    if layer is None:
        return NOTHING_IN_THE_WAY
    there = np.zeros((portrait.height, portrait.width), np.bool_)
    found = read_rgba(context.path(layer.pixels))[..., 3] > MOSTLY
    y, x = max(0, layer.y), max(0, layer.x)
    part = found[y - layer.y : portrait.height - layer.y, x - layer.x : portrait.width - layer.x]
    there[y : y + part.shape[0], x : x + part.shape[1]] = part
    unit, right = tall(portrait.face), view.left + view.width / view.scale
    rows = there[max(0, round(view.top)) : max(1, round(view.top + view.height / view.scale))]
    left_edge = _Edge(float(rows[:, 0].mean()), max(0.0, view.left) / unit)
    right_edge = _Edge(float(rows[:, -1].mean()), max(0.0, portrait.width - right) / unit)
    upper = _Edge(float(there[0].mean()), max(0.0, view.top) / unit)
    down = upper.way(OVER)
    return WAY.smaller(Room(left=right_edge.way(BESIDE), right=left_edge.way(BESIDE), down=down, away=down))
