"""The head of somebody who speaks: a new posture with each phrase, nods on stressed syllables, calm in pauses.

Knows neither who speaks nor how it is drawn. Postures by phrase and nods on accents after Graf et al. 2002 (Visual
prosody, FG 2002) and Hadar et al. 1983 (Lang. Speech 26:117); sizes and speeds are those of a recorded speaker, calmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from avatar.face.noise import Array, Grid, bump, coloured, generator, pulses, steps
from avatar.face.prosody import Accent, Phrase
from avatar.face.tracks import COLUMN, Track

POSTURE = {"headYaw": 3.2, "headPitch": 3.0, "headRoll": 2.8, "headX": 0.024, "headY": 0.017, "headScale": 0.011}
"""Standard deviation of the postures that phrases bring, in each column's unit."""
LIVELY = {
    "headYaw": ((0.80, 1.20), (0.38, 0.65), (0.18, 0.18)),
    "headPitch": ((0.75, 0.80), (0.36, 0.50), (0.17, 0.14)),
    "headRoll": ((0.80, 0.80), (0.38, 0.42), (0.19, 0.11)),
    "headX": ((1.00, 0.0050), (0.45, 0.0015)),
    "headY": ((0.95, 0.0050), (0.42, 0.0015)),
    "headScale": ((1.10, 0.0030),),
}
"""Bands (knot spacing in seconds, standard deviation) of the restlessness that goes with speaking."""
LIMIT = {"headYaw": 9.5, "headPitch": 7.5, "headRoll": 6.5, "headX": 0.075, "headY": 0.05, "headScale": 0.035}
"""Where each column levels off at amount 1; beyond, a flat picture can't be turned prettily."""
HOLD = (1.3, 2.6)
"""Shortest and longest time in seconds that a posture is kept while speech goes on."""
CHANGE_SIDES = 0.78
"""How often a new posture lies on the other side of rest; the first ones always do, so that short films move too."""
SETTLE = 0.55
"""Pauses longer than this bring the head to rest."""
NOD = (1.0, 4.2)
"""Degrees of a nod on a syllable of no weight and of full weight."""
APEX = 0.45
"""Share of a nod's length after which it is lowest."""
CHIN_UP = 0.8
"""Degrees by which the head is held higher while speaking, which nods take back on average."""
SHOULDERS = 0.3
"""Share of a sideways posture that the shoulders go along."""


@dataclass(frozen=True, slots=True)
class _Turn:
    time: float
    length: float
    target: Array


def speaking(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int) -> dict[str, Array]:
    """What speech adds to the head columns and to `bodyX`, at amount 1."""
    moved = _postures(grid, spoken, seed=seed)
    busy = activity(grid, spoken)
    for name, bands in LIVELY.items():
        moved[name] = moved[name] + busy * coloured(grid, seed=seed, purpose=f"lively/{name}", parts=bands)
    for name, beat in _beats(grid, spoken, seed=seed).items():
        moved[name] = moved[name] + beat
    moved["headPitch"] = moved["headPitch"] + CHIN_UP * busy
    return moved


def activity(grid: Grid, spoken: tuple[Phrase, ...]) -> Array:
    """1 while somebody speaks, a quarter in long pauses and outside."""
    starts, changes = [], []
    for number, phrase in enumerate(spoken):
        if number == 0 or spoken[number - 1].pause > SETTLE:
            starts.append(phrase.start - 0.35)
            changes.append(0.75)
        if phrase.pause > SETTLE or number + 1 == len(spoken):
            starts.append(phrase.end - 0.05)
            changes.append(-0.75)
    return 0.25 + steps(grid, np.asarray(starts), np.full(len(starts), 0.5), np.asarray(changes))


def limited(track: Track, ends: Mapping[str, float] = LIMIT, *, amount: float) -> None:
    """Level columns off smoothly at these `ends`; at amount 2 half as far again."""
    room = 1.0 + 0.5 * max(0.0, amount - 1.0)
    for name, most in ends.items():
        column = COLUMN[name]
        end = most * room
        track[:, column] = end * np.tanh(track[:, column] / end)


def _postures(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int) -> dict[str, Array]:
    turns = _turns(spoken, seed=seed)
    times = np.asarray([turn.time for turn in turns])
    lengths = np.asarray([turn.length for turn in turns])
    targets = np.asarray([turn.target for turn in turns]).reshape(-1, len(POSTURE))
    changes = np.diff(targets, axis=0, prepend=np.zeros((1, len(POSTURE))))
    sizes = tuple(POSTURE.values())
    moved = {
        name: size * steps(grid, times, lengths, changes[:, n])
        for n, (name, size) in enumerate(zip(POSTURE, sizes, strict=True))
    }
    moved["bodyX"] = SHOULDERS * moved["headX"]
    return moved


def _turns(spoken: tuple[Phrase, ...], *, seed: int) -> list[_Turn]:
    """When the head takes which posture: at phrase starts, on accents in long phrases, and towards rest in pauses."""
    rng = generator(seed, "posture")
    turns: list[_Turn] = []
    target = np.zeros(len(POSTURE))
    for phrase in spoken:
        moments = [phrase.start - 0.18]
        for accent in phrase.accents:
            if (
                accent.time - moments[-1] > HOLD[0] + (HOLD[1] - HOLD[0]) * rng.random()
                and phrase.end - accent.time > 0.5
            ):
                moments.append(accent.time - 0.25)
        for moment in moments:
            target = _next(target, rng, change=CHANGE_SIDES if len(turns) > 2 else 1.0)
            turns.append(_Turn(moment, 0.40 + 0.40 * float(rng.random()), target))
        target = _closing(phrase, target, rng)
        if phrase.pause > SETTLE:
            target = 0.35 * target
            turns.append(_Turn(phrase.end + 0.02, 0.9, target))
        elif phrase.ending != "":
            turns.append(_Turn(phrase.end - 0.30, 0.7, target))
    return turns


def _next(target: Array, rng: np.random.Generator, *, change: float) -> Array:
    """Another posture, in standard deviations: in each column mostly on the other side of rest, near it or far."""
    chance = rng.random((2, len(POSTURE)))
    side = np.where(target != 0.0, np.sign(target), np.where(rng.random(len(POSTURE)) < 0.5, -1.0, 1.0))
    size = 0.60 + 0.85 * chance[0]
    result: Array = np.where(chance[1] < change, -side, side) * size
    return result


def _closing(phrase: Phrase, target: Array, rng: np.random.Generator) -> Array:
    """The posture at a phrase's end: a question tilts and lifts the head, a full stop lowers it a little."""
    closing = np.asarray(target).copy()
    tilt = 1.0 if rng.random() < 0.5 else -1.0
    if phrase.ending == "question":
        closing[1], closing[2] = 1.3, 1.2 * tilt
    elif phrase.ending == "stop":
        closing *= 0.6
        closing[1] -= 0.5
    elif phrase.ending == "exclamation":
        closing[1] = 0.8
    return closing


def _beats(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int) -> dict[str, Array]:
    """Nods, with a little turn and tilt: lowest just after the stressed vowel has begun, led in by a slight lift."""
    accents = [accent for phrase in spoken for accent in phrase.accents]
    if not accents:
        return {}
    rng = generator(seed, "beats")
    chance = rng.standard_normal((len(accents), 4))
    weight = np.asarray([accent.weight for accent in accents])
    size = (NOD[0] + (NOD[1] - NOD[0]) * weight**1.4) * np.exp(0.30 * chance[:, 0])
    size = np.where((chance[:, 3] > 0.9) & (weight < 0.8), 0.25, 1.0) * size
    lengths = 0.42 + 0.20 * weight
    starts = np.asarray([apex(accent) for accent in accents]) - APEX * lengths
    shape = bump(APEX)
    down = -pulses(grid, starts, lengths, size, shape)
    lift = pulses(grid, starts - 0.16, np.full(len(accents), 0.36), 0.22 * size, bump(0.5))
    return {
        "headPitch": down + lift,
        "headYaw": pulses(grid, starts, 1.3 * lengths, (0.35 + 0.9 * weight) * chance[:, 1], shape),
        "headRoll": pulses(grid, starts, 1.4 * lengths, (0.25 + 0.55 * weight) * chance[:, 2], shape),
        "headScale": pulses(grid, starts, 1.2 * lengths, 0.005 * weight, shape),
        "headY": pulses(grid, starts, lengths, 0.006 * weight, shape),
    }


def apex(accent: Accent) -> float:
    """When a nod on this accent is lowest: just into its vowel."""
    return accent.time + min(0.05, 0.35 * accent.length)
