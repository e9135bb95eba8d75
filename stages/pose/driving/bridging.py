"""What a detector missed or saw shakily, mended: gaps bridged, jitter smoothed. Knows neither detector nor portrait."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stages.pose.animate_anyone.skeleton import BODY, SEEN
from stages.pose.driving.people import POINTS, Mask, Points, Poses

Array = NDArray[np.float64]

PERSON = 4
"""Points of head and body that must be seen in a frame for somebody to be there."""
SHORT = 1.0
"""Seconds for which somebody may be gone without its being told as a loss."""
SMOOTH = 0.035
"""Seconds of standard deviation by which points are smoothed: less than a frame of film, more than jitter."""


def present(scores: Array) -> Mask:
    """In which frames (frames,) of scores (frames, 134) somebody is there."""
    result: Mask = (scores[:, BODY] > SEEN).sum(1) >= PERSON
    return result


def bridged(found: Poses) -> Poses:
    """The same without gaps: each point goes on a straight line over the frames in which it was not seen.

    A point that was never seen stays unseen. Frames in which nobody was there keep the scores of those around them,
    and are told of in the notes.
    """
    seen, there = found.scores > SEEN, present(found.scores)
    points, scores = found.points.copy(), found.scores.copy()
    frames = np.arange(found.frames)
    for point in range(POINTS):
        known = seen[:, point] & there
        if not known.any():
            scores[:, point] = 0.0
            continue
        for axis in (0, 1):
            points[:, point, axis] = np.interp(frames, frames[known], found.points[known, point, axis])
        near = np.interp(frames, frames[there], found.scores[there, point]) if not there.all() else scores[:, point]
        scores[:, point] = np.where(there, scores[:, point], near)
    return replace(found, points=points, scores=scores, notes=(*found.notes, *_losses(there, found.fps)))


def _losses(there: Mask, fps: float) -> Iterator[str]:
    """A sentence on each stretch for which nobody was to be seen."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~there, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > SHORT * fps:
            what = "held" if start == 0 or end == len(there) else "bridged"
            yield f"Nobody was seen in the video from {start / fps:.1f} to {end / fps:.1f} s; the movement was {what}."


def smoothed(found: Poses) -> Poses:
    """The same with less jitter; a film of few frames a second stays as it is."""
    sigma = SMOOTH * found.fps
    if found.frames < 3 or sigma < 0.3:
        return found
    reach = max(1, int(np.ceil(3.0 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.concatenate([found.points[:1].repeat(reach, 0), found.points, found.points[-1:].repeat(reach, 0)])
    total = sum(weight * padded[shift : shift + found.frames] for shift, weight in enumerate(weights))
    return replace(found, points=np.asarray(total))


def paced(found: Poses, *, fps: float, frames: int) -> Poses:
    """The same at another rate and length: one that is too short goes back and forth."""
    place = np.arange(frames) * found.fps / fps
    last = found.frames - 1
    notes = found.notes
    if last == 0:
        place = np.zeros(frames)
    elif place[-1] > last + 0.5 * found.fps:
        notes = (*notes, f"The video of {found.frames / found.fps:.1f} s is shorter than the film: it goes to and fro.")
        place = np.abs((place + last) % (2.0 * last) - last)
    place = np.clip(place, 0.0, last)
    low = np.minimum(place.astype(np.int64), max(last - 1, 0))
    high, share = np.minimum(low + 1, last), place - low
    points: Points = found.points[low] + share[:, None, None] * (found.points[high] - found.points[low])
    scores = np.where(share[:, None] < 0.5, found.scores[low], found.scores[high])
    return Poses(points, scores, fps, notes)
