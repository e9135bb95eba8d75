"""The decoded picture in one pass: frame times, how still the background is, the mouth as a strip. Knows no sound.

The mouth strip is a column of luma through the middle of the mouth, held by the eye corners, so that the head's own
motion does not show in it: rows in face heights from the line between the lips at rest.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.face import landmarks
from avatar.media import video

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

ROWS_A_FACE = 200
"""Rows of the strip in one face height."""
ABOVE, BELOW = 44, 84
"""Rows of the strip above and below the line between the lips."""
ACROSS = 6
STRIP_WIDTH = 0.05
"""Width of the strip in face heights: narrow enough that the lips are straight in it."""
PARTS = 32
"""Parts across and as many down of which the light of the picture beside the head is told."""
EVERY = 3
"""Every third row is looked at."""
ROOM = 0.55
"""Face heights beside the face that hair, and what of the background it takes along, may fill."""
SMALLEST_BACKGROUND = 0.02
"""Share of the picture's parts below which there is no background to judge between two frames."""


@dataclass(frozen=True, slots=True)
class Still:
    """The picture beside the head: `noise` (n - 1,) mean square change from frame to frame, `light` (n, parts) luma.

    The light is the mean of each of its parts, all of one size, and not a number where the head is; so is the noise
    between frames that show too little background. Both are empty when there is none in most frames.
    """

    noise: Array
    light: Array


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pass over the picture found.

    `times` (n,) seconds; `strips` (n, ABOVE + BELOW) luma when the face's place was known; `still` is the background.
    """

    times: Array
    strips: Floats | None
    still: Still


def holders(points: Floats, height: Array, shut: NDArray[np.int64]) -> Floats:
    """For each frame the matrix (2, 3) that takes strip pixels to film pixels.

    `points` are the rig's (n, POINTS, 2), `height` (n,) the face's height in pixels; `shut` are frames whose mouth is
    closed: there the strip's row `ABOVE` lies on the line between the lips.
    """
    right = 0.5 * (points[:, landmarks.RIGHT_UPPER_LID.start] + points[:, landmarks.RIGHT_UPPER_LID.stop - 1])
    left = 0.5 * (points[:, landmarks.LEFT_UPPER_LID.start] + points[:, landmarks.LEFT_UPPER_LID.stop - 1])
    centre, across = 0.5 * (right + left), left - right
    down = np.stack([-across[:, 1], across[:, 0]], axis=1)
    middle = (landmarks.UPPER_INNER.start + landmarks.UPPER_INNER.stop - 1) // 2
    lips = points[:, middle] - centre
    size = np.maximum((across**2).sum(axis=1), 1e-6)
    place = np.stack([(lips * across).sum(axis=1) / size, (lips * down).sum(axis=1) / size], axis=1)[shut].mean(axis=0)
    origin = centre + place[0] * across + place[1] * down
    unit = (height / np.sqrt(size))[:, None]
    row = down * unit / ROWS_A_FACE
    column = across * unit * (STRIP_WIDTH / ACROSS)
    corner = origin - ABOVE * row - 0.5 * (ACROSS - 1) * column
    return np.stack([column, row, corner], axis=2).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Beside:
    """Where neither head nor body is in each of n frames, in shares of the picture's sides, (n,) each.

    That is above `bottom`, left of `left` or right of `right`.
    """

    left: Array
    right: Array
    bottom: Array

    def free(self, index: int) -> Mask:
        """The parts (PARTS, PARTS), rows first, that are wholly beside the head in one frame."""
        edges = np.arange(PARTS + 1) / PARTS
        across = (edges[1:] <= self.left[index]) | (edges[:-1] >= self.right[index])
        free: Mask = (edges[1:] <= self.bottom[index])[:, None] & across[None]
        return free


def beside(points: Floats, height: Array, size: tuple[int, int]) -> Beside:
    """The picture of `size` (width, height) beside a head of `height` (n,): `points` (n, k, 2) are its landmarks."""
    low, high = points.min(axis=1).astype(np.float64), points.max(axis=1).astype(np.float64)
    room = ROOM * height
    return Beside((low[:, 0] - room) / size[0], (high[:, 0] + room) / size[0], high[:, 1] / size[1])


def see(path: Path, held: Floats | None, around: Beside | None) -> Seen:
    """Look at every frame once: `held` comes from `holders`. Raises as `video.luma` does."""
    times: list[float] = []
    strips: list[Floats] = []
    light: list[Array] = []
    noise: list[float] = []
    before: tuple[Bytes, Mask] | None = None
    for at, luma in video.luma(path):
        index = len(times)
        if held is not None and index < len(held):
            strips.append(_strip(luma, held[index]))
        times.append(at)
        if around is None or index >= len(around.left):
            continue
        free, rows = around.free(index), luma[::EVERY].copy()
        light.append(np.where(free, _parts(rows), np.nan).ravel())
        if before is not None:
            noise.append(_change(before[0], rows, before[1] & free))
        before = rows, free
    seen = np.asarray(noise)
    if not len(seen) or float(np.isnan(seen).mean()) > 0.5:
        seen, light = np.zeros(0), []
    return Seen(np.asarray(times), np.asarray(strips, np.float32) if strips else None, Still(seen, np.asarray(light)))


def _parts(rows: NDArray[np.generic]) -> Array:
    """Means of the parts of a picture (h, w)."""
    small = cv2.resize(rows.astype(np.float32), (PARTS, PARTS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64)


def _change(before: Bytes, now: Bytes, free: Mask) -> float:
    """Mean square change in the parts that are free; not a number where they are too few."""
    if free.mean() < SMALLEST_BACKGROUND:
        return float("nan")
    change = cv2.absdiff(before, now).astype(np.float32)
    return float(_parts(change * change)[free].mean())


def _strip(luma: Bytes, matrix: Floats) -> Floats:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(luma, matrix, (ACROSS, ABOVE + BELOW), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.reduce(patch, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F), np.float32).reshape(-1)
