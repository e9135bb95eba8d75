"""Life without words: breath, the sway of a sitting body, a slowly drifting head, small changes of a friendly face.

Knows neither speech nor pixels. Every function adds to the columns of a motion track that are its own.
"""

import numpy as np

from avatar.face import leaning
from avatar.face.noise import Array, Grid, bump, coloured, generator, pulses, renewal, steps
from avatar.face.tracks import COLUMN, Track

BREATH = 4.3
"""Mean seconds of one breath: 14 a minute, as adults at rest."""
INHALE = 0.38
"""Share of a breath that is breathing in; breathing out takes longer, and a short rest follows."""
EXHALE = 0.50
HEAD_BANDS = {
    "headYaw": ((2.6, 1.00), (1.1, 0.45), (0.45, 0.16)),
    "headPitch": ((2.3, 0.70), (1.0, 0.35), (0.40, 0.13)),
    "headRoll": ((2.8, 0.65), (1.2, 0.25), (0.50, 0.10)),
    "headX": ((2.4, 0.0050), (1.0, 0.0020)),
    "headY": ((2.2, 0.0035), (0.9, 0.0015)),
    "headScale": ((2.9, 0.0045), (1.3, 0.0015)),
}
"""Knot spacings in seconds and standard deviations, in each column's unit, of a head that nothing moves on purpose."""
SWAY_BANDS = {"bodyX": ((2.9, 0.0080), (1.4, 0.0025)), "bodyRoll": ((2.7, 0.35), (1.3, 0.12))}
HEAD_RIDES = 1.2
"""How far the head goes along with the sway of the shoulders: it sits farther from the seat."""
SMILE = 0.085
"""A pleasant face at rest."""
EXPRESSION = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekSquintLeft",
    "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight", "mouthSmileLeft", "mouthSmileRight",
)  # fmt: skip
"""The columns that carry expression."""


def breathe(track: Track, grid: Grid, *, seed: int) -> None:
    """Breath after breath, none like the other: length, depth and share of breathing in vary."""
    starts = renewal(grid, seed=seed, purpose="breath", mean=BREATH, sigma=0.13)
    starts = np.concatenate([starts[:1] - BREATH, starts])
    chance = generator(seed, "breath/shape").random((len(starts), 2))
    length = np.diff(starts, append=starts[-1:] + BREATH)
    depth = 0.78 + 0.20 * chance[:, 0]
    inhale = length * (INHALE + 0.05 * (chance[:, 1] - 0.5))
    rise = steps(grid, starts, inhale, depth) - steps(grid, starts + inhale, EXHALE * length, depth)
    track[:, COLUMN["breath"]] = np.clip(rise, 0.0, 1.0)


def sway(track: Track, grid: Grid, *, seed: int, amount: float) -> None:
    """A body that wanders in its seat, shoulders that shift a little, a head that drifts on them."""
    leaning.drift(track, grid, seed=seed, amount=amount)
    for name, bands in (*SWAY_BANDS.items(), *HEAD_BANDS.items()):
        track[:, COLUMN[name]] += amount * coloured(grid, seed=seed, purpose=f"sway/{name}", parts=bands)
    track[:, COLUMN["headX"]] += HEAD_RIDES * track[:, COLUMN["bodyX"]]
    track[:, COLUMN["headRoll"]] += 0.6 * track[:, COLUMN["bodyRoll"]]


def express(track: Track, grid: Grid, *, seed: int) -> None:
    """A friendly face that is never quite the same: smile, cheeks and brows move by a few hundredths."""
    smile = SMILE + coloured(grid, seed=seed, purpose="smile", parts=((2.7, 0.012), (1.2, 0.005)))
    lean = 0.006 * coloured(grid, seed=seed, purpose="smile/lean", parts=((2.5, 1.0),))
    _put(track, "mouthSmileLeft", np.clip(smile + lean, 0.05, 0.12))
    _put(track, "mouthSmileRight", np.clip(smile - lean, 0.05, 0.12))
    lift = _brow_lifts(grid, seed=seed)
    common = 0.05 + coloured(grid, seed=seed, purpose="brow", parts=((1.6, 0.022), (0.6, 0.012), (0.22, 0.006)))
    for name, share in (("browInnerUp", 1.0), ("browOuterUpLeft", 0.75), ("browOuterUpRight", 0.75)):
        own = coloured(grid, seed=seed, purpose=f"brow/{name}", parts=((1.1, 0.010), (0.35, 0.005)))
        _put(track, name, np.maximum(share * (common + lift) + own, 0.0))
    squint = np.maximum(
        0.03 + 0.5 * (smile - SMILE) + coloured(grid, seed=seed, purpose="squint", parts=((1.3, 0.012),)), 0.0
    )
    knit = np.maximum(coloured(grid, seed=seed, purpose="knit", parts=((1.9, 0.018),)) - 0.01, 0.0)
    for side in ("Left", "Right"):
        _put(track, f"cheekSquint{side}", np.maximum(0.6 * smile, 0.0))
        _put(track, f"eyeSquint{side}", squint)
        _put(track, f"browDown{side}", knit)


def _brow_lifts(grid: Grid, *, seed: int) -> Array:
    """Now and then the brows go up for a moment."""
    starts = renewal(grid, seed=seed, purpose="brow/lift", mean=8.0, sigma=0.5)
    chance = generator(seed, "brow/lift/shape").random((len(starts), 2))
    return pulses(grid, starts, 0.7 + 0.7 * chance[:, 0], 0.08 + 0.16 * chance[:, 1], bump(0.35))


def _put(track: Track, name: str, values: Array) -> None:
    track[:, COLUMN[name]] += values
