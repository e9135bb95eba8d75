"""The tables of mouth shapes: (target, dominance) of ARKit blendshapes for every class of sound. Knows no time.

Classes of consonants that look alike follow Fisher, "Confusions among visually perceived consonants" (1968), and
Jeffers and Barley, "Speechreading" (1971). What must always be seen (lips shut on p b m, lip to teeth on f v, rounding)
and what may be neglected (velars, h) follows JALI (Edwards, Landreth, Fiume, Singh 2016). Amounts were set against
MediaPipe's blendshapes and lip landmarks of a filmed speaker.
"""

from typing import Literal

Shape = dict[str, tuple[float, float]]
Contact = Literal["none", "lips", "teeth"]

# fmt: off
NEUTRAL: Shape = {
    "jawOpen": (0.2, 0.3), "mouthLowerDown": (0.12, 0.3), "mouthUpperUp": (0.1, 0.3), "mouthClose": (0.0, 1.0),
    "mouthRollLower": (0.0, 0.6), "mouthShrugLower": (0.0, 0.4), "mouthPucker": (0.04, 0.06),
    "mouthFunnel": (0.05, 0.08), "mouthStretch": (0.08, 0.1), "mouthDimple": (0.0, 0.2), "tongue": (0.2, 0.3),
    "tongueOut": (0.0, 0.5),
}
"""Where a sound does not care."""

REST: Shape = {
    "jawOpen": (0.02, 1.6), "mouthLowerDown": (0.0, 1.6), "mouthUpperUp": (0.0, 1.6), "mouthClose": (0.7, 1.6),
    "mouthRollLower": (0.02, 1.0), "mouthShrugLower": (0.04, 1.0), "mouthPucker": (0.02, 0.7),
    "mouthFunnel": (0.0, 0.9), "mouthStretch": (0.02, 0.7), "mouthDimple": (0.02, 0.5), "tongue": (0.15, 0.5),
    "tongueOut": (0.0, 1.0),
}
"""Lips together, teeth a little apart: the mouth of a silent listener."""

ROUND_GLIDE: Shape = {
    "jawOpen": (0.1, 1.0), "mouthPucker": (0.85, 1.25), "mouthFunnel": (0.2, 1.1), "mouthStretch": (0.0, 1.5),
}
PLACES: dict[str, Shape] = {
    "bilabial": {
        "jawOpen": (0.1, 1.4), "mouthUpperUp": (0.02, 0.8), "mouthLowerDown": (0.0, 0.8),
        "mouthPucker": (0.04, 0.08), "mouthFunnel": (0.02, 0.15), "mouthStretch": (0.03, 0.15),
    },
    "labiodental": {
        "jawOpen": (0.09, 1.4), "mouthUpperUp": (0.3, 1.2), "mouthLowerDown": (0.0, 1.2),
        "mouthFunnel": (0.04, 0.5), "mouthStretch": (0.08, 0.4),
    },
    "labiovelar": ROUND_GLIDE,
    "labiopalatal": ROUND_GLIDE,
    "dental": {"jawOpen": (0.15, 0.9), "mouthLowerDown": (0.2, 0.5), "tongue": (0.85, 1.2), "tongueOut": (0.3, 1.2)},
    "alveolar": {"jawOpen": (0.17, 0.6), "mouthLowerDown": (0.2, 0.4), "tongue": (0.9, 1.0)},
    "postalveolar": {
        "jawOpen": (0.1, 1.2), "mouthFunnel": (0.52, 1.1), "mouthPucker": (0.16, 0.8), "mouthStretch": (0.0, 0.8),
        "mouthLowerDown": (0.3, 0.8), "mouthUpperUp": (0.22, 0.7), "tongue": (0.6, 0.8),
    },
    "retroflex": {"jawOpen": (0.16, 0.6), "mouthFunnel": (0.18, 0.4), "tongue": (0.6, 0.8)},
    "palatal": {
        "jawOpen": (0.14, 0.6), "mouthStretch": (0.32, 0.6), "mouthUpperUp": (0.15, 0.4), "tongue": (0.55, 0.7),
    },
    "velar": {"jawOpen": (0.2, 0.35), "tongue": (0.2, 0.5)},
    "uvular": {"jawOpen": (0.24, 0.35), "tongue": (0.1, 0.5)},
    "pharyngeal": {"jawOpen": (0.3, 0.4), "tongue": (0.05, 0.5)},
    "glottal": {
        "jawOpen": (0.22, 0.14), "mouthLowerDown": (0.12, 0.14), "mouthUpperUp": (0.1, 0.14), "tongue": (0.15, 0.1),
    },
}
MANNERS: dict[str, Shape] = {
    "lateral": {"jawOpen": (0.2, 0.5), "tongue": (1.0, 1.2)},
    "tap": {"jawOpen": (0.19, 0.4), "tongue": (0.85, 0.9)},
    "trill": {"jawOpen": (0.19, 0.5), "tongue": (0.75, 0.8)},
    "sibilant": {
        "jawOpen": (0.08, 1.3), "mouthLowerDown": (0.32, 0.8), "mouthUpperUp": (0.16, 0.6), "mouthStretch": (0.22, 0.4),
        "tongue": (0.6, 1.0),
    },
}
"""Laid over the place's shape."""

RHOTIC: Shape = {
    "jawOpen": (0.16, 0.6), "mouthFunnel": (0.32, 0.7), "mouthPucker": (0.18, 0.6), "mouthStretch": (0.0, 0.5),
    "tongue": (0.35, 0.6),
}
ALVEOLOPALATAL: Shape = {
    "jawOpen": (0.1, 1.1), "mouthFunnel": (0.25, 0.6), "mouthPucker": (0.05, 0.4), "mouthStretch": (0.22, 0.5),
}
SHARP_RETROFLEX: Shape = {"jawOpen": (0.1, 1.1), "mouthFunnel": (0.45, 0.8), "mouthPucker": (0.12, 0.5)}
SYMBOLS: dict[str, Shape] = {
    "ɹ": RHOTIC, "ɻ": RHOTIC, "ɕ": ALVEOLOPALATAL, "ʑ": ALVEOLOPALATAL, "ʂ": SHARP_RETROFLEX, "ʐ": SHARP_RETROFLEX,
    "ʙ": {"jawOpen": (0.14, 0.8)}, "ⱱ": {"jawOpen": (0.12, 0.8)}, "ŋ": {"jawOpen": (0.19, 0.45)},
}
"""Sounds whose look differs from that of their place and manner."""

MARKS: dict[str, Shape] = {
    "ʷ": {"mouthPucker": (0.5, 1.1), "mouthFunnel": (0.2, 0.8)},
    "ᶣ": {"mouthPucker": (0.5, 1.0), "mouthFunnel": (0.2, 0.8)},
    "ʲ": {"mouthStretch": (0.3, 0.6)},
    "ᵝ": {"mouthPucker": (0.22, 0.7)},
    "˞": {"mouthFunnel": (0.22, 0.4), "mouthPucker": (0.15, 0.4)},
    "\u0339": {"mouthPucker": (0.4, 0.8)},
    "\u032a": {"tongue": (1.0, 1.0)},
}
"""Modifier letters and diacritics that can be seen: rounding, palatalisation, rhoticity, dental."""

CONTACTS: dict[str, tuple[Contact, float]] = {
    **dict.fromkeys("pbmʙʘɓ", ("lips", 1.0)),
    **dict.fromkeys("ɸβ", ("lips", 0.72)),
    **dict.fromkeys("fvɱⱱ", ("teeth", 1.0)),
    "ʋ": ("teeth", 0.65),
}
"""What must touch, and how far."""
# fmt: on


def vowel(openness: float, back: float, rounding: float) -> Shape:
    """The shape of a vowel from its place on the trapezium (each 0..1, as in `lips_ipa.VOWELS`).

    Jaw by openness, pucker and funnel by rounding, spread lips for unrounded front vowels; open and rounded vowels hold
    firmly to what they are, central ones yield to their neighbours.
    """
    spread = (1.0 - rounding) * (1.0 - back) * (0.5 - 0.34 * openness)
    central = 1.0 - 2.0 * abs(back - 0.5)
    return {
        "jawOpen": (0.18 + 0.31 * openness**1.1, 0.55 + 0.55 * openness - 0.25 * central * (1.0 - openness)),
        "mouthLowerDown": (0.16 + 0.26 * openness - 0.1 * rounding, 0.6),
        "mouthUpperUp": (0.14 + 0.16 * spread + 0.1 * openness - 0.08 * rounding, 0.6),
        "mouthPucker": (rounding * max(0.6 - 0.36 * openness, 0.12), 0.45 + 0.7 * rounding + 0.6 * spread),
        "mouthFunnel": (rounding * (0.2 + 0.32 * openness) + 0.05 * back * openness, 0.45 + 0.6 * rounding),
        "mouthStretch": (spread, 0.5 + 0.5 * spread),
        "mouthDimple": (0.25 * spread, 0.4),
        "tongue": (0.32 * (1.0 - back) * (1.0 - openness), 0.4),
    }
