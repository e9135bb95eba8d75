"""Who is seen from near moves the mouth less, as actors do in a close-up. Knows no pixels.

Unhindered, lips that fill the picture would move half as many pixels again as in a view of head and shoulders, where
they move as far as those of filmed speakers (`avatar.face.theval`).
"""

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
WIDTH_HELD, OPENING_HELD = 0.5, 0.1
"""Powers of the enlargement by which the mouth's width changes less, and by which it opens less: most of what a nearer
view enlarges is width, and lips that hardly part say nothing."""


def restrained(track: Track, *, shown: float, width: float = 1.0) -> Track:
    """The track (frames, channels) for a picture that shows so many face heights from top to bottom.

    `width` is the share of a drawn mouth's changes of width that this one's makes.
    """
    nearer = min(1.0, shown / USUAL)
    held = track.copy()
    held[:, [COLUMN[name] for name in WIDTH]] *= width * nearer**WIDTH_HELD
    held[:, [COLUMN[name] for name in OPENING]] *= nearer**OPENING_HELD
    return held
