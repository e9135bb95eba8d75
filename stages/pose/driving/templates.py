"""A small library of motions to choose from by name, for any body. Knows no portrait and no film's length.

Each is a list of moments: what the hands, the head and the shoulders do when. Hands are told as `arms.Ways` tells
them, head angles in degrees as in `avatar.face.tracks`. What is between two moments goes by minimum jerk; a motion
that `repeats` begins anew from its `again`-th second until the film ends, others stay as they end.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar.errors import NotFound
from avatar.face import tracks
from avatar.face.noise import minimum_jerk
from avatar.face.tracks import COLUMN, Track
from stages.pose.driving.arms import LEFT, RESTING, RIGHT, Ways, still

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hand:
    """Where one hand is: outward and down from the shoulder in arm lengths; None leaves it at rest."""

    out: float
    down: float
    palm: float = 0.3
    curl: float = 0.2


@dataclass(frozen=True, slots=True)
class Moment:
    """What is reached at `time`, in seconds."""

    time: float
    right: Hand | None = None
    left: Hand | None = None
    head: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """A motion by name; `says` is what it is for."""

    name: str
    says: str
    moments: tuple[Moment, ...]
    again: float | None = None


def _wave() -> tuple[Moment, ...]:
    """A raised hand that goes to and fro three times, and comes down."""
    nod = {"headPitch": 2.0, "headRoll": 3.5}
    swings = [Moment(0.7 + 0.28 * n, Hand(0.16 if n % 2 else 0.04, -0.10, 1.0, 0.05), head=nod) for n in range(7)]
    return (Moment(0.0), *swings, Moment(3.2, head={"headPitch": -1.0}), Moment(4.0))


BELLY = Hand(-0.10, 0.50)
_OPENED = Hand(0.20, 0.46, 0.7, 0.1)

TEMPLATES: tuple[Template, ...] = (
    Template("greet", "waves with the right hand, then rests", _wave()),
    Template(
        "explain",
        "both hands open and close before the body, the head turns from one side to the other",
        (
            Moment(0.0),
            Moment(0.8, BELLY, BELLY, {"headYaw": 2.0}),
            Moment(1.4, _OPENED, _OPENED, {"headYaw": 4.0, "headPitch": -2.0}),
            Moment(2.2, BELLY, BELLY, {"headYaw": 1.0}),
            Moment(2.9, _OPENED, BELLY, {"headYaw": -4.0, "headPitch": -1.5}),
            Moment(3.7, BELLY, BELLY, {"headYaw": -2.0}),
            Moment(4.4, BELLY, _OPENED, {"headYaw": 3.5, "headPitch": -2.0}),
            Moment(5.2, BELLY, BELLY, {"headYaw": 2.0}),
        ),
        again=0.8,
    ),
    Template(
        "listen",
        "hands at rest, a tilted head that nods now and then",
        (
            Moment(0.0),
            Moment(0.9, head={"headRoll": 4.0, "headPitch": 1.0}),
            Moment(1.6, head={"headRoll": 4.0, "headPitch": -4.5}),
            Moment(2.1, head={"headRoll": 4.0, "headPitch": 0.5}),
            Moment(2.5, head={"headRoll": 4.0, "headPitch": -3.0}),
            Moment(3.0, head={"headRoll": 3.5, "headPitch": 1.0}),
            Moment(5.5, head={"headRoll": 2.5, "headPitch": 1.0}),
        ),
        again=0.9,
    ),
    Template(
        "point",
        "the right hand points to the viewer's left, where something is shown",
        (
            Moment(0.0),
            Moment(0.8, Hand(0.20, 0.14, 0.2, 0.45), head={"headYaw": -6.0}),
            Moment(2.4, Hand(0.22, 0.13, 0.2, 0.45), head={"headYaw": -3.0}),
            Moment(3.3),
        ),
    ),
    Template(
        "agree",
        "nods, one hand opening",
        (
            Moment(0.0),
            Moment(0.5, head={"headPitch": -7.0}),
            Moment(0.9, _OPENED, head={"headPitch": 1.5}),
            Moment(1.3, _OPENED, head={"headPitch": -5.0}),
            Moment(1.8, head={"headPitch": 0.5}),
            Moment(2.6),
        ),
    ),
    Template(
        "shrug",
        "both hands open to the sides, the head tilts",
        (
            Moment(0.0),
            Moment(0.6, Hand(0.34, 0.40, 0.9, 0.05), Hand(0.34, 0.40, 0.9, 0.05), {"headRoll": 6.0, "headPitch": 1.5}),
            Moment(1.4, Hand(0.33, 0.41, 0.9, 0.05), Hand(0.33, 0.41, 0.9, 0.05), {"headRoll": 5.5, "headPitch": 1.0}),
            Moment(2.2),
        ),
    ),
    Template(
        "think",
        "the right hand at the chin, eyes and head to the side",
        (
            Moment(0.0),
            Moment(1.0, Hand(-0.15, 0.10, 0.2, 0.6), head={"headYaw": 5.0, "headPitch": 3.0, "headRoll": -2.0}),
            Moment(3.6, Hand(-0.15, 0.11, 0.2, 0.6), head={"headYaw": 4.0, "headPitch": 2.0, "headRoll": -3.0}),
            Moment(4.6),
        ),
    ),
)
NAMES = tuple(template.name for template in TEMPLATES)
_RESTS = Hand(-0.15, 0.72, RESTING[1], RESTING[0])
"""Where a hand that is at rest is taken to be on the way to a goal."""


def find(name: str) -> Template:
    """The motion of this name. Raises `NotFound` with the nearest ones."""
    for template in TEMPLATES:
        if template.name == name.strip().lower():
            return template
    near = difflib.get_close_matches(name, NAMES, n=3, cutoff=0.4) or list(NAMES)
    raise NotFound(f"There is no motion {name[:80]!r}. Choose {', '.join(near)}.")


def ways(template: Template, *, frames: int, fps: float) -> Ways:
    """The ways of both hands."""
    result = still(frames)
    times = _times(template, frames, fps)
    for hand in (RIGHT, LEFT):
        told = [moment.right if hand == RIGHT else moment.left for moment in template.moments]
        places = [each or _RESTS for each in told]
        result.raised[:, hand] = _between(template, [float(each is not None) for each in told], times)
        result.goal[:, hand, 0] = _between(template, [each.out for each in places], times)
        result.goal[:, hand, 1] = _between(template, [each.down for each in places], times)
        result.curl[:, hand] = _between(template, [each.curl for each in places], times)
        result.palm[:, hand] = _between(template, [each.palm for each in places], times)
    return result


def laid_over(track: Track, template: Template, *, fps: float) -> Track:
    """A copy of a track with the head's part of the motion added."""
    result = track.copy()
    times = _times(template, len(track), fps)
    for name in tracks.HEAD:
        told = [float(moment.head.get(name, 0.0)) for moment in template.moments]
        if any(told):
            result[:, COLUMN[name]] += _between(template, told, times).astype(np.float32)
    return result


def _times(template: Template, frames: int, fps: float) -> Array:
    """Seconds within the motion of each frame of a film."""
    at = np.arange(frames, dtype=np.float64) / fps
    end = template.moments[-1].time
    if template.again is None:
        return np.minimum(at, end)
    return np.where(at <= end, at, template.again + np.mod(at - template.again, end - template.again))


def _between(template: Template, values: list[float], times: Array) -> Array:
    """The value at each time."""
    knots = np.asarray([moment.time for moment in template.moments])
    found = np.asarray(values)
    index = np.clip(np.searchsorted(knots, times, side="right") - 1, 0, len(knots) - 2)
    share = minimum_jerk((times - knots[index]) / (knots[index + 1] - knots[index]))
    result: Array = found[index] + share * (found[index + 1] - found[index])
    return result
