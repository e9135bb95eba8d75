"""Somebody in a conversation: looks at who speaks, nods at what is said, turns to whom it is said.

Knows neither voices nor pixels. Listeners look at speakers for most of the time, speakers at listeners for less, and
most surely as they end (Kendon 1967, Acta Psychol. 26:22). Nods come where phrases end (Dittmann & Llewellyn 1968, J.
Pers. Soc. Psychol. 9:79).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avatar.artifacts import Utterance
from avatar.face import gaze
from avatar.face.noise import Array, Grid, bump, generator, pulses, steps
from avatar.face.prosody import Phrase, phrases
from avatar.face.tracks import COLUMN, Track

NOTICES = (0.12, 0.30)
"""Seconds in which one notices that another has begun to speak."""
STAYS = (0.25, 0.90)
"""Seconds into one's own turn for which one still looks at whom one answers."""
YIELDS = (0.25, 0.55)
"""Seconds before the end of one's own turn at which one looks at who speaks next."""
ASKS_FROM, ASKS_EVERY, ASKS = 3.0, 4.5, (0.8, 1.5)
"""A turn from so many seconds on has looks at the others in it: about so often, for so long."""
BREAK_FROM, BREAK_EVERY, BREAK = 5.0, 6.5, (0.6, 1.1)
"""The same for looks of a listener away from who speaks, back to the viewer."""
HEAD_SHARE = 0.36
"""Share of a lasting look that the head takes over; what is left is the eyes'."""
SLOW = 0.55
"""Seconds in which the head follows."""
ATTENTIVE = 0.35
"""Share of the idle looks about that is left while one listens."""
NODS, NOD_SIZE, NOD_LENGTH, NOD_REST = 0.55, (2.6, 5.2), (0.42, 0.62), 2.0
"""How often a phrase's end is nodded at, degrees and seconds of a nod, least seconds between two."""
TWICE = 0.4
"""How often a nod comes twice, the second time smaller."""


Place = tuple[float, float]
"""Where somebody is, in degrees to the viewer's right and up."""
VIEWER: Place = (0.0, 0.0)
Habit = tuple[float, float, tuple[float, float], Place]
"""Seconds from which on a turn has looks elsewhere, between two, and for how long; and where they go."""
ASIDE_TO_VIEWER: Habit = (BREAK_FROM, BREAK_EVERY, BREAK, VIEWER)


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else: what is said, and where they are."""

    said: Utterance
    towards: Place


@dataclass(frozen=True, slots=True)
class Attention:
    """What a conversation makes of a face: where it looks and the yaw and pitch that go with that, both (frames, 2).

    `idle` (frames,) is the share that is left of looks about; `nods` (frames,) are degrees down.
    """

    look: Array
    head: Array
    idle: Array
    nods: Array


def attention(grid: Grid, own: Utterance, others: Sequence[Other], *, seed: int) -> Attention:
    """Where somebody who says `own` looks while the others speak and are spoken to, and how the head goes along."""
    times, targets = _looks(own, others, seed=seed)
    changes = np.diff(targets, axis=0, prepend=np.zeros((1, 2)))
    fast = gaze.saccade_seconds(np.hypot(changes[:, 0], changes[:, 1]))
    slow = np.full(len(times), SLOW)
    look = np.stack([steps(grid, times, fast, changes[:, axis]) for axis in (0, 1)], axis=-1)
    head = np.stack([steps(grid, times + 0.04, slow, HEAD_SHARE * changes[:, axis]) for axis in (0, 1)], axis=-1)
    heard = _spans(others)
    calm = np.full(len(heard), ATTENTIVE - 1.0)
    starts, ends = np.asarray([span[0] for span in heard]), np.asarray([span[1] for span in heard])
    quick = np.full(len(heard), 0.3)
    idle = 1.0 + steps(grid, starts, quick, calm) - steps(grid, ends, quick, calm)
    return Attention(look, head, np.clip(idle, ATTENTIVE, 1.0), _nods(grid, others, seed=seed))


def listen(track: Track, grid: Grid, others: Sequence[Other], *, seed: int, amount: float) -> None:
    """Brows and smile of somebody who follows what the others say."""
    ends = [phrase.end for other in others for phrase in phrases(other.said) if phrase.ending not in ("", "comma")]
    chance = generator(seed, "listening/face").random((len(ends), 3))
    chosen = chance[:, 0] < 0.5
    starts = np.asarray(ends)[chosen] - 0.2
    smile = pulses(grid, starts, 1.4 + chance[chosen, 1], 0.06 + 0.10 * chance[chosen, 2], bump(0.35))
    brows = pulses(grid, starts - 0.1, 0.9 + 0.5 * chance[chosen, 2], 0.08 + 0.16 * chance[chosen, 1], bump(0.35))
    added = {
        "mouthSmileLeft": smile, "mouthSmileRight": smile, "cheekSquintLeft": 0.6 * smile,
        "cheekSquintRight": 0.6 * smile, "browInnerUp": brows, "browOuterUpLeft": 0.8 * brows,
        "browOuterUpRight": 0.8 * brows,
    }  # fmt: skip
    for name, values in added.items():
        track[:, COLUMN[name]] = np.clip(track[:, COLUMN[name]] + amount * values, 0.0, 1.0)


def _looks(own: Utterance, others: Sequence[Other], *, seed: int) -> tuple[Array, Array]:
    """When the eyes go elsewhere, and where they go, (n,) and (n, 2): at the viewer, or at one of the others."""
    rng = generator(seed, "listening/looks")
    turns: list[tuple[float, float, Place | None]] = [(turn.start, turn.end, None) for turn in own.turns]
    turns += [(turn.start, turn.end, other.towards) for other in others for turn in other.said.turns]
    turns.sort(key=lambda turn: turn[0])
    found: list[tuple[float, Place]] = []
    for number, (start, end, towards) in enumerate(turns):
        after = turns[number + 1][2] if number + 1 < len(turns) else None
        if towards is not None:
            found.append((start + _between(rng, NOTICES), towards))
            found += _away(rng, start, end, towards, ASIDE_TO_VIEWER)
            continue
        partner = turns[number - 1][2] if number else after
        if number:
            found.append((start + _between(rng, STAYS), VIEWER))
        if partner is not None:
            found += _away(rng, start, end, VIEWER, (ASKS_FROM, ASKS_EVERY, ASKS, partner))
        if after is not None:
            found.append((max(start + 0.3, end - _between(rng, YIELDS)), after))
    if turns and turns[-1][2] is not None:
        found.append((turns[-1][1] + 0.5, VIEWER))
    found.sort(key=lambda look: look[0])
    return np.asarray([time for time, _ in found]), np.asarray([target for _, target in found]).reshape(-1, 2)


def _away(rng: np.random.Generator, start: float, end: float, home: Place, habit: Habit) -> list[tuple[float, Place]]:
    """Looks elsewhere and back within a long turn."""
    least, every, lasts, where = habit
    found: list[tuple[float, Place]] = []
    if end - start < least:
        return found
    time = start + every * (0.5 + 0.5 * float(rng.random()))
    while time < end - 1.6:
        back = time + _between(rng, lasts)
        found += [(time, where), (back, home)]
        time = back + every * (0.6 + 0.8 * float(rng.random()))
    return found


def _between(rng: np.random.Generator, span: tuple[float, float]) -> float:
    return span[0] + (span[1] - span[0]) * float(rng.random())


def _spans(others: Sequence[Other]) -> list[tuple[float, float]]:
    """When the others speak."""
    return sorted((turn.start, turn.end) for other in others for turn in other.said.turns)


def _nods(grid: Grid, others: Sequence[Other], *, seed: int) -> Array:
    """Degrees down (frames,) of nods at phrases that another ends."""
    rng = generator(seed, "listening/nods")
    heard = sorted((phrase for other in others for phrase in phrases(other.said)), key=lambda phrase: phrase.end)
    starts, lengths, sizes = [], [], []
    last = -NOD_REST
    for phrase in heard:
        chance = rng.random(5)
        time = _due(phrase) + 0.25 * float(chance[1])
        if chance[0] > NODS or time - last < NOD_REST:
            continue
        last = time
        length, size = _of(NOD_LENGTH, float(chance[2])), _of(NOD_SIZE, float(chance[3]))
        for second in range(1 + (chance[4] < TWICE)):
            starts.append(time + second * 0.92 * length)
            lengths.append(length)
            sizes.append(size * (1.0 - 0.4 * second))
    return pulses(grid, np.asarray(starts), np.asarray(lengths), np.asarray(sizes), bump(0.42))


def _due(phrase: Phrase) -> float:
    """When a listener nods: as the phrase's main accent has been heard, else at its end."""
    main = [accent.time for accent in phrase.accents if accent.main]
    return min(phrase.end, main[0] + 0.35) if main else phrase.end


def _of(span: tuple[float, float], share: float) -> float:
    return span[0] + (span[1] - span[0]) * share
