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

ROWS_A_FACE = 200
"""Rows of the strip in one face height."""
ABOVE, BELOW = 44, 84
"""Rows of the strip above and below the line between the lips."""
ACROSS = 6
STRIP_WIDTH = 0.05
"""Width of the strip in face heights: narrow enough that the lips are straight in it."""
PARTS = (8, 8)
"""Parts across and down of which the light of the picture beside the head is told."""
SMALLEST_BACKGROUND = 0.01
"""Share of the picture's pixels, every third row counted, below which there is no background to judge."""


@dataclass(frozen=True, slots=True)
class Still:
    """The picture beside the head: `noise` (n - 1,) mean square change from frame to frame, `light` (n, parts) luma.

    The light is the mean of each of its parts, of even size. Both are empty when there is no such part.
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
    """Where neither head nor body can be, in pixels: above `bottom`, left of `left` or right of `right`."""

    left: int
    right: int
    bottom: int

    def of(self, luma: Bytes) -> Bytes:
        """That part of a frame, every third row."""
        rows = luma[: max(self.bottom, 0) : 3]
        return np.concatenate([rows[:, : max(self.left, 0)], rows[:, max(self.right, 0) :]], axis=1)


def beside(points: Floats, face_height: float) -> Beside:
    """The picture beside a head whose landmarks are `points` (n, k, 2), all in pixels."""
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    room = 0.4 * face_height
    return Beside(int(low[0] - room), int(high[0] + room), int(high[1]))


def see(path: Path, held: Floats | None, around: Beside | None) -> Seen:
    """Look at every frame once: `held` comes from `holders`. Raises as `video.luma` does."""
    times: list[float] = []
    strips: list[Floats] = []
    light: list[Floats] = []
    noise: list[float] = []
    before: Bytes | None = None
    for at, luma in video.luma(path):
        if held is not None and len(times) < len(held):
            strips.append(_strip(luma, held[len(times)]))
        times.append(at)
        if around is None:
            continue
        quiet = around.of(luma)
        if quiet.size < SMALLEST_BACKGROUND * luma.size:
            around = None
            continue
        parts = cv2.resize(quiet.astype(np.float32), PARTS, interpolation=cv2.INTER_AREA)
        light.append(np.asarray(parts, np.float32).ravel())
        if before is not None and before.shape == quiet.shape:
            noise.append(cv2.norm(before, quiet, cv2.NORM_L2SQR) / quiet.size)
        before = quiet
    rows = np.asarray(strips, np.float32) if strips else None
    return Seen(np.asarray(times), rows, Still(np.asarray(noise), np.asarray(light, np.float64)))


def _strip(luma: Bytes, matrix: Floats) -> Floats:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(luma, matrix, (ACROSS, ABOVE + BELOW), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.reduce(patch, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F), np.float32).reshape(-1)
