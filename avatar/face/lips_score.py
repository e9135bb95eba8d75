"""The time line of mouth shapes: an utterance's phones as arrays of visemes, contacts and pauses. Knows no frames.

Times are seconds. A stop's phone is expected to span its silent closure, its burst and its breath, in this order.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance
from avatar.face.lips_shapes import Contact
from avatar.face.visemes import ARTICULATORS, REST_VISEME, THROUGH_VISEME, Viseme, visemes

Array = NDArray[np.float64]

SHORT_PAUSE, REAL_PAUSE = 0.12, 0.2
"""Pauses up to the first are spoken through, from the second on the mouth shuts; between, it shuts partly."""
STOPPED, TOUCHED = (0.06, 0.6), (0.1, 0.8)
"""Shares of a sound between which its contact is firm: a stop's until its burst, a nasal's almost to its end."""
STILL_SHUT = 0.13
"""Seconds that lips shut for a sound beside a pause stay so into the pause."""
EDGE = (0.045, 0.105)
"""Least and greatest seconds that lips take to close or to part."""
OUTSIDE = 3.0
"""Seconds of rest laid around the utterance."""
STRESS = (0.82, 0.94, 1.08)
"""Jaw opening of vowels without, with secondary and with primary stress (de Jong 1995: stress lowers the jaw)."""
FULL_VOWEL = 0.13
"""Vowels shorter than this do not reach their target: undershoot (Lindblom 1963)."""
UNDERSHOOT = 0.3
"""Share of its opening that a vowel of no length would lose."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Lips or teeth that must touch from `start` to `end`; edges of `into` and `out_of` seconds lead there and away."""

    contact: Contact
    firm: float
    start: float
    end: float
    into: float
    out_of: float


@dataclass(frozen=True, slots=True)
class Score:
    """Everything that the mouth is asked, in order.

    `edges` (n + 1,) seconds bound the n shapes; `target` and `dominance` are (n, articulators) in the order of
    `visemes.ARTICULATORS`; `pause` (n,) is 0 in speech and 1 in a real pause; `shown` (n,) is 1 for
    vowels and rounded glides, which keep the mouth through most of their sound.
    """

    edges: Array
    target: Array
    dominance: Array
    pause: Array
    shown: Array
    holds: tuple[Hold, ...]


def joined(phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """The phones, with pauses in a row as one."""
    found: list[Phone] = []
    for phone in phones:
        if found and not phone.ipa and not found[-1].ipa:
            found[-1] = replace(found[-1], end=phone.end)
        else:
            found.append(phone)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    viseme: Viseme
    start: float
    end: float
    pause: float
    open: float


def _pieces(utterance: Utterance) -> list[_Piece]:
    pieces: list[_Piece] = []
    for phone in joined(utterance.phones):
        length = phone.end - phone.start
        if length <= 0.0:
            continue
        pause = 0.0 if phone.ipa else float(np.clip((length - SHORT_PAUSE) / (REAL_PAUSE - SHORT_PAUSE), 0.0, 1.0))
        start = phone.start
        for viseme in visemes(phone.ipa):
            end = start + viseme.share * length
            reached = 1.0 - UNDERSHOOT * (1.0 - min(length / FULL_VOWEL, 1.0))
            opening = STRESS[min(phone.stress, 2)] * reached if viseme.vowel else 1.0
            pieces.append(_Piece(viseme, start, end, pause, opening))
            start = end
    return pieces


def _span(piece: _Piece, before: _Piece | None, after: _Piece | None) -> tuple[float, float]:
    """Where in its sound a contact is made: stops until the burst, others through the middle; no gap to a pause."""
    length = piece.end - piece.start
    first, last = STOPPED if piece.viseme.plosive else TOUCHED
    start, end = piece.start + first * length, piece.start + last * length
    if piece.viseme.contact == "lips":
        start -= STILL_SHUT if before is not None and before.pause > 0.0 else 0.0
        end += STILL_SHUT if after is not None and after.pause > 0.0 else 0.0
    return start, end


def _edge(*, room: float, beside: list[_Piece]) -> float:
    """Seconds that lips take into or out of a contact: `room` of them to the next one, and two sounds `beside` it."""
    length = sum(piece.end - piece.start for piece in beside) if beside else EDGE[1]
    return float(np.clip(min(0.5 * room, 0.8 * length), *EDGE))


def _holds(pieces: list[_Piece]) -> tuple[Hold, ...]:
    """All contacts in order; neighbours that make the same one are one."""
    found: list[Hold] = []
    for index, piece in enumerate(pieces):
        contact, firm = piece.viseme.contact, piece.viseme.firm
        if contact == "none":
            continue
        before = pieces[index - 1] if index else None
        after = pieces[index + 1] if index + 1 < len(pieces) else None
        start, end = _span(piece, before, after)
        out_of, room = _edge(room=1.0, beside=pieces[index + 1 : index + 3]), 1.0
        if found:
            last = found[-1]
            if before and (before.viseme.contact, before.viseme.firm) == (contact, firm):
                found[-1] = replace(last, end=end, out_of=out_of)
                continue
            room = start - last.end
            found[-1] = replace(last, out_of=min(last.out_of, _edge(room=room, beside=[])))
        found.append(
            Hold(contact, firm, start, end, _edge(room=room, beside=pieces[max(index - 2, 0) : index]), out_of)
        )
    return tuple(found)


def score(utterance: Utterance) -> Score:
    """What the mouth is asked over the whole utterance, with rest before and after it."""
    pieces = _pieces(utterance)
    visible = [_weighed(piece) for piece in pieces]
    first = pieces[0].start if pieces else 0.0
    last = pieces[-1].end if pieces else 0.0
    edges = [first - OUTSIDE, *(piece.start for piece in pieces), last, last + OUTSIDE]
    return Score(
        edges=np.asarray(edges),
        target=np.asarray([REST_VISEME.target, *(target for target, _ in visible), REST_VISEME.target]),
        dominance=np.asarray([REST_VISEME.dominance, *(dominance for _, dominance in visible), REST_VISEME.dominance]),
        pause=np.asarray([1.0, *(piece.pause for piece in pieces), 1.0]),
        shown=np.asarray([0.0, *(float(_shown(piece.viseme)) for piece in pieces), 0.0]),
        holds=_holds(pieces),
    )


def _shown(viseme: Viseme) -> bool:
    return viseme.vowel or viseme.dominance[ARTICULATORS.index("mouthPucker")] > 1.0


def _weighed(piece: _Piece) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Target and dominance of one shape, after stress and length, and after how far a pause is one."""
    viseme = piece.viseme
    if viseme is not REST_VISEME:
        return (viseme.target[0] * piece.open, *viseme.target[1:]), viseme.dominance
    shut = piece.pause
    target = tuple(shut * a + (1.0 - shut) * b for a, b in zip(viseme.target, THROUGH_VISEME.target, strict=True))
    grip = tuple(shut * a + (1.0 - shut) * b for a, b in zip(viseme.dominance, THROUGH_VISEME.dominance, strict=True))
    return target, grip
