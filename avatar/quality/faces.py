"""One face through a film as curves: lip gap, mouth width, eye openings, head angles. Knows neither sound nor limits.

The landmarks come from the film's own rig, or from whoever looked for them in the picture; the curves are the same.
Lengths are face heights: forehead (hairline in a drawing, MediaPipe's point 10 in a picture) to chin.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar.face import landmarks, rig_measures, theval
from avatar.face.tracks import COLUMN, Track
from avatar.quality.rig import Rig

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

FACE_TO_EYES = 2.92
"""Face height over the distance between the eyes' centres where nothing better is known, as in our drawn avatars."""
MIDDLE_OF_LIPS = 5
MIDDLE_OF_LIDS = (4, 12)
"""Places in `theval.Marks`: the middle of 11 lip points; of an eye's 16 points the middles of upper and lower lid."""
FOREHEAD, CHIN = 10, 152
"""MediaPipe's points at the ends of a face's height."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Curves over n frames: `gap` and `width` (n,) of the mouth, `lids` (n, 2) openings of the eyes over their widths.

    `angles` (n, 3) are yaw, pitch, roll in degrees, or none; `centre` (n, 2) is the middle of the face's box in a
    picture of 512 x 512; `outline` (n, k, 2) are points that reach as far as the face, and `height` (n,) its height,
    both in pixels.
    """

    source: Literal["pixels", "rig"]
    marks: theval.Marks
    gap: Array
    width: Array
    lids: Array
    angles: Array | None
    centre: Array
    outline: Floats
    height: Array


def from_rig(rig: Rig, width: int, height: int) -> Faces:
    """The face of one of our own films of `width` x `height` pixels."""
    points = rig.landmarks.astype(np.float64)
    eyes = np.hypot(*(_eye(points, left=True) - _eye(points, left=False)).T)
    gap = points[:, landmarks.LOWER_INNER][:, MIDDLE_OF_LIPS] - points[:, landmarks.UPPER_INNER][:, MIDDLE_OF_LIPS]
    tall = np.maximum(eyes, 1e-3) * _face_to_eyes(np.hypot(*gap.T) / np.maximum(eyes, 1e-3), rig.track)
    marks = theval.from_rig(points, width=width, height=height)
    angles = None
    if rig.track is not None:
        angles = rig.track[:, [COLUMN[name] for name in ("headYaw", "headPitch", "headRoll")]].astype(np.float64)
    scale = np.array([theval.SIZE / width, theval.SIZE / height])
    return _curves("rig", marks, angles, tall, (points.astype(np.float32), scale))


def from_mediapipe(points: Floats, angles: Array, width: int, height: int) -> Faces:
    """A face that MediaPipe found: `points` (n, 478, 2) as shares of the picture's sides, `angles` (n, 3) degrees."""
    pixels = points * np.array([width, height], np.float32)
    tall = np.hypot(*(pixels[:, CHIN] - pixels[:, FOREHEAD]).T.astype(np.float64))
    scale = np.array([theval.SIZE / width, theval.SIZE / height])
    return _curves("pixels", theval.from_mediapipe(points.astype(np.float64)), angles, tall, (pixels, scale))


def _curves(
    source: Literal["pixels", "rig"],
    marks: theval.Marks,
    angles: Array | None,
    tall: Array,
    outline: tuple[Floats, Array],
) -> Faces:
    pixels, scale = outline
    gap = (marks.lower_inner[:, MIDDLE_OF_LIPS] - marks.upper_inner[:, MIDDLE_OF_LIPS]) / scale
    width = (marks.upper_outer[:, -1] - marks.upper_outer[:, 0]) / scale
    lids = np.stack([_opening(eye) for eye in (marks.right_eye, marks.left_eye)], axis=1)
    box = 0.5 * (pixels.min(axis=1) + pixels.max(axis=1)) * scale * (theval.FRAME / theval.SIZE)
    return Faces(
        source,
        marks,
        np.hypot(*gap.T) / tall,
        np.hypot(*width.T) / tall,
        lids,
        angles,
        box.astype(np.float64),
        pixels,
        tall,
    )


def _opening(eye: Array) -> Array:
    upper, lower = (eye[:, index] for index in MIDDLE_OF_LIDS)
    across = np.hypot(*(eye[:, 8] - eye[:, 0]).T)
    result: Array = np.maximum(lower[:, 1] - upper[:, 1], 0.0) / np.maximum(across, 1e-3)
    return result


def _eye(points: Array, *, left: bool) -> Array:
    lid = landmarks.LEFT_UPPER_LID if left else landmarks.RIGHT_UPPER_LID
    result: Array = 0.5 * (points[:, lid.start] + points[:, lid.stop - 1])
    return result


def _face_to_eyes(gaps: Array, track: Track | None) -> float:
    """Face height over eye distance: what makes the rig's gaps, told in eye distances, those its track means."""
    if track is None:
        return FACE_TO_EYES
    meant = rig_measures.gap(track).astype(np.float64)
    wide = meant > 0.02
    return float(np.median(gaps[wide] / meant[wide])) if wide.sum() >= 3 else FACE_TO_EYES
