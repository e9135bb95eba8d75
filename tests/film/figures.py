"""A plain face for film tests: exact landmarks, flat colours, no files needed."""

import numpy as np

from avatar.artifacts import Eye, Face, Line
from stages.film.canvas import Planes
from stages.film.pixels import Bytes
from stages.film.puppet import Puppet
from stages.film.sheets import View, sheet

SIZE = 256
SKIN, LIP, WHITE, IRIS, CLOTH = (200, 160, 140), (170, 80, 80), (240, 240, 240), (60, 90, 120), (120, 140, 200)


def curve(x0: float, x1: float, y: float, bend: float, points: int) -> Line:
    """A parabola from (x0, y) to (x1, y), bent by `bend` pixels downwards at its middle."""
    t = np.linspace(-1.0, 1.0, points)
    x, heights = x0 + (x1 - x0) * (t + 1) / 2, y + bend * (1 - t * t)
    return tuple((float(a), float(b)) for a, b in zip(x, heights, strict=True))


def eye(x: float) -> Eye:
    """An eye 16 pixels wide around x."""
    return Eye(
        curve(x - 8, x + 8, 104, -3, 9),
        curve(x - 8, x + 8, 104, 3, 9),
        (x, 104.0),
        3.0,
        curve(x - 10, x + 10, 93, -2, 5),
    )


FACE = Face(
    upper_lip_outer=curve(116, 140, 140, -4, 11),
    upper_lip_inner=curve(116, 140, 140, 0, 11),
    lower_lip_inner=curve(116, 140, 140, 0, 11),
    lower_lip_outer=curve(116, 140, 140, 5, 11),
    right=eye(111),
    left=eye(145),
    nose=((128.0, 104.0), (128.0, 115.0), (128.0, 126.0), (128.0, 130.0)),
    jaw=curve(90, 166, 108, 52, 17),
    forehead=(128.0, 62.0),
)


def layers() -> dict[str, Bytes]:
    """Flat layers of 256 x 256 RGBA: body, eyeballs, irises and a head with holes at the eyes."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)

    def filled(mask: np.ndarray, colour: tuple[int, int, int]) -> Bytes:
        return np.dstack(
            [np.full((SIZE, SIZE), c, np.uint8) for c in colour] + [np.where(mask, 255, 0).astype(np.uint8)]
        )

    head = filled(((x - 128) / 40) ** 2 + ((y - 108) / 53) ** 2 < 1, SKIN)
    lips = ((x - 128) / 12) ** 2 + ((y - 140) / 4.5) ** 2 < 1
    head[lips, :3] = LIP
    for centre in (111, 145):
        head[(abs(x - centre) < 8) & (abs(y - 104) < 3 * (1 - ((x - centre) / 8) ** 2)), 3] = 0
    return {
        "body": filled((abs(x - 128) < 90) & (y > 190) | (abs(x - 128) < 18) & (y > 140), CLOTH),
        "eyeballs": filled((abs(y - 104) < 8) & ((abs(x - 111) < 12) | (abs(x - 145) < 12)), WHITE),
        "iris_right": filled((x - 111) ** 2 + (y - 104) ** 2 < 9, IRIS),
        "iris_left": filled((x - 145) ** 2 + (y - 104) ** 2 < 9, IRIS),
        "head": head,
    }


def puppet(width: int = SIZE, height: int = SIZE) -> Puppet:
    """The plain face before a grey wall."""
    seen = View(width, height, height / SIZE, SIZE / 2 - width / (height / SIZE) / 2, 0.0)
    placed = {name: sheet(rgba, 0, 0, seen) for name, rgba in layers().items()}
    sheets = {"back" if name == "body" else name: found for name, found in placed.items() if found is not None}
    background = Planes.blank(width, height)
    background.luma[:] = 120
    return Puppet(FACE, sheets, background, seen)
