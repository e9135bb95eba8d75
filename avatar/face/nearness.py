"""Who is seen from near moves the mouth less, as actors do in a close-up. Knows no pixels.

Unhindered, lips that fill the picture would move half as many pixels again as in a view of head and shoulders, where
they move as far as those of filmed speakers (`avatar.face.theval`).
"""

from dataclasses import dataclass

from avatar.face.tracks import COLUMN, Track

USUAL = 2.2
"""Face heights from top to bottom of a picture that shows head and shoulders."""
WIDTH = (
    "mouthPucker", "mouthStretchLeft", "mouthStretchRight", "mouthSmileLeft", "mouthSmileRight",
)  # fmt: skip
"""The columns that make the mouth narrower or wider."""
OPENING = (
    "jawOpen", "mouthFunnel",
    "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
)  # fmt: skip
"""The columns that part the lips. Nothing holds back what brings them together."""
WIDTH_HELD, OPENING_HELD = 0.6, 0.35
"""Powers of the enlargement by which the mouth's width changes less, and by which it opens less: most of what a nearer
view enlarges is width, and lips that hardly part say nothing."""
PURSED_HELD = 1.0
"""How much earlier a pucker levels off for each share by which the view is nearer: what is rounded most is held most,
so that rounded sounds stay apart from spread ones."""
EYES = 0.365
"""Distance between the eyes' middles, in face heights, of a photograph whose mouth opens as far as a drawn one."""
LESS, MORE = 0.9, 1.2
"""Least and greatest share of a drawn mouth's opening that a photographed one makes."""


@dataclass(frozen=True, slots=True)
class Manner:
    """The shares of a drawn face's movements that a face makes: changes of the mouth's width, its opening, brows."""

    width: float = 1.0
    opening: float = 1.0
    brows: float = 1.0


DRAWN = Manner()


def photographed(apart: float, *, width: float, brows: float = 1.0) -> Manner:
    """The manner of a photograph whose eyes are so many face heights apart.

    A face's height in a picture depends on how it is held and on where its hair begins; eyes are as far apart in all.
    """
    return Manner(width, min(max(apart / EYES, LESS), MORE), brows)


def restrained(track: Track, *, shown: float, manner: Manner = DRAWN) -> Track:
    """The track (frames, channels) for a picture that shows so many face heights from top to bottom."""
    nearer = min(1.0, shown / USUAL)
    held = track.copy()
    held[:, [COLUMN[name] for name in WIDTH]] *= manner.width * nearer**WIDTH_HELD
    held[:, COLUMN["mouthPucker"]] /= 1.0 + PURSED_HELD * (1.0 - nearer) * held[:, COLUMN["mouthPucker"]]
    held[:, [COLUMN[name] for name in OPENING]] *= manner.opening * nearer**OPENING_HELD
    return held
