"""A person followed through a video, by whichever detector is there. Knows no network and no portrait."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest, Unavailable, UnsupportedMedia
from stages.pose.driving import blaze, bridging, dwpose
from stages.pose.driving.people import POINTS, Figure, Poses

Bytes = NDArray[np.uint8]
Detect = Callable[[Bytes], Figure | None]
"""The person in a picture R'G'B' (height, width, 3); None for nobody."""

MOST = 60 * 120
"""Frames of a video that are looked at."""


def detector(weights: Mapping[str, Path], *, device: str = "cpu") -> tuple[Detect, str]:
    """The best detector that these folders hold, and a sentence on what it can't see, or "". Raises `Unavailable`."""
    if "dwpose" in weights:
        return dwpose.load(weights["dwpose"], device=device), ""
    if "face-landmarker" not in weights:
        raise Unavailable("No detector of people is here. Fetch dwpose, or face-landmarker and pose-landmarker.")
    body = weights.get("pose-landmarker")
    lack = "" if body else "Only the head was followed: dwpose or pose-landmarker, which see bodies, are not here."
    return blaze.load(weights["face-landmarker"], body), lack


def followed(
    frames: Iterable[Bytes], fps: float, detect: Detect, *, step: Callable[[], None], what: str = "driving video"
) -> Poses:
    """The person in a video of `fps` frames a second, without gaps and jitter. `step` is called for each frame.

    Raises `UnsupportedMedia` for a video without frames and `BadRequest` for one without a person.
    """
    points, scores = [], []
    nobody = Figure(np.zeros((POINTS, 2)), np.zeros(POINTS))
    for number, frame in enumerate(frames):
        if number >= MOST:
            break
        step()
        seen = detect(frame) or nobody
        points.append(seen.points)
        scores.append(seen.scores)
    if not points:
        raise UnsupportedMedia(f"The {what} has no picture that can be read. Give an MP4 with moving pictures.")
    found = Poses(np.stack(points), np.stack(scores), fps)
    there = bridging.present(found.scores)
    if not there.any():
        raise BadRequest(f"Nobody was found in the {what}. Give one that shows a person from the front.")
    if len(points) == 1:
        return Poses(found.points, found.scores, fps, (f"The {what} has one frame: its pose is held.",))
    return bridging.smoothed(bridging.bridged(found))
