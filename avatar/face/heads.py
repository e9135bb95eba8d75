"""How a head moves through a film, told by its 478 points: pose, and where its face would be at rest. Knows no pixels.

A face at rest is lifted to the depth of the usual face; each frame is its view in weak perspective, fitted to the
points that speech does not move. What is left over is what the mouth does.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.face import facemesh
from avatar.face.one_euro import smoothed

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

USUAL = Path(__file__).with_name("facemesh_usual.npy")
"""The usual face (478, 3) from the front: right, down and nearer, in face heights from the middle between the eyes."""
STEADY = (
    33, 133, 263, 362, 130, 359, 243, 463, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 97, 326, 8, 9, 10, 151, 108, 337,
    67, 297, 103, 332, 54, 284, 21, 251, 162, 389, 127, 356, 234, 454, 143, 372, 111, 340, 117, 346, 118, 347, 116, 345,
    123, 352, 50, 280, 101, 330, 100, 329, 36, 266, 142, 371, 126, 355, 217, 437, 198, 420, 209, 429, 48, 278,
)  # fmt: skip
"""Points on brow, eye corners, nose, cheekbones and temples, which move with the skull alone."""
LIKE_MEDIAPIPE = (0.77, 1.18, 1.0)
"""What weak perspective over the usual depth makes of angles, undone: fitted to FaceLandmarker's own over a film."""
SOFT = 0.02
"""How much the fit would rather see no depth at all, as a share of the face's own relief."""
MOST_SHUT = 9
"""Frames that a face at rest is the median of."""
UPPER_SHARE = 0.42
"""Share of a gap that the upper lip closes."""
PARTED = 0.012
"""Face heights by which lips may be further apart than at their closest and count as shut."""
POSE, SPEECH = (3.0, 60.0), (6.0, 80.0)
"""One-Euro's cut-off at rest in Hz, and its rise for each face height a second: for the head, and for what is left."""

LASTING, LASTS = 0.5, 0.8
"""Standard deviation in seconds of what counts as lasting, and how much of it is kept."""
LIPS = tuple(
    dict.fromkeys((*facemesh.UPPER_OUTER, *facemesh.UPPER_INNER, *facemesh.LOWER_INNER, *facemesh.LOWER_OUTER))
)


@dataclass(frozen=True, slots=True)
class Heads:
    """The head in n frames: `views` (n, 4, 2) take a place (x, y, depth, 1) of the face at rest into the frame.

    `rest` (478, 2) is the face at rest, `depth` (478,) how near to the viewer each point is, in its pixels.
    """

    rest: Floats
    depth: Floats
    views: Array

    def at_rest(self, index: int) -> Floats:
        """All points (478, 2) in a frame as they would be with the face at rest."""
        return np.asarray(_lifted(self.rest, self.depth) @ self.views[index], np.float32)

    def unturned(self, points: Floats, index: int) -> Floats:
        """Points (478, 2) of a frame as they lie on the face that is not turned."""
        view = self.views[index]
        flat = points - self.depth[:, None] * view[2] - view[3]
        return np.asarray(flat @ np.linalg.inv(view[:2]), np.float32)

    @property
    def angles(self) -> Array:
        """Yaw, pitch, roll in degrees (n, 3) against the face at rest, as in `avatar.face.tracks`."""
        right, down = self.views[:, 0], self.views[:, 1]
        area = np.abs(right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0])
        toward = self.views[:, 2] / np.sqrt(np.maximum(area, 1e-9))[:, None]
        roll = np.arctan2(right[:, 1] - down[:, 0], right[:, 0] + down[:, 1])
        across = np.stack([np.cos(roll), np.sin(roll)], axis=1)
        along = np.stack([-np.sin(roll), np.cos(roll)], axis=1)
        yaw = np.arcsin(np.clip((toward * across).sum(axis=1), -1.0, 1.0))
        pitch = -np.arcsin(np.clip((toward * along).sum(axis=1), -1.0, 1.0))
        return np.asarray(np.rad2deg(np.stack([yaw, pitch, roll], axis=1)) * LIKE_MEDIAPIPE, np.float64)


def usual(points: Floats) -> Heads:
    """The usual face's views that come nearest to `points` (n, 478, 2), none of them NaN: angles against the front."""
    mean = np.load(USUAL).astype(np.float32)
    return _fitted(np.asarray(mean[:, :2]), np.asarray(mean[:, 2]), points)


def fitted(rest: Floats, points: Floats) -> Heads:
    """The head in frames of `points` (n, 478, 2) without NaN, for a face that is `rest` (478, 2) at rest."""
    depth = np.load(USUAL).astype(np.float32)[:, 2] * np.float32(facemesh.height(rest))
    return _fitted(rest, np.asarray(depth, np.float32), points)


def _fitted(rest: Floats, depth: Floats, points: Floats) -> Heads:
    known = _lifted(rest, depth)[list(STEADY)]
    middle = known.mean(axis=0) * (1.0, 1.0, 1.0, 0.0)
    known = known - middle
    ridge = np.diag([0.0, 0.0, SOFT * float((known[:, 2] ** 2).sum()), 0.0])
    solve = np.linalg.solve(known.T @ known + ridge, known.T)
    views = np.einsum("ck,nkd->ncd", solve, points[:, list(STEADY)].astype(np.float64))
    views[:, 3] -= np.einsum("c,ncd->nd", middle[:3], views[:, :3])
    return Heads(rest, depth, views)


def gaps(points: Floats) -> Array:
    """How far apart the lips are in each frame of `points` (n, 478, 2), in face heights."""
    inner = points[:, [facemesh.UPPER_INNER[5], facemesh.LOWER_INNER[5]]].astype(np.float64)
    tall = np.hypot(*(points[:, facemesh.CHIN] - points[:, facemesh.FOREHEAD]).T)
    return np.asarray(np.hypot(*(inner[:, 1] - inner[:, 0]).T) / np.maximum(tall, 1e-6), np.float64)


def resting(points: Floats) -> tuple[Floats, int]:
    """The face with its mouth as shut as it ever is in `points` (n, 478, 2), and the frame in whose place it lies.

    It is seen as far from the front as that frame is, the most frontal one of those whose lips are together.
    """
    apart = gaps(points)
    near = np.flatnonzero(apart <= apart.min() + PARTED)
    turn = np.abs(usual(points[near]).angles[:, :2]).sum(axis=1)
    order = near[np.argsort(turn, kind="stable")][:MOST_SHUT]
    first = int(order[0])
    heads = fitted(points[first], points[order])
    like = np.stack([heads.unturned(points[frame], place) for place, frame in enumerate(order)])
    return shut(np.asarray(np.median(like, axis=0), np.float32)), first


def shut(points: Floats) -> Floats:
    """The face (478, 2) with its lips together, as thick as they were."""
    closed = points.copy()
    lines = (facemesh.UPPER_OUTER, facemesh.UPPER_INNER, facemesh.LOWER_INNER, facemesh.LOWER_OUTER)
    outer_up, up, low, outer_low = (list(line[1:-1]) for line in lines)
    gap = points[low] - points[up]
    for numbers, way in (
        (outer_up, UPPER_SHARE),
        (up, UPPER_SHARE),
        (low, UPPER_SHARE - 1),
        (outer_low, UPPER_SHARE - 1),
    ):
        closed[numbers] += np.float32(way) * gap
    return closed


def lasting(heads: Heads, points: Floats, rate: float) -> Floats:
    """How far the mouth lies from where the face at rest has it, over a second and more: smiles, not sounds.

    Offsets (n, 3, 2) of the left corner, the upper lip's middle and the right corner, left as it is seen.
    """
    ends = (facemesh.UPPER_OUTER[0], facemesh.UPPER_OUTER[5], facemesh.UPPER_OUTER[-1])
    flat = _lifted(heads.rest, heads.depth)[list(ends)]
    own = points[:, list(ends)] - np.einsum("kc,ncd->nkd", flat, heads.views)
    reach = max(1, round(LASTING * rate))
    bell = np.exp(-0.5 * (np.arange(-2 * reach, 2 * reach + 1) / reach) ** 2)
    padded = np.pad(
        own.reshape(len(own), -1), ((2 * reach, 2 * reach), (0, 0)), mode="reflect" if len(own) > 2 * reach else "edge"
    )
    calm = np.stack([np.convolve(column, bell / bell.sum(), mode="valid") for column in padded.T], axis=1)
    return np.asarray(LASTS * calm.reshape(own.shape), np.float32)


def with_lasting(rest: Floats, offsets: Floats) -> Floats:
    """The face at rest in one frame (478, 2) with its mouth moved by `offsets` (3, 2) of `lasting`."""
    ends = rest[[facemesh.UPPER_OUTER[0], facemesh.UPPER_OUTER[-1]]]
    across = ends[1] - ends[0]
    moved = rest.copy()
    t = np.clip((rest[list(LIPS)] - ends[0]) @ across / max(float(across @ across), 1e-6), 0.0, 1.0)
    weights = np.stack([(1.0 - t) * (1.0 - 2.0 * t), 4.0 * t * (1.0 - t), t * (2.0 * t - 1.0)], axis=1)
    moved[list(LIPS)] += (weights @ offsets).astype(np.float32)
    return moved


def steadied(points: Floats, rate: float) -> Floats:
    """`points` (n, 478, 2) at `rate` frames a second without the finder's jitter: head and mouth each at their pace."""
    if len(points) < 3:
        return points
    rest, _ = resting(points)
    heads = fitted(rest, points)
    tall = facemesh.height(rest)
    scales = np.array([tall, tall, 0.3 * tall, 1.0])[:, None]
    around = heads.views.copy()
    centre = np.append(rest.mean(axis=0), 0.0)
    around[:, 3] += np.einsum("c,ncd->nd", centre, around[:, :3])
    calm = smoothed(around * scales / tall, rate, steady=POSE[0], quick=POSE[1]) * tall / scales
    calm[:, 3] -= np.einsum("c,ncd->nd", centre, calm[:, :3])
    flat = _lifted(rest, heads.depth)
    own = points - np.einsum("kc,ncd->nkd", flat, heads.views)
    left = smoothed(own.astype(np.float64) / tall, rate, steady=SPEECH[0], quick=SPEECH[1]) * tall
    return np.asarray(np.einsum("kc,ncd->nkd", flat, calm) + left, np.float32)


def _lifted(points: Floats, depth: Floats) -> Array:
    return np.column_stack([points, depth, np.ones(len(points))]).astype(np.float64)
