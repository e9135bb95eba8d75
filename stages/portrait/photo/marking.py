"""The five marks of each face in a picture, for whoever wants to correct them. Knows not what is made of them."""

import numpy as np
from numpy.typing import NDArray

from avatar.request import Landmarks
from stages.portrait.photo import cascade, finding, mean
from stages.portrait.photo.backend import Find

Bytes = NDArray[np.uint8]


def finder(model: bytes | None) -> Find:
    """FaceLandmarker with its model, else the cascade."""
    return finding.Finder(model) if model else cascade.find


def marks(pixels: Bytes, find: Find) -> tuple[Landmarks, ...]:
    """The marks of each face, in pixels, the largest face first. Raises `Unavailable`."""
    return tuple(_marked(points) for points in find(pixels))


def _marked(points: NDArray[np.float32]) -> Landmarks:
    placed = [(round(float(x), 1), round(float(y), 1)) for x, y in points[list(mean.ANCHORS)]]
    names = ("right_eye", "left_eye", "right_mouth", "left_mouth", "chin")
    return Landmarks(**dict(zip(names, placed, strict=True)))
