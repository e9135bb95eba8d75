"""A face's landmarks put somewhere else: moved, turned, scaled. Knows nothing of what they are landmarks of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Eye, Face, Line

Array = NDArray[np.float32]


def mapped(face: Face, place: Callable[[Array], Array], scale: float = 1.0) -> Face:
    """The face with each point where `place` puts it, (n, 2) -> (n, 2); `scale` is what that does to lengths."""

    def line(points: Line) -> Line:
        return tuple((float(x), float(y)) for x, y in place(np.asarray(points, np.float32)))

    def eye(at: Eye) -> Eye:
        return Eye(line(at.upper), line(at.lower), line((at.iris,))[0], at.iris_radius * scale, line(at.brow))

    return Face(
        upper_lip_outer=line(face.upper_lip_outer),
        upper_lip_inner=line(face.upper_lip_inner),
        lower_lip_inner=line(face.lower_lip_inner),
        lower_lip_outer=line(face.lower_lip_outer),
        right=eye(face.right),
        left=eye(face.left),
        nose=line(face.nose),
        jaw=line(face.jaw),
        forehead=line((face.forehead,))[0],
        confidence=face.confidence,
    )


@dataclass(frozen=True, slots=True)
class Tilt:
    """A turn in the picture's plane by `angle` radians, clockwise as it is seen, about `centre`."""

    angle: float
    centre: tuple[float, float]

    def matrix(self, *, back: bool = False) -> NDArray[np.float64]:
        """The affine map (2, 3) that tilts, or that sets upright again."""
        cos, sin = np.cos(self.angle), np.sin(self.angle) * (-1.0 if back else 1.0)
        turn = np.array([[cos, -sin], [sin, cos]])
        return np.hstack([turn, (np.asarray(self.centre) - turn @ np.asarray(self.centre))[:, None]])

    def tilted(self, points: Array) -> Array:
        """Points (..., 2) of the upright face where they are in the picture."""
        return self._by(self.matrix(), points)

    def upright(self, points: Array) -> Array:
        """Points (..., 2) of the picture where they are in the upright face."""
        return self._by(self.matrix(back=True), points)

    def _by(self, matrix: NDArray[np.float64], points: Array) -> Array:
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def tilt(face: Face) -> float:
    """By how many radians a face is tilted clockwise: the line through both irises."""
    across, down = np.subtract(face.left.iris, face.right.iris)
    return float(np.arctan2(down, across))
