"""Where the eyes look: at the viewer mostly, with glances away, by saccades, and steady while the head turns.

Knows neither speech nor pixels. Gaze is degrees off the viewer, (frames, 2): x to the viewer's right, y up.
"""

from dataclasses import dataclass

import numpy as np

from avatar.face.noise import Array, Grid, coloured, generator, renewal, steps
from avatar.face.tracks import COLUMN, Track

FULL = (40.0, 30.0)
"""Degrees that the eye has turned, across and up or down, where a look column is 1."""
CONTACT = 4.6
"""Mean seconds from one glance away to the next: the viewer is met for four fifths of the time."""
GLANCE, GLANCE_SPREAD = 0.9, 0.4
"""Median seconds that a glance away lasts, and its log-deviation."""
GLANCE_SIZE = (4.0, 11.0)
SCAN, SCAN_SIZE = 0.75, (0.9, 0.7)
"""Mean seconds on one feature of the viewer's face, and how far these lie apart (standard deviation in degrees)."""
MICRO, MICRO_SIZE = 0.8, 0.22
"""Mean seconds between micro-saccades, and their size in degrees (Martinez-Conde 2004, Nat. Rev. Neurosci. 5:229)."""
TREMBLE = 0.07
"""Degrees of slow drift within a fixation."""
HEAD_SHARE = 0.28
"""Share of a glance that the head takes over; small shifts are mostly the eyes' (Freedman & Sparks 1997, J.
Neurophysiol. 77:2328)."""
BLINK_FROM = 6.5
"""Shifts of more degrees than this often come with a blink (Evinger et al. 1994, Exp. Brain Res. 100:337)."""


@dataclass(frozen=True, slots=True)
class Glances:
    """Looks away from the viewer: starts and lengths in seconds, `away` (n, 2) in degrees."""

    starts: Array
    lengths: Array
    away: Array


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where the eyes point, the yaw and pitch that go with it, both (frames, 2), and moments that call for blinks."""

    look: Array
    head: Array
    blinks: Array


def saccade_seconds(degrees: Array) -> Array:
    """Length of a saccade: the main sequence, 21 ms + 2.2 ms a degree (Carpenter 1988), within 30-80 ms."""
    return np.clip(0.021 + 0.0022 * np.abs(degrees), 0.030, 0.080)


def living(grid: Grid, *, seed: int, amount: float) -> Gaze:
    """Gaze of somebody who attends to the viewer. `amount` scales every shift; 0 looks at the viewer without end."""
    glances = _glances(grid, seed=seed)
    size = np.hypot(glances.away[:, 0], glances.away[:, 1])
    look = away(grid, glances) + _hops(grid, seed=seed, purpose="scan", mean=SCAN, sizes=SCAN_SIZE)
    look += _hops(grid, seed=seed, purpose="micro", mean=MICRO, sizes=(MICRO_SIZE, 0.7 * MICRO_SIZE))
    for axis in (0, 1):
        look[:, axis] += coloured(
            grid, seed=seed, purpose=f"gaze/{axis}", parts=((0.35, TREMBLE), (0.12, 0.3 * TREMBLE))
        )
    called = (size * min(amount, 1.0) > BLINK_FROM) & (generator(seed, "gaze/blink").random(len(size)) < 0.6)
    return Gaze(amount * look, amount * following(grid, glances), glances.starts[called])


def away(grid: Grid, glances: Glances) -> Array:
    """Gaze (frames, 2) of these glances: by a saccade there, by another back."""
    size = np.hypot(glances.away[:, 0], glances.away[:, 1])
    fast = saccade_seconds(size)
    back = glances.starts + glances.lengths
    return np.stack(
        [
            steps(grid, glances.starts, fast, glances.away[:, axis]) - steps(grid, back, fast, glances.away[:, axis])
            for axis in (0, 1)
        ],
        axis=-1,
    )


def following(grid: Grid, glances: Glances) -> Array:
    """Head yaw and pitch (frames, 2) that go along with glances, slower than the eyes and a little behind."""
    size = np.hypot(glances.away[:, 0], glances.away[:, 1])
    slow = 0.38 + 0.02 * size
    there, back = glances.starts + 0.03, glances.starts + glances.lengths - 0.06
    share = HEAD_SHARE * glances.away
    return np.stack(
        [steps(grid, there, slow, share[:, axis]) - steps(grid, back, slow, share[:, axis]) for axis in (0, 1)], axis=-1
    )


def write(track: Track, look: Array) -> None:
    """Turn the eyes of `track` so that they look at `look`: what the head turns away, the eyes turn back.

    That is the vestibulo-ocular reflex with a gain of 1.
    """
    across = (look[:, 0] - track[:, COLUMN["headYaw"]]) / FULL[0]
    up = (look[:, 1] - track[:, COLUMN["headPitch"]]) / FULL[1]
    for side, sign in (("Left", -1.0), ("Right", 1.0)):
        track[:, COLUMN[f"eyeLookIn{side}"]] = np.clip(sign * across, 0.0, 1.0)
        track[:, COLUMN[f"eyeLookOut{side}"]] = np.clip(-sign * across, 0.0, 1.0)
        track[:, COLUMN[f"eyeLookUp{side}"]] = np.clip(up, 0.0, 1.0)
        track[:, COLUMN[f"eyeLookDown{side}"]] = np.clip(-up, 0.0, 1.0)


def read(track: Track) -> Array:
    """Where the eyes of `track` look: the inverse of `write`, from the right eye."""
    across = track[:, COLUMN["eyeLookInRight"]] - track[:, COLUMN["eyeLookOutRight"]]
    up = track[:, COLUMN["eyeLookUpRight"]] - track[:, COLUMN["eyeLookDownRight"]]
    turned = np.stack([across * FULL[0], up * FULL[1]], axis=-1).astype(np.float64)
    head = track[:, [COLUMN["headYaw"], COLUMN["headPitch"]]]
    result: Array = turned + head
    return result


def _glances(grid: Grid, *, seed: int) -> Glances:
    starts = renewal(grid, seed=seed, purpose="glance", mean=CONTACT, sigma=0.5)
    rng = generator(seed, "glance/where")
    chance = rng.random((len(starts), 3))
    lengths = GLANCE * np.exp(GLANCE_SPREAD * generator(seed, "glance/length").standard_normal(len(starts)))
    room = np.diff(starts, append=starts[-1:] + CONTACT) - 0.25
    lengths = np.clip(np.minimum(lengths, room), 0.2, 2.2)
    return Glances(starts, lengths, directions(chance))


def directions(chance: Array) -> Array:
    """Glances (n, 2) in degrees from three uniform numbers each (n, 3): mostly sideways, down more often than up."""
    size = GLANCE_SIZE[0] + (GLANCE_SIZE[1] - GLANCE_SIZE[0]) * chance[:, 0] ** 1.5
    side = np.where(chance[:, 1] < 0.5, -1.0, 1.0)
    tilt = np.deg2rad(-50.0 + 80.0 * chance[:, 2])
    return np.stack([side * size * np.cos(tilt), 0.8 * size * np.sin(tilt)], axis=-1)


def _hops(grid: Grid, *, seed: int, purpose: str, mean: float, sizes: tuple[float, float]) -> Array:
    """Saccades between independent places of the given standard deviations across and up."""
    starts = renewal(grid, seed=seed, purpose=purpose, mean=mean, sigma=0.55)
    places = generator(seed, f"{purpose}/where").standard_normal((len(starts), 2)) * sizes
    changes = np.diff(
        np.clip(places, -2.0 * np.asarray(sizes), 2.0 * np.asarray(sizes)), axis=0, prepend=np.zeros((1, 2))
    )
    fast = saccade_seconds(np.hypot(changes[:, 0], changes[:, 1]))
    return np.stack([steps(grid, starts, fast, changes[:, axis]) for axis in (0, 1)], axis=-1)
