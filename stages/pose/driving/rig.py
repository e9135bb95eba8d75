"""A motion track as a person's points through time. Knows no speech and no network.

The head's points turn as the compositor turns a portrait (`avatar.face.pose`), so that a film that is diffused moves
as one that is warped; shoulders breathe and sway; brows, lids and a smile follow the track, lips stay shut: what
is said is drawn later.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar.face import pose, tracks
from avatar.face.noise import minimum_jerk
from avatar.face.tracks import COLUMN, HEAD, Track
from stages.pose.animate_anyone.skeleton import FACE
from stages.pose.driving import arms, people
from stages.pose.driving.people import Points, Poses
from stages.pose.driving.rest import SIDES, Rest, hand_slice

Array = NDArray[np.float64]

EASE = 0.5
"""Seconds in which the head leaves the place that it has in the portrait, so that the first frame is the portrait."""
BODY = ("bodyX", "bodyRoll", "breath")
BROW_UP, BROW_DOWN = 0.055, 0.03
"""Face heights by which brows go up and down at 1."""
SMILE = (0.022, 0.028)
"""Face heights by which the corners of the mouth go outward and up at 1."""
SHUT = 0.9
"""Share of an eye's opening that a blink of 1 takes."""
LAP_FOLLOWS = 0.45
"""Share of the shoulders' movement that a resting hand goes along."""
BROWS = ((17, "Right", ("OuterUp", "OuterUp", "", "InnerUp", "InnerUp")),
         (22, "Left", ("InnerUp", "InnerUp", "", "OuterUp", "OuterUp")))  # fmt: skip
LIDS = ((36, "Right"), (42, "Left"))


def eased(track: Track, fps: float) -> Track:
    """The track with its head and body starting from rest."""
    result = track.copy()
    rise = minimum_jerk(np.arange(len(track)) / (EASE * fps)).astype(np.float32)
    for name in (*HEAD, *BODY):
        column = COLUMN[name]
        start = track[0, column] if name == "breath" else 0.0
        result[:, column] = start + rise * (track[:, column] - start)
    return result


def poses(rest: Rest, track: Track, fps: float, ways: arms.Ways | None = None) -> Poses:
    """The person of `rest` moving along a track (frames, channels) of `fps` rows a second, arms along `ways`.

    Points outside of the picture are scored 0: a detector would not have seen them.
    """
    points = np.repeat(rest.figure.points[None], len(track), axis=0)
    _face(points, rest, track)
    _head(points, rest, track)
    _body(points, rest, track)
    if ways is not None:
        arms.moved(points, rest, ways)
    return cropped(Poses(points, np.repeat(rest.figure.scores[None], len(track), axis=0), fps), rest.size)


def cropped(found: Poses, size: tuple[int, int]) -> Poses:
    """The same, with what lies outside a picture of (width, height) not seen."""
    return replace(found, scores=np.where(people.within(found.points, size), found.scores, 0.0))


def sampled(track: Track, fps: float, *, at: float, frames: int) -> Track:
    """A track of `fps` rows a second at another rate: `frames` rows, between its own by straight lines."""
    place = np.clip(np.arange(frames) * fps / at, 0.0, len(track) - 1)
    low = np.minimum(place.astype(np.int64), max(len(track) - 2, 0))
    high = np.minimum(low + 1, len(track) - 1)
    share = (place - low)[:, None].astype(np.float32)
    result: Track = (1.0 - share) * track[low] + share * track[high]
    return result


def _head(points: Points, rest: Rest, track: Track) -> None:
    """Turn what the skull carries; each point by its own depth."""
    carried = list(people.HEAD)
    at = rest.figure.points[carried].astype(np.float32)
    depth = pose.depth(rest.head, at)
    points[:, carried] += pose.displaced(rest.head, track, at, depth, np.ones(len(at), np.float32))


def _body(points: Points, rest: Rest, track: Track) -> None:
    """Shoulders that sway and breathe, arms on them; the hips stay."""
    nothing = np.zeros(1, np.float32)
    for side, (shoulder, elbow, wrist, *_) in SIDES.items():
        at = rest.figure.points[shoulder][None].astype(np.float32)
        shift = pose.displaced(rest.head, track, at, nothing, nothing)
        points[:, [shoulder, elbow]] += shift
        points[:, [wrist]] += LAP_FOLLOWS * shift
        points[:, hand_slice(side)] += LAP_FOLLOWS * shift
    points[:, people.NECK] = 0.5 * (points[:, people.R_SHOULDER] + points[:, people.L_SHOULDER])


def _face(points: Points, rest: Rest, track: Track) -> None:
    """Brows, lids and smile, in the face at rest."""
    unit, up = rest.unit, _up(rest)
    for start, side, ends in BROWS:
        down = tracks.column(track, f"browDown{side}")
        for index, end in enumerate(ends):
            inner, outer = tracks.column(track, "browInnerUp"), tracks.column(track, f"browOuterUp{side}")
            lift = {"InnerUp": inner, "OuterUp": outer, "": 0.5 * (inner + outer)}[end]
            points[:, FACE.start + start + index] += unit * (BROW_UP * lift - BROW_DOWN * down) * up
    for start, side in LIDS:
        eye = FACE.start + start
        shut = SHUT * np.clip(tracks.column(track, f"eyeBlink{side}"), 0.0, 1.0)
        for upper, lower in ((1, 5), (2, 4)):
            gap = rest.figure.points[eye + lower] - rest.figure.points[eye + upper]
            points[:, eye + upper] += shut * gap
    across = np.array([-up[1], up[0]])
    for corner, inside, side, sign in ((48, 60, "Right", -1.0), (54, 64, "Left", 1.0)):
        smile = np.clip(tracks.column(track, f"mouthSmile{side}"), 0.0, 1.0)
        for point in (corner, inside):
            points[:, FACE.start + point] += unit * smile * (sign * SMILE[0] * across + SMILE[1] * up)


def _up(rest: Rest) -> Array:
    """The direction from the chin to between the eyes."""
    eyes = 0.5 * (rest.figure.points[people.R_EYE] + rest.figure.points[people.L_EYE])
    away = eyes - rest.figure.points[people.CHIN]
    result: Array = away / max(float(np.hypot(*away)), 1e-6)
    return result
