"""Stage directions and moods as movement over a living, speaking face. Knows neither voice nor pixels.

Everything is laid over what is there: an expression comes in smoothly, settles, and goes when the next one comes.
Times are seconds.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from avatar.artifacts import Utterance
from avatar.face import coarticulation, gaze
from avatar.face.acting_faces import LOOKS, Look, Name
from avatar.face.blinks import LENGTH, closure
from avatar.face.noise import Array, Grid, bump, coloured, pulses, steps
from avatar.face.tracks import COLUMN, Track
from avatar.script import EXPRESSIONS, Act, Cue, Expression, count

LEAD = 0.18
"""Seconds by which a direction begins before the word it stands before: faces run ahead of words."""
AFTER = 0.04
"""Seconds from a word's end to a direction that is done in the pause after it."""
FADE = 0.55
"""Seconds in which an expression goes when another comes."""
LOOKS_AT: Mapping[Act, tuple[float, float]] = {
    "look left": (-24.0, 0.0),
    "look right": (24.0, 0.0),
    "look up": (0.0, 17.0),
    "look down": (0.0, -17.0),
    "look camera": (0.0, 0.0),
}
"""Where the eyes go, in degrees to the viewer's right and up."""
LOOK_LASTS, LOOK_WAITS = 1.6, 6.0
"""Seconds that a look lasts, unless another one follows within the second figure: then it lasts until that."""
NODS = ((0.0, 0.44, 8.5), (0.40, 0.42, 5.0))
"""Seconds after the direction, length in seconds and degrees of each nod."""
SHAKE, SHAKE_SIZE, SHAKES = 1.25, 10.0, 2.25
"""Seconds, degrees and swings of a shake of the head."""
ROUNDED = 0.75
"""Share of a smile's width that a rounded sound takes back while it lasts."""
RESTS_FROM = 0.4
"""Seconds of silence from which the mouth has time for an expression of its own."""
CLEAR = 0.12
"""Seconds that such an expression keeps away from the sounds before and after it, and takes to come and to go."""
ALIVE = 0.07
"""Standard deviation of an expression's strength while it lasts."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A direction at its time."""

    time: float
    act: Act


@dataclass(frozen=True, slots=True)
class Acting:
    """What is to be played: how strong each expression is at every frame (frames,), and the other directions."""

    strength: Mapping[Name, Array]
    moments: tuple[Moment, ...]

    @property
    def still(self) -> bool:
        """Whether there is nothing to play."""
        return not self.strength and not self.moments


def moments(cues: tuple[Cue, ...], utterance: Utterance) -> tuple[Moment, ...]:
    """When each direction is due, in order of time: by the words it stands between."""
    words = utterance.words
    ends = list(accumulate(count(word.text) for word in words))
    whole = count(utterance.text)
    found = []
    for cue in cues:
        next_word = bisect_right(ends, cue.at)
        if not words:
            time = utterance.seconds * min(cue.at / max(whole, 1), 1.0) + (cue.delay or 0.0)
        elif cue.delay is None and next_word < len(words):
            time = words[next_word].start - LEAD
        else:
            time = (words[next_word - 1].end + AFTER if next_word else 0.0) + (cue.delay or 0.0)
        found.append(Moment(min(max(time, 0.0), utterance.seconds), cue.act))
    return tuple(sorted(found, key=lambda moment: moment.time))


def prepared(grid: Grid, due: tuple[Moment, ...], *, mood: Expression, seed: int) -> Acting:
    """The strength of all expressions that are wanted: `mood` is there from the first frame."""
    strength: dict[Name, Array] = {}
    changes = [(moment.time, to) for moment in due if (to := _mood(moment.act))]
    ends = [time for time, _ in changes] + [None]
    if mood in LOOKS:
        strength[mood] = _ground(grid, LOOKS[mood], ends[0])
    for (time, change), until in zip(changes, ends[1:], strict=True):
        if change in LOOKS:
            _add(strength, change, _played(grid, LOOKS[change], time, until))
    for moment in due:
        if moment.act == "smile":
            _add(strength, "smile", _played(grid, LOOKS["smile"], moment.time, None))
    for name, values in strength.items():
        wander = coloured(grid, seed=seed, purpose=f"acting/{name}", parts=((1.4, ALIVE), (0.5, 0.4 * ALIVE)))
        strength[name] = np.clip(values * (1.0 + wander), 0.0, 1.0)
    return Acting(strength, tuple(moment for moment in due if moment.act != "smile" and not _mood(moment.act)))


def _mood(act: Act) -> Expression | None:
    """The mood that a direction brings; none for what passes by itself."""
    return next((name for name in EXPRESSIONS if name == act), None)


def head(grid: Grid, acting: Acting) -> dict[str, Array]:
    """What is added to the head columns at amount 1."""
    moved: dict[str, Array] = {}
    for name, values in acting.strength.items():
        for column, size in LOOKS[name].head.items():
            moved[column] = moved.get(column, 0.0) + size * values
    nods = [moment.time for moment in acting.moments if moment.act == "nod"]
    for offset, length, size in NODS:
        if nods:
            down = pulses(
                grid, np.asarray(nods) + offset, np.full(len(nods), length), np.full(len(nods), size), bump(0.45)
            )
            moved["headPitch"] = moved.get("headPitch", 0.0) - down
    shakes = np.asarray([moment.time for moment in acting.moments if moment.act == "shake"])
    if len(shakes):
        lengths, sizes = np.full(len(shakes), SHAKE), np.full(len(shakes), SHAKE_SIZE)
        moved["headYaw"] = moved.get("headYaw", 0.0) + pulses(grid, shakes, lengths, sizes, _swing)
    return moved


def glances(acting: Acting) -> gaze.Glances:
    """The looks that directions ask for, as glances; one to the camera is a glance of no size."""
    looks = [moment for moment in acting.moments if moment.act in LOOKS_AT]
    times = [moment.time for moment in looks]
    following = [later - now for now, later in pairwise(times)] + [np.inf] * bool(times)
    lengths = [gap if gap < LOOK_WAITS else LOOK_LASTS for gap in following]
    away = np.asarray([LOOKS_AT[moment.act] for moment in looks]).reshape(-1, 2)
    return gaze.Glances(np.asarray(times), np.asarray(lengths), away)


def eyes(grid: Grid, acting: Acting, look: Array, *, amount: float) -> Array:
    """The gaze `look` (frames, 2), led by directions and moods: what it does of its own gives way to them."""
    asked = glances(acting)
    quick = np.full(len(asked.starts), 0.06)
    ones = np.ones(len(asked.starts))
    held = steps(grid, asked.starts, quick, ones) - steps(grid, asked.starts + asked.lengths, quick, ones)
    free = 1.0 - np.clip(held, 0.0, 1.0)
    led = np.zeros_like(look)
    for name, values in acting.strength.items():
        led += values[:, None] * np.asarray(LOOKS[name].gaze)
    own = 1.0 - np.clip(np.hypot(*led.T) / 12.0, 0.0, 0.6)
    result: Array = (look * own[:, None] + amount * led) * free[:, None] + amount * gaze.away(grid, asked)
    return result


def face(track: Track, grid: Grid, acting: Acting, utterance: Utterance, *, seed: int, amount: float) -> None:
    """Lay the expressions over the face of `track`; sounds that round the lips take a smile back while they last."""
    if acting.strength and amount > 0.0:
        spoken = coarticulation.mouth(utterance, fps=grid.fps, frames=grid.frames, seed=seed)
        pursed = np.maximum(spoken[:, COLUMN["mouthPucker"]], spoken[:, COLUMN["mouthFunnel"]])
        for name, values in acting.strength.items():
            _calm(track, LOOKS[name], np.clip(amount * values, 0.0, 1.0))
        for column, values in _sum_of(acting.strength, resting(grid, utterance)).items():
            gives = 1.0 - ROUNDED * pursed if column.startswith("mouth") else 1.0
            room = 1.0 - track[:, COLUMN[column]]
            track[:, COLUMN[column]] += room * np.clip(amount * gives * values, 0.0, 1.0)
    _blinks(track, grid, acting)


def _calm(track: Track, look: Look, strength: Array) -> None:
    """Take back what does not go with an expression."""
    for shape, share in look.calms.items():
        for column in sides(shape):
            track[:, COLUMN[column]] *= 1.0 - share * strength


def _sum_of(strength: Mapping[Name, Array], rest: Array) -> dict[str, Array]:
    """What all expressions want of each column; `rest` is 1 where nothing is said."""
    wanted: dict[str, Array] = {}
    for name, values in strength.items():
        look = LOOKS[name]
        for shapes, seen in ((look.shapes, values), (look.quiet, values * rest)):
            for shape, size in shapes.items():
                for column in sides(shape):
                    wanted[column] = wanted.get(column, 0.0) + size * seen
    return wanted


def resting(grid: Grid, utterance: Utterance) -> Array:
    """1 where nothing is said and the mouth is free, 0 well before and after every sound."""
    still = [
        (phone.start, phone.end)
        for phone in utterance.phones
        if not phone.ipa
        and (phone.end - phone.start >= RESTS_FROM or phone.start <= 0.0 or phone.end >= utterance.seconds)
    ]
    opens = np.asarray([-1.0 if start <= 0.0 else start + CLEAR for start, _ in still])
    shuts = np.asarray([end if end >= utterance.seconds else end - 2.0 * CLEAR for _, end in still])
    change, ones = np.full(len(still), CLEAR), np.ones(len(still))
    kept = shuts > opens
    curve = steps(grid, opens[kept], change[kept], ones[kept]) - steps(grid, shuts[kept], change[kept], ones[kept])
    return np.clip(curve, 0.0, 1.0)


def sides(shape: str) -> tuple[str, ...]:
    """The columns of a blendshape that may be named without its side."""
    return (shape,) if shape in COLUMN else (f"{shape}Left", f"{shape}Right")


def _blinks(track: Track, grid: Grid, acting: Acting) -> None:
    times = np.asarray([moment.time for moment in acting.moments if moment.act == "blink"])
    shut = pulses(grid, times, np.full(len(times), LENGTH), np.ones(len(times)), closure)
    for column in sides("eyeBlink"):
        track[:, COLUMN[column]] = np.maximum(track[:, COLUMN[column]], np.clip(shut, 0.0, 1.0))


def _add(strength: dict[Name, Array], name: Name, values: Array) -> None:
    strength[name] = np.maximum(strength[name], values) if name in strength else values


def _ground(grid: Grid, look: Look, until: float | None) -> Array:
    """An expression that is there from the start, until another comes."""
    gone = np.asarray([] if until is None else [until])
    return look.stays - steps(grid, gone, np.full(len(gone), FADE), np.full(len(gone), look.stays))


def _played(grid: Grid, look: Look, at: float, until: float | None) -> Array:
    """An expression that comes at a time, settles, and goes when another comes, at once or while it settles."""
    settles = at + look.onset + look.held
    curve = _step(grid, at, look.onset) - (1.0 - look.stays) * _step(grid, settles, look.settle)
    return curve if until is None else curve * (1.0 - _step(grid, until, FADE))


def _step(grid: Grid, at: float, length: float) -> Array:
    return steps(grid, np.asarray([at]), np.asarray([length]), np.ones(1))


def _swing(u: Array) -> Array:
    """A head that swings from side to side, begins and ends at rest."""
    result: Array = np.sin(2.0 * np.pi * SHAKES * u) * np.sin(np.pi * np.clip(u, 0.0, 1.0)) ** 1.2
    return result
