"""A face that means what it says: brows on accents and in questions, smiles, breath in pauses, eyes that think.

Knows neither who speaks nor how it is drawn. Brow raises begin before the accented vowel (Flecha-Garcia 2010, Speech
Commun. 52:542).
"""

import numpy as np

from avatar.face import gaze
from avatar.face.head_motion import activity
from avatar.face.noise import Array, Grid, bump, coloured, generator, pulses, steps
from avatar.face.prosody import Phrase
from avatar.face.tracks import COLUMN, Track

RAISED_FROM = 0.30
"""Accents of more weight than this may raise the brows."""
OFTEN = (0.86, 0.58)
"""How often a phrase's main accent raises them, and how often another one."""
RAISE = (0.24, 0.80)
"""Height of a raise on a weightless accent and on the weightiest."""
HIGHEST = 0.71
"""Where raises that add up level off."""
RESTLESS = ((0.50, 0.086), (0.20, 0.104), (0.10, 0.045))
"""Bands (knot spacing in seconds, standard deviation) of each brow's own small movement while speaking."""
BROWS = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
LEAD = 0.17
"""Seconds by which a brow raise begins before its vowel."""
RISE, FALL = 0.20, 0.28
HELD = (0.03, 0.4)
"""Shortest and longest time in seconds that brows stay up."""
INHALE_FROM = 0.28
"""Pauses of at least this many seconds are used to breathe in."""
THINK_FROM = 1.6
"""Phrases of at least this many seconds may begin with a look away."""


def speak(track: Track, grid: Grid, spoken: tuple[Phrase, ...], *, seed: int, amount: float) -> None:
    """Add what speech does to brows, lids and smile. Brows that would go below their rest are drawn down."""
    raises = HIGHEST * np.tanh((_raises(grid, spoken, seed=seed) + _questions(grid, spoken)) / HIGHEST)
    tilt = 0.12 * coloured(grid, seed=seed, purpose="brow/tilt", parts=((1.7, 1.0),))
    added = {
        "browInnerUp": raises,
        "browOuterUpLeft": (0.85 + tilt) * raises,
        "browOuterUpRight": (0.85 - tilt) * raises,
        "eyeWideLeft": 0.2 * raises,
        "eyeWideRight": 0.2 * raises,
    }
    free = activity(grid, spoken) * (1.0 - 0.75 * raises / HIGHEST)
    for name in BROWS:
        own = free * coloured(grid, seed=seed, purpose=f"restless/{name}", parts=RESTLESS)
        added[name] = added[name] + own
    smile = _smiles(grid, spoken, seed=seed)
    added |= {
        "mouthSmileLeft": smile,
        "mouthSmileRight": smile,
        "cheekSquintLeft": 0.6 * smile,
        "cheekSquintRight": 0.6 * smile,
    }
    frown = np.zeros(grid.frames)
    for name, values in added.items():
        wanted = track[:, COLUMN[name]] + amount * values
        track[:, COLUMN[name]] = np.clip(wanted, 0.0, 1.0)
        if name in BROWS:
            frown = frown + np.maximum(-wanted, 0.0) / len(BROWS)
    for name in ("browDownLeft", "browDownRight"):
        track[:, COLUMN[name]] = np.clip(track[:, COLUMN[name]] + frown, 0.0, 1.0)


def _raises(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int) -> Array:
    accents = [accent for phrase in spoken for accent in phrase.accents]
    if not accents:
        return np.zeros(grid.frames)
    chance = generator(seed, "brow/raise").random((len(accents), 3))
    weight = np.asarray([accent.weight for accent in accents])
    main = np.asarray([accent.main for accent in accents])
    raised = (weight > RAISED_FROM) & (chance[:, 0] < np.where(main, *OFTEN))
    height = (RAISE[0] + (RAISE[1] - RAISE[0]) * weight * (0.45 + 0.55 * chance[:, 1])) * raised
    starts = np.asarray([accent.time for accent in accents]) - LEAD
    ends = starts + RISE + HELD[0] + (HELD[1] - HELD[0]) * chance[:, 2] ** 2
    rise, fall = np.full(len(accents), RISE), np.full(len(accents), FALL)
    return steps(grid, starts, rise, height) - steps(grid, ends, fall, height)


def _questions(grid: Grid, spoken: tuple[Phrase, ...]) -> Array:
    """Brows stay up over the end of a question."""
    asked = [phrase for phrase in spoken if phrase.ending == "question"]
    starts = np.asarray([max(phrase.start, phrase.end - 0.75) for phrase in asked])
    ends = np.asarray([phrase.end + 0.20 for phrase in asked])
    up = np.full(len(asked), 0.30)
    return steps(grid, starts, np.full(len(asked), 0.4), up) - steps(grid, ends, np.full(len(asked), 0.6), up)


def _smiles(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int) -> Array:
    """A little more warmth at the ends of sentences."""
    ends = [
        phrase.end for phrase in spoken if phrase.ending in ("stop", "question", "exclamation") and phrase.pause > 0.2
    ]
    chance = generator(seed, "smile/end").random((len(ends), 2))
    return pulses(grid, np.asarray(ends) - 0.35, 1.3 + 0.8 * chance[:, 0], 0.03 + 0.05 * chance[:, 1], bump(0.4))


def glances(spoken: tuple[Phrase, ...], *, seed: int) -> gaze.Glances:
    """Looks away as longer phrases begin: people do while they plan (Kendon 1967, Acta Psychol. 26:22)."""
    rng = generator(seed, "think")
    chance = rng.random((len(spoken), 6))
    starts, lengths, away = [], [], []
    for number, (phrase, draw) in enumerate(zip(spoken, chance, strict=True)):
        rested = number == 0 or spoken[number - 1].pause > 0.25
        if rested and phrase.end - phrase.start > THINK_FROM and draw[0] < 0.45:
            starts.append(phrase.start - 0.10 + 0.25 * draw[1])
            lengths.append(0.5 + 0.5 * draw[2])
            away.append(gaze.directions(draw[None, 3:6])[0])
    return gaze.Glances(np.asarray(starts), np.asarray(lengths), np.asarray(away).reshape(-1, 2))


def attention(grid: Grid, spoken: tuple[Phrase, ...]) -> Array:
    """Share of the idle looks away that remains: a sentence's end is told to the viewer."""
    ends = [phrase for phrase in spoken if phrase.ending in ("stop", "question", "exclamation")]
    starts = np.asarray([phrase.end - 0.45 for phrase in ends])
    after = np.asarray([phrase.end + 0.35 for phrase in ends])
    fast, change = np.full(len(ends), 0.045), np.full(len(ends), 0.85)
    return np.clip(1.0 - steps(grid, starts, fast, change) + steps(grid, after, fast, change), 0.15, 1.0)


def breathe(track: Track, grid: Grid, spoken: tuple[Phrase, ...]) -> None:
    """Breathe in fast in pauses and out slowly while speaking; idle breath stays where nothing is said."""
    stops = [phrase for number, phrase in enumerate(spoken) if phrase.pause >= INHALE_FROM and number + 1 < len(spoken)]
    if not spoken:
        return
    took = np.asarray([max(spoken[0].start - 0.5, 0.0), *(phrase.end + 0.06 for phrase in stops)])
    until = np.asarray([*took[1:], spoken[-1].end + 0.05])
    quick = np.asarray([0.45, *(min(phrase.pause, 0.75) for phrase in stops)])
    depth = np.clip(0.35 + 0.12 * (until - took), 0.3, 0.85)
    flow = steps(grid, took, quick, depth) - steps(grid, took + quick, np.maximum(until - took - quick, 0.3), depth)
    weight = steps(grid, np.asarray([took[0] - 0.1, until[-1]]), np.asarray([0.4, 1.5]), np.asarray([1.0, -1.0]))
    idle = track[:, COLUMN["breath"]]
    track[:, COLUMN["breath"]] = np.clip((1.0 - weight) * idle + weight * (0.1 + flow), 0.0, 1.0)
