"""How alive a talking face is beside real ones: the five landmark measures of THEval. Knows no pixels.

Formulas and ground truth are those of github.com/Newbyl/THEval at 3603338 (scripts in `Naturalness` and
`Synchronization`, `examples/gt_metrics.csv`); pixels are those of a picture of 256 x 256, changes are per frame at 25
frames a second. Where a face is, however, THEval measures in each film's own pixels: what the same films drive comes
out half as far from methods of 256 x 256 (4 to 6) as from those of 512 x 512 (10 to 14). So `FRAME` is the size there.
Head angles and the face's box come from whoever calls: the rig, or MediaPipe, in place of THEval's own detectors.
Points have shape (frames, points, 2), x to the viewer's right and y down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.face import landmarks

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TRUTH = {
    "lip_dynamics": 1.716603,
    "head_motion": 18.46757,
    "brow_dynamics": 0.006777,
    "silent_lips": 0.0263,
    "lip_sync": 0.2528,
}
"""Means over THEval's real recordings."""
SIZE = 256.0
FRAME = 512.0
"""Side of the picture in whose pixels a face's place is told: our own films', unless another size is asked for."""
FPS = 25
SHORTEST_SILENCE = 0.3
"""Seconds that a silence must last to be judged."""
LOUDNESS_WINDOW = 0.05

UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 7, 163, 144, 145, 153, 154, 155)
LEFT_EYE = (362, 398, 384, 385, 386, 387, 388, 466, 263, 382, 381, 380, 374, 373, 390, 249)
RIGHT_BROW = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107)
LEFT_BROW = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
"""Indices in MediaPipe's 478 face landmarks, lines from the viewer's left to the viewer's right."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The points that are judged, in pixels of a 256 x 256 picture; `right` and `left` are the person's own sides.

    Lip lines have 11 points, corners included; eyes have 16, of which 0 and 8 are the corners.
    """

    upper_outer: Array
    upper_inner: Array
    lower_inner: Array
    lower_outer: Array
    right_eye: Array
    left_eye: Array
    right_brow: Array
    left_brow: Array


def from_mediapipe(points: Array) -> Marks:
    """The marks among MediaPipe's points (frames, 478, 2), given as shares of picture width and height."""
    places = np.asarray(points, np.float64)[..., :2] * SIZE
    chosen = (UPPER_OUTER, UPPER_INNER, LOWER_INNER, LOWER_OUTER, RIGHT_EYE, LEFT_EYE, RIGHT_BROW, LEFT_BROW)
    return Marks(*(places[:, list(indices)] for indices in chosen))


def from_rig(points: Array, *, width: int, height: int) -> Marks:
    """The marks among a film's own landmarks (frames, `landmarks.POINTS`, 2), in the film's pixels."""
    places = np.asarray(points, np.float64) * (SIZE / np.asarray((width, height), np.float64))

    def eye(upper: slice, lower: slice) -> Array:
        return np.concatenate([places[:, upper], places[:, lower][:, 1:-1]], axis=1)

    return Marks(
        upper_outer=places[:, landmarks.UPPER_OUTER],
        upper_inner=places[:, landmarks.UPPER_INNER],
        lower_inner=places[:, landmarks.LOWER_INNER],
        lower_outer=places[:, landmarks.LOWER_OUTER],
        right_eye=eye(landmarks.RIGHT_UPPER_LID, landmarks.RIGHT_LOWER_LID),
        left_eye=eye(landmarks.LEFT_UPPER_LID, landmarks.LEFT_LOWER_LID),
        right_brow=places[:, landmarks.RIGHT_BROW],
        left_brow=places[:, landmarks.LEFT_BROW],
    )


def lip_dynamics(marks: Marks) -> float:
    """Pixels: standard deviation over time of two lip points' distance, averaged over all pairs of the 40."""
    inner_corners = slice(1, -1)
    lips = np.concatenate(
        [
            marks.upper_outer,
            marks.lower_outer[:, inner_corners],
            marks.upper_inner,
            marks.lower_inner[:, inner_corners],
        ],
        axis=1,
    )
    first, second = np.triu_indices(lips.shape[1], 1)
    spreads = [_distance(lips[:, a], lips[:, b]).std() for a, b in zip(first, second, strict=True)]
    return float(np.mean(spreads))


def head_motion(angles: Array, centre: Array) -> float:
    """sqrt(mean std of the angles x mean variance of their change per frame + mean variance of the face's centre).

    `angles` (frames, 3) are degrees in any order, `centre` (frames, 2) is that of the face's box, `FRAME` wide and tall
    the picture.
    """
    spread = float(np.mean(np.std(angles, axis=0)))
    change = float(np.mean(np.var(np.diff(angles, axis=0), axis=0))) if len(angles) > 1 else 0.0
    place = float(np.mean(np.var(centre, axis=0)))
    return float(np.sqrt(spread * change + place))


def brow_dynamics(marks: Marks) -> float:
    """Mean change per frame of the distance from brow to eye, over the distance between the eyes; both sides as one."""
    right, left = marks.right_eye.mean(axis=1), marks.left_eye.mean(axis=1)
    between = np.maximum(_distance(right, left), 1e-3)
    changes = [
        np.abs(np.diff(_distance(brow.mean(axis=1), eye) / between))
        for brow, eye in ((marks.right_brow, right), (marks.left_brow, left))
    ]
    return float(np.mean(np.concatenate(changes))) if len(between) > 1 else 0.0


def silent_lips(marks: Marks, silent: Mask) -> float:
    """Median distance from their mean of the inner-lip gaps in long silences, over the outer eye corners' distance.

    `silent` (frames,) tells where nobody speaks. Not a number when no silence is long enough.
    """
    gaps = _gap(marks).mean(axis=1) / np.maximum(_distance(marks.right_eye[:, 0], marks.left_eye[:, 8]), 1e-3)
    judged = gaps[_long(silent, round(SHORTEST_SILENCE * FPS))]
    if len(judged) < 2:
        return float("nan")
    return float(np.median(np.abs(judged - judged.mean())))


def lip_sync(marks: Marks, loudness: Array, speech: Mask) -> float:
    """Mean distance between lip opening and loudness, each stretched to 0..1, on the frames where somebody speaks.

    `loudness` (frames,) is the sound's RMS over 50 ms at each frame. Not a number with fewer than two such frames.
    """
    if int(speech.sum()) < 2:
        return float("nan")
    eyes = (eye[:, [0, 8], 0].mean(axis=1) for eye in (marks.right_eye, marks.left_eye))
    right, left = eyes
    upper, lower = marks.upper_inner[:, 1:9, 1].mean(axis=1), marks.lower_inner[:, 1:9, 1].mean(axis=1)
    opening = np.abs(lower - upper) / np.maximum(np.abs(left - right), 1e-3)
    return float(np.mean(np.abs(_stretched(opening[speech]) - _stretched(loudness[speech]))))


def loudness(sound: Array, *, sample_rate: int, times: Array) -> Array:
    """RMS of 50 ms windows of a mono sound, interpolated at `times` in seconds."""
    width = max(1, int(sample_rate * LOUDNESS_WINDOW))
    padded = np.pad(np.asarray(sound, np.float64), (width // 2, width))
    count = len(padded) // width
    power = np.mean(padded[: count * width].reshape(count, width) ** 2, axis=1)
    result: Array = np.interp(times, np.arange(count) * width / sample_rate, np.sqrt(power))
    return result


def closeness(found: dict[str, float]) -> dict[str, float]:
    """`1 - |found - truth| / truth` of each measure that is a number, at least 0, and their mean as `mean`."""
    known = {name: value for name, value in found.items() if not np.isnan(value)}
    scores = {name: max(0.0, 1.0 - abs(value - TRUTH[name]) / TRUTH[name]) for name, value in known.items()}
    return {**scores, "mean": float(np.mean(list(scores.values()))) if scores else 0.0}


def at_25(values: Array, *, fps: float) -> Array:
    """Values (frames, ...) resampled in time to 25 frames a second, since most measures are per frame."""
    if abs(fps - FPS) < 1e-6:
        return np.asarray(values, np.float64)
    place = np.arange(int((len(values) - 1) * FPS / fps) + 1) * fps / FPS
    low = np.minimum(place.astype(np.int64), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    share = (place - low).reshape(-1, *([1] * (values.ndim - 1)))
    result: Array = (1.0 - share) * values[low] + share * values[high]
    return result


def _distance(a: Array, b: Array) -> Array:
    result: Array = np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])
    return result


def _gap(marks: Marks) -> Array:
    """Vertical distance of eight pairs of inner lip points."""
    result: Array = np.abs(marks.lower_inner[:, 1:9, 1] - marks.upper_inner[:, 1:9, 1])
    return result


def _stretched(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    result: Array = (values - low) / (high - low + 1e-8)
    return result


def _long(silent: Mask, least: int) -> Mask:
    """The frames of `silent` runs that last `least` frames or more."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
    kept = np.zeros(len(silent), dtype=np.bool_)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        kept[start:end] = end - start >= least
    return kept
