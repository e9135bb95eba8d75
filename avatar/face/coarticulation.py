"""An utterance as a moving mouth: phones with times in, mouth columns of a motion track out. Knows no pixels, no voice.

Every articulator follows the dominance-weighted mean of the shapes around it (Cohen and Massaro 1993). A shape's weight
rises and falls along minimum-jerk steps (Flash and Hogan 1985): they end, so that nothing leaks far, and have the
bell-shaped speed of real lips. Jaw, lips and tongue have their own pace and lead. Contacts, which must be seen, are
laid over that as holds that reach every frame rate: the frame nearest to a closure's middle is shut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Utterance
from avatar.face.lips_score import Hold, Score, score
from avatar.face.noise import Grid, drift, generator, minimum_jerk
from avatar.face.tracks import COLUMN, Track, blank
from avatar.face.visemes import ARTICULATORS

Array = NDArray[np.float64]
Curves = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a group of articulators moves. Seconds: `lead` before the sound, half a step when `slow` and when `fast`."""

    names: tuple[str, ...]
    lead: float
    slow: float
    fast: float


APERTURE = ("jawOpen", "mouthLowerDown", "mouthUpperUp", "mouthClose", "mouthShrugLower", "mouthRollLower")
JAW = Pace(APERTURE, lead=0.048, slow=0.1, fast=0.04)
LIPS = Pace(("mouthPucker", "mouthFunnel", "mouthStretch", "mouthDimple"), lead=0.055, slow=0.105, fast=0.045)
TONGUE = Pace(("tongue", "tongueOut"), lead=0.015, slow=0.045, fast=0.03)
UNHURRIED = 0.8
"""Half a step's length, as a share of the mean length of the two sounds it joins, as far as the pace allows."""
LEAVE = 0.15
"""A vowel or rounded glide is left at most this share of its length before its sound ends."""
INTO_PAUSE, OUT_OF_PAUSE, PAUSE_STEP = 0.068, 0.091, 0.045
"""Seconds: the mouth's shutting is half done this long after the last sound, its opening (the breath before speaking)
this long before the first one; either takes twice the last figure."""
WIDE, BEYOND, BEND = 0.33, 0.45, 0.03
"""Jaw opening from which on it grows by a share only, over a bend of that softness: people open about equally far for
all that is loud and open (a filmed speaker's third quartile is 0.50 of his widest, the ninth decile 0.58)."""
REACH = 4
"""Shapes on either side of the current one that can still be felt."""
FASTEST = {"mouthPucker": 5.5, "mouthFunnel": 4.5, "mouthStretch": 4.5, "mouthDimple": 4.5}
"""Amounts a second: with these the mouth's width changes by at most some 5 rest widths a second."""
FINE = 1.0 / 200.0
"""Seconds between the points at which the lips' speed is limited, whatever the frame rate."""
ROUNDED_OFF = 0.05
"""Seconds of the window that softens the corners which the limit leaves."""

OWNED = (
    *("jawOpen", "jawLeft", "jawRight", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper"),
    *("mouthShrugLower", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("tongue", "tongueOut"),
)
"""Columns that speech alone decides."""
SHARED = (
    *("mouthStretchLeft", "mouthStretchRight", "mouthDimpleLeft", "mouthDimpleRight"),
    *("mouthPressLeft", "mouthPressRight"),
)
"""Columns that speech adds to what an expression has put there."""


def mouth(utterance: Utterance, *, fps: int, frames: int, seed: int) -> Track:
    """The mouth saying the utterance: a track at rest but for the columns `OWNED` and `SHARED`, sampled at k / fps.

    Same utterance and seed give the same movement at every frame rate. Raises ValueError for a frame rate below 1.
    """
    if fps < 1:
        raise ValueError(f"a film has at least 1 frame a second, not {fps}")
    if frames < 1:
        return blank(0)
    grid, asked = Grid(frames, fps), score(utterance)
    curves: Curves = {}
    for pace in (JAW, TONGUE):
        curves.update(_moved(asked, pace, grid.times))
    curves.update(_unhurried(asked, grid.times))
    quiet = _blend(asked, JAW, grid.times, target=asked.pause[None], grip=np.ones((1, len(asked.pause))))[0]
    _vary(curves, quiet, grid, seed)
    _touch(curves, asked.holds, grid)
    return _columns(curves, grid, seed)


def _step(t: Array) -> Array:
    """0 below -1, 1 above 1, minimum jerk between."""
    return minimum_jerk(0.5 + 0.5 * t)


def _moved(asked: Score, pace: Pace, times: Array) -> Curves:
    """Every articulator of the pace at `times`."""
    picked = [ARTICULATORS.index(name) for name in pace.names]
    blended = _blend(asked, pace, times, target=asked.target[:, picked].T, grip=asked.dominance[:, picked].T)
    return dict(zip(pace.names, blended, strict=True))


def _unhurried(asked: Score, times: Array) -> Curves:
    """The lips at `times`, none faster than `FASTEST`, without lag."""
    margin = 1.0 / min(FASTEST.values()) + ROUNDED_OFF
    fine = np.arange(-np.ceil(margin / FINE), np.ceil((times[-1] + margin) / FINE) + 1.0) * FINE
    window = np.hanning(round(ROUNDED_OFF / FINE) | 1)
    window /= window.sum()
    curves: Curves = {}
    for name, curve in _moved(asked, LIPS, fine).items():
        slow = np.convolve(_slowed(curve, FASTEST[name] * FINE), window, mode="same")
        curves[name] = np.interp(times, fine, slow)
    return curves


def _slowed(curve: Array, step: float) -> Array:
    """The curve with no step larger than `step`: the mean of its least such majorant and greatest such minorant.

    Both are symmetric in time, so that a peak stays where it is, and a curve that is slow enough stays as it is.
    """
    result: Array = 0.5 * (_above(curve, step) - _above(-curve, step))
    return result


def _above(curve: Array, step: float) -> Array:
    """The least curve nowhere below `curve` whose steps are at most `step`."""
    ramp = step * np.arange(len(curve))
    after = np.maximum.accumulate(curve + ramp) - ramp
    before = np.maximum.accumulate(curve[::-1] + ramp)[::-1] - ramp[::-1]
    result: Array = np.maximum(after, before)
    return result


def _blend(asked: Score, pace: Pace, times: Array, *, target: Array, grip: Array) -> Array:
    """The mean of the shapes in reach, weighted by grip and nearness: (m, frames) from `target` and `grip` (m, n)."""
    edges, half = _steps(asked, pace)
    here = np.searchsorted(edges, times, side="right") - 1
    total = np.full((len(target), len(times)), 1e-9)
    moved = np.zeros((len(target), len(times)))
    for offset in range(-REACH, REACH + 1):
        at = np.clip(here + offset, 0, len(edges) - 2)
        near = _step((times - edges[at]) / half[at]) * (1.0 - _step((times - edges[at + 1]) / half[at + 1]))
        weight = grip[:, at] * np.where(here + offset == at, near, 0.0)
        total += weight
        moved += weight * target[:, at]
    result: Array = moved / total
    return result


def _steps(asked: Score, pace: Pace) -> tuple[Array, Array]:
    """When one shape gives way to the next, and half of how long that takes: (n + 1,) each."""
    length = np.diff(asked.edges)
    pair = np.concatenate([length[:1], 0.5 * (length[:-1] + length[1:]), length[-1:]])
    shown = np.concatenate([[0.0], asked.shown * length])
    lead = np.where(shown > 0.0, np.minimum(pace.lead, LEAVE * shown), pace.lead)
    half = np.clip(UNHURRIED * pair, pace.fast, pace.slow)
    before, after = np.concatenate([[1.0], asked.pause]), np.concatenate([asked.pause, [1.0]])
    shutting, opening = after * (1.0 - before), before * (1.0 - after)
    lead += shutting * (-INTO_PAUSE - lead) + opening * (OUT_OF_PAUSE - lead)
    half += np.maximum(shutting, opening) * (PAUSE_STEP - half)
    return np.maximum.accumulate(asked.edges - lead), half


def _wave(grid: Grid, seed: int, purpose: str, spacing: float) -> Array:
    """A slow seeded wander, mostly between -1 and 1, never beyond 2."""
    return np.clip(0.7 * drift(grid, seed=seed, purpose=f"lips/{purpose}", spacing=spacing), -2.0, 2.0)


def _vary(curves: Curves, quiet: Array, grid: Grid, seed: int) -> None:
    """No two syllables alike; and lips that rest together in silence without being frozen."""
    curves["jawOpen"] *= 1.0 + 0.09 * _wave(grid, seed, "jaw", 0.45)
    curves["jawOpen"] = _levelled(curves["jawOpen"])
    curves["mouthPucker"] *= 1.0 + 0.06 * _wave(grid, seed, "pucker", 0.6)
    curves["mouthStretch"] *= 1.0 + 0.12 * _wave(grid, seed, "stretch", 0.8)
    curves["jawOpen"] += quiet * 0.01 * (1.0 + _wave(grid, seed, "rest", 1.3))
    curves["mouthClose"] -= quiet * 0.06 * (1.0 + _wave(grid, seed, "part", 1.6))
    curves["mouthPress"] = quiet * 0.035 * np.maximum(1.0 + _wave(grid, seed, "press", 2.1), 0.0)
    curves["mouthRollUpper"] = quiet * 0.02 * np.maximum(1.0 + _wave(grid, seed, "roll", 1.8), 0.0)


def _levelled(jaw: Array) -> Array:
    """The jaw's opening, which beyond `WIDE` grows little."""
    over = np.logaddexp(0.0, (jaw - WIDE) / BEND) - np.logaddexp(0.0, -WIDE / BEND)
    result: Array = jaw - (1.0 - BEYOND) * BEND * over
    return result


def _touch(curves: Curves, holds: tuple[Hold, ...], grid: Grid) -> None:
    """Lay the contacts over the curves: lips that shut, lower lip on the upper teeth."""
    shut = _made([hold for hold in holds if hold.contact == "lips"], grid)
    bite = _made([hold for hold in holds if hold.contact == "teeth"], grid) * (1.0 - shut)
    curves["mouthClose"] = np.maximum(curves["mouthClose"] * (1.0 - bite), shut)
    curves["mouthPress"] += 0.3 * shut**2
    curves["mouthRollLower"] = np.maximum(curves["mouthRollLower"] + 0.1 * shut**2, 0.92 * bite)
    curves["mouthRollUpper"] += 0.12 * shut**2
    curves["jawOpen"] *= 1.0 - 0.45 * bite
    curves["mouthLowerDown"] *= 1.0 - bite
    curves["mouthUpperUp"] = np.maximum(curves["mouthUpperUp"], 0.32 * bite)


def _made(holds: list[Hold], grid: Grid) -> Array:
    """How far a contact is made at each frame: all through every hold, which lasts a frame at the least."""
    made = np.zeros(grid.frames)
    if not holds:
        return made
    table = np.array([[hold.start, hold.end, hold.into, hold.out_of, hold.firm] for hold in holds])
    begin, end, into, out_of, firm = table.T
    middle, frame_half = 0.5 * (begin + end), 0.505 / grid.fps
    begin, end = np.minimum(begin, middle - frame_half), np.maximum(end, middle + frame_half)
    first = np.floor((begin - into) * grid.fps).astype(int)
    longest = float(np.max(end - begin + into + out_of))
    for offset in range(int(np.ceil(longest * grid.fps)) + 2):
        frame = first + offset
        t = frame / grid.fps
        rise = _step(2.0 * (t - begin) / into + 1.0)
        fall = 1.0 - _step(2.0 * (t - end) / out_of - 1.0)
        inside = (frame >= 0) & (frame < grid.frames)
        np.maximum.at(made, frame[inside], (firm * rise * fall)[inside])
    return made


def _columns(curves: Curves, grid: Grid, seed: int) -> Track:
    """Curves as track columns; sides differ a little, by the speaker and slowly in time."""
    track = blank(grid.frames)
    speaker = generator(seed, "lips/sides")
    lean = speaker.uniform(-0.05, 0.05)
    for name, curve in curves.items():
        if name in COLUMN:
            track[:, COLUMN[name]] = np.clip(curve, 0.0, 1.0)
            continue
        tilt = lean + speaker.uniform(-0.03, 0.03) + 0.03 * _wave(grid, seed, f"sides/{name}", 1.7)
        track[:, COLUMN[name + "Left"]] = np.clip(curve * (1.0 + tilt), 0.0, 1.0)
        track[:, COLUMN[name + "Right"]] = np.clip(curve * (1.0 - tilt), 0.0, 1.0)
    aside = curves["jawOpen"] * (speaker.uniform(-0.05, 0.05) + 0.03 * _wave(grid, seed, "aside", 1.1))
    track[:, COLUMN["jawLeft"]] = np.maximum(aside, 0.0)
    track[:, COLUMN["jawRight"]] = np.maximum(-aside, 0.0)
    return track
