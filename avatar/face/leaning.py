"""The whole body of somebody who sits before a camera: it leans aside, sinks, comes nearer, and changes its posture.

Knows neither words nor pixels. Sizes are those of filmed speakers, whose faces wander by some 18 of 512 pixels (the
ground truth of THEval, see `avatar.face.theval`); seated people shift their posture between thoughts (Cassell et al.
2001, ACL 39:114).
"""

import numpy as np

from avatar.face.noise import Array, Grid, coloured, generator, steps
from avatar.face.prosody import Phrase
from avatar.face.tracks import COLUMN, Track

COLUMNS = ("leanX", "leanY", "leanScale")
DRIFT = {
    "leanX": ((5.2, 0.044), (2.3, 0.008)),
    "leanY": ((6.1, 0.020), (2.6, 0.004)),
    "leanScale": ((6.8, 0.0075), (2.9, 0.002)),
}
"""Knot spacings in seconds and standard deviations, in each column's unit, of a body that nothing moves on purpose."""
POSTURE = {"leanX": 0.100, "leanY": 0.043, "leanScale": 0.0125}
"""Standard deviation of the postures between which somebody changes who speaks."""
LIMIT = {"leanX": 0.44, "leanY": 0.18, "leanScale": 0.09}
"""Where each column levels off at amount 1."""
KEPT = (2.6, 6.5)
"""Shortest and longest time in seconds that a posture is kept, if thoughts end then."""
LENGTH = (1.4, 2.7)
"""Shortest and longest time in seconds that a change takes."""
OTHER_SIDE = 0.88
"""How often a new posture lies on the other side of rest."""
HEAD_TILTS = 0.30
"""Share of a lean that the head tilts along; the rest it holds against, to look level."""


def drift(track: Track, grid: Grid, *, seed: int, amount: float) -> None:
    """Add the slow wandering of somebody who sits."""
    for name, bands in DRIFT.items():
        track[:, COLUMN[name]] += amount * coloured(grid, seed=seed, purpose=f"lean/{name}", parts=bands)


def shifts(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int) -> dict[str, Array]:
    """What speech adds to `COLUMNS`: at the start, and where a thought ends, the body takes another posture."""
    rng = generator(seed, "lean/posture")
    target, until = np.zeros(len(COLUMNS)), -1.0
    times, lengths, changes = [], [], []
    for start in [phrase.start - 0.3 for phrase in spoken[:1]] + [phrase.end - 0.15 for phrase in spoken[:-1]]:
        chance = rng.random((2, len(COLUMNS)))
        length = LENGTH[0] + (LENGTH[1] - LENGTH[0]) * float(rng.random())
        if start < until:
            continue
        first = np.where(rng.random(len(COLUMNS)) < 0.5, -1.0, 1.0)
        side = np.where(target == 0.0, first, np.where(chance[0] < OTHER_SIDE, -1.0, 1.0) * np.sign(target))
        new = side * (0.75 + 0.50 * chance[1])
        times.append(start)
        lengths.append(length)
        changes.append(new - target)
        target, until = new, start + length + KEPT[0] + (KEPT[1] - KEPT[0]) * float(rng.random())
    moved = np.asarray(changes).reshape(-1, len(COLUMNS))
    return {
        name: size * steps(grid, np.asarray(times), np.asarray(lengths), moved[:, number])
        for number, (name, size) in enumerate(POSTURE.items())
    }


def tilt(track: Track, seat: float) -> Array:
    """Degrees by which the head tilts along with the lean about a seat that many face heights below the neck."""
    return HEAD_TILTS * np.rad2deg(track[:, COLUMN["leanX"]].astype(np.float64) / seat)
