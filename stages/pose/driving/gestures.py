"""Hands that speak along: raised as a longer phrase begins, beating its accents, laid down in pauses. Knows no body.

Beats fall on stressed syllables as nods do (McNeill 1992, Hand and Mind); times are seconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.face.head_motion import apex
from avatar.face.noise import Grid, bump, generator, pulses, steps
from avatar.face.prosody import Phrase
from stages.pose.driving.arms import LEFT, RIGHT, Ways, still

Array = NDArray[np.float64]

SPACE = (-0.03, 0.47)
"""Where hands speak, in arm lengths from the shoulder: before the body, at the height of the belly."""
OPEN, SHOWN = 0.2, 0.25
"""Curl and palm of a hand that speaks."""
LONG = 1.1
"""Seconds of a phrase from which on it is worth raising a hand."""
RAISE, LOWER = 0.55, 0.75
STROKE = (0.03, 0.10)
"""Depth of a beat on a syllable of no weight and of full weight, in arm lengths."""
REST_FROM = 0.5
"""Seconds of pause in which the hands come down."""
BOTH = 0.45
"""How often both hands go up."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One stay of a hand in the air, from `start` to `end`."""

    start: float
    end: float
    hands: tuple[int, ...]


def speaking(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int, amount: float = 1.0) -> Ways:
    """The ways of hands that go with an utterance; `amount` 0 leaves them where they are."""
    ways = still(grid.frames)
    if amount <= 0.0:
        return ways
    stays = stays_of(spoken, seed=seed, amount=amount)
    rng = generator(seed, "gestures/space")
    for hand in (RIGHT, LEFT):
        up = [stay for stay in stays if hand in stay.hands]
        chance = rng.standard_normal((max(len(stays), 1), 2))
        starts, ends = np.asarray([stay.start for stay in up]), np.asarray([stay.end for stay in up])
        ones = np.ones(len(up))
        raised = steps(grid, starts, RAISE * ones, ones) - steps(grid, ends, LOWER * ones, ones)
        ways.raised[:, hand] = np.clip(raised, 0.0, 1.0)
        wander = steps(grid, starts, RAISE * ones, np.diff(0.05 * chance[: len(up), 0], prepend=0.0))
        ways.goal[:, hand, 0] = SPACE[0] + wander
        ways.goal[:, hand, 1] = SPACE[1] + beats(grid, spoken, seed=seed, amount=amount)
        ways.curl[:, hand] += ways.raised[:, hand] * (OPEN - ways.curl[:, hand])
        ways.palm[:, hand] += ways.raised[:, hand] * (SHOWN - ways.palm[:, hand])
    return ways


def stays_of(spoken: tuple[Phrase, ...], *, seed: int, amount: float) -> tuple[Raised, ...]:
    """When which hands are up: for long phrases, joined where the pause between them is short."""
    rng = generator(seed, "gestures/stays")
    found: list[Raised] = []
    for phrase in spoken:
        chance = rng.random(3)
        if phrase.end - phrase.start < LONG or not phrase.accents or chance[0] > 0.75 * amount:
            continue
        hands = (RIGHT, LEFT) if chance[1] < BOTH else ((RIGHT,) if chance[2] < 0.7 else (LEFT,))
        start = apex(phrase.accents[0]) - RAISE
        end = phrase.end - 0.15
        if found and start - found[-1].end < REST_FROM:
            found[-1] = Raised(found[-1].start, end, found[-1].hands)
        else:
            found.append(Raised(start, end, hands))
    return tuple(found)


def beats(grid: Grid, spoken: tuple[Phrase, ...], *, seed: int, amount: float) -> Array:
    """Strokes downward on accents, in arm lengths: lowest where a nod would be."""
    accents = [accent for phrase in spoken for accent in phrase.accents]
    if not accents:
        return np.zeros(grid.frames)
    weight = np.asarray([accent.weight for accent in accents])
    chance = generator(seed, "gestures/beats").standard_normal(len(accents))
    depth = amount * (STROKE[0] + (STROKE[1] - STROKE[0]) * weight) * np.exp(0.25 * chance)
    lengths = 0.34 + 0.16 * weight
    starts = np.asarray([apex(accent) for accent in accents]) - 0.5 * lengths
    return pulses(grid, starts, lengths, depth, bump(0.5))
