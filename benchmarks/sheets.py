"""Pictures laid out in rows with a label under each. Knows nothing of what they show."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import StorageError

Bytes = NDArray[np.uint8]

TILE = 240
LABEL = 26
GROUND, INK = (250, 249, 247), (70, 66, 62)


@dataclass(frozen=True, slots=True)
class Cut:
    """One picture (h, w, 3) in R'G'B', or the square of it that `box` tells: centre x, y and half side."""

    picture: Bytes
    box: tuple[float, float, float] | None
    label: str


def draw(rows: list[list[Cut]]) -> Bytes:
    """All rows under each other; tiles of one row have one height."""
    drawn = [np.hstack([_tile(cut) for cut in row]) for row in rows]
    width = max(row.shape[1] for row in drawn)
    ground = np.array(GROUND, np.uint8)
    padded = []
    for row in drawn:
        wide = np.broadcast_to(ground, (row.shape[0], width, 3)).copy()
        wide[:, : row.shape[1]] = row
        padded.append(wide)
    return np.vstack(padded)


def write(path: Path, picture: Bytes) -> None:
    """The picture as a PNG. Raises `StorageError`."""
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise StorageError(f"{path} could not be written. Choose another place, with a name that ends in .png.")


def _tile(cut: Cut) -> Bytes:
    picture = cut.picture
    if cut.box is not None:
        x, y, reach = cut.box
        scale = TILE / (2.0 * reach)
        matrix = np.array([[scale, 0.0, TILE / 2 - scale * x], [0.0, scale, TILE / 2 - scale * y]], np.float32)
        picture = np.asarray(cv2.warpAffine(picture, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC), np.uint8)
    else:
        width = round(TILE * picture.shape[1] / picture.shape[0])
        picture = np.asarray(cv2.resize(picture, (width, TILE), interpolation=cv2.INTER_AREA), np.uint8)
    under = np.full((LABEL, picture.shape[1], 3), GROUND, np.uint8)
    cv2.putText(under, cut.label, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    framed = np.vstack([picture, under])
    framed[:, -2:] = GROUND
    return framed
