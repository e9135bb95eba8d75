"""The moment of a film that shows somebody best: from the front, the mouth shut. Knows no layers and no speech."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest
from avatar.face import facemesh, heads
from avatar.media import playing

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Find = Callable[[Bytes], list[Floats]]

LOOKS = 9
"""Pictures that are looked at."""
APART, SECONDS = 0.4, 60.0
"""Seconds between two of them at least, and from the film's beginning at most."""
LARGEST = (1440, 1440)


def best(film: Path, find: Find, wanted: int = 0) -> Bytes:
    """The picture (h, w, 3) that shows face number `wanted` best, 0 the largest. Raises `BadRequest` without one."""
    found = [(cost(faces[wanted]), picture) for picture in _looks(film) if len(faces := find(picture)) > wanted]
    if not found:
        what = "No face was found in the video" if wanted == 0 else f"The video has no face {wanted}"
        raise BadRequest(f"{what}. Give one that shows a face from the front, near and lit, from its beginning.")
    return min(found, key=lambda each: each[0])[1]


def cost(points: Floats) -> float:
    """How far a face (478, 2) is from the front and from a shut mouth; small faces are worse too."""
    apart = float(heads.gaps(points[None])[0])
    yaw, pitch, _ = np.abs(heads.usual(points[None]).angles[0])
    return 8.0 * apart + float(yaw + 0.5 * pitch) / 25.0 + 24.0 / facemesh.height(points)


def _looks(film: Path) -> list[Bytes]:
    """Some pictures of the film, evenly over its beginning."""
    kept: list[Bytes] = []
    step = 1
    for number, picture in enumerate(playing.played(film, fps=1.0 / APART, fill=LARGEST)):
        if number * APART > SECONDS:
            break
        if number % step == 0:
            kept.append(picture)
        if len(kept) > LOOKS:
            kept, step = kept[::2], 2 * step
    return kept
