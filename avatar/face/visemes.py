"""What each speech sound asks of the mouth: targets in ARKit blendshapes, and how firmly it insists. Knows no time.

Target and insistence (dominance) per articulator follow Cohen and Massaro, "Modeling coarticulation in synthetic visual
speech" (1993). Any IPA symbol has a shape: by its own row, else by its place and manner, else none that would be seen.
"""

from dataclasses import dataclass
from functools import lru_cache

from avatar.face.lips_ipa import Sound, sounds
from avatar.face.lips_shapes import CONTACTS, MANNERS, MARKS, NEUTRAL, PLACES, REST, SYMBOLS, Contact, Shape, vowel

ARTICULATORS = tuple(NEUTRAL)
"""The mouth's controls; names without side stand for both sides."""
DIPHTHONG = (0.52, 0.48)
"""Time of a diphthong's two targets: the first, the syllable's peak, is held longer."""
AFFRICATE = (0.45, 0.55)
"""Time of an affricate's stop and of its fricative."""


@dataclass(frozen=True, slots=True)
class Viseme:
    """One mouth shape: `target` and `dominance` in the order of `ARTICULATORS`, and what must touch.

    `share` is the part of its phone's time. `contact` "lips" shuts them, "teeth" lays the lower lip on the upper teeth,
    as far as `firm` (0..1); a `plosive` contact lasts only until the burst.
    """

    target: tuple[float, ...]
    dominance: tuple[float, ...]
    share: float = 1.0
    contact: Contact = "none"
    firm: float = 0.0
    vowel: bool = False
    plosive: bool = False


def _columns(shape: Shape) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(shape[name][0] for name in ARTICULATORS), tuple(shape[name][1] for name in ARTICULATORS)


REST_VISEME = Viseme(*_columns(REST))
THROUGH_VISEME = Viseme(*_columns({name: (target, 0.4 * grip) for name, (target, grip) in NEUTRAL.items()}))
"""A sound that asks nothing: a lone modifier, an unknown symbol, a pause too short to shut the mouth."""


def _viseme(sound: Sound, share: float) -> Viseme:
    spoken = sound.manner == "vowel"
    if spoken:
        shape = NEUTRAL | vowel(*sound.vowel)
    else:
        shape = NEUTRAL | PLACES[sound.place] | MANNERS.get(sound.manner, {}) | SYMBOLS.get(sound.symbol, {})
    for mark in sound.marks:
        shape = shape | MARKS.get(mark, {})
    target, dominance = _columns(shape)
    contact, firm = CONTACTS.get(sound.symbol, ("none", 0.0))
    plosive = sound.manner in ("plosive", "click", "implosive")
    return Viseme(target, dominance, share, contact, firm, spoken, plosive)


def _shares(parts: tuple[Sound, ...]) -> tuple[float, ...]:
    if len(parts) == 2:
        return DIPHTHONG if parts[0].manner == "vowel" else AFFRICATE
    return (1.0 / len(parts),) * len(parts)


@lru_cache(maxsize=4096)
def visemes(ipa: str) -> tuple[Viseme, ...]:
    """The mouth shapes of one phone in order, their shares adding up to 1.

    Two for a diphthong or affricate; `REST_VISEME` for a pause (empty `ipa`); `THROUGH_VISEME` for what is on no chart.
    """
    if not ipa:
        return (REST_VISEME,)
    parts = sounds(ipa)
    if not parts:
        return (THROUGH_VISEME,)
    return tuple(_viseme(sound, share) for sound, share in zip(parts, _shares(parts), strict=True))
