"""The speech sounds that can be told apart by ear in any language, and that look different. Knows no sound.

Each class is named by the phone that stands for it.
"""

from functools import lru_cache

from avatar.face.lips_ipa import VOWELS, Sound, sounds
from avatar.face.visemes import visemes

CLASSES = ("", "a", "ɛ", "i", "ɔ", "u", "y", "ə", "m", "p", "f", "s", "ʃ", "t", "n", "ɹ", "h")
"""Pause; open, mid and close vowels, back and front rounded, central; lips shut for m and for p b; lip to teeth;
hissing and hushing; stops of the tongue; its nasals and laterals; r; breath and weak friction."""
COLUMN = {name: index for index, name in enumerate(CLASSES)}
OPEN_VOWELS = COLUMN["a"], COLUMN["ə"] + 1
"""The columns of vowels: from, to."""
_MOUTHS = {
    "a": VOWELS["a"], "ɛ": VOWELS["ɛ"], "i": VOWELS["i"], "ɔ": VOWELS["ɔ"], "u": VOWELS["u"], "y": VOWELS["ʏ"],
    "ə": VOWELS["ə"],
}  # fmt: skip
PLACES = tuple(_MOUTHS[name] for name in CLASSES[slice(*OPEN_VOWELS)])
"""Where the vowel classes stand on the trapezium, as in `lips_ipa.VOWELS`."""
_BY_MANNER = {
    "plosive": "t", "implosive": "t", "click": "t", "nasal": "n", "lateral": "n", "trill": "ɹ", "tap": "ɹ",
    "sibilant": "s", "fricative": "h", "approximant": "ɹ",
}  # fmt: skip
_BY_SYMBOL = {
    **dict.fromkeys("ʃʒɕʑʂʐɧ", "ʃ"), **dict.fromkeys("wʍɥ", "u"), **dict.fromkeys("jʝ", "i"),
    **dict.fromkeys("ʁʀ", "ɹ"), **dict.fromkeys("ɸβ", "f"), "ɰ": "ə", "m": "m",
}  # fmt: skip


def _of_vowel(openness: float, back: float, rounding: float) -> str:
    if rounding >= 0.5:
        if back < 0.45:
            return "y"
        return "ɔ" if openness >= 0.3 else "u"
    if openness >= 0.65:
        return "a" if openness > 0.67 else "ɛ"
    if openness < 0.25:
        return "i" if back < 0.7 else "ə"
    return "ɛ" if back < 0.4 else "ə"


def _of_sound(sound: Sound) -> str:
    if sound.manner == "vowel":
        return _of_vowel(*sound.vowel)
    if sound.place == "labiodental":
        return "f"
    if sound.place == "bilabial" and sound.manner in ("plosive", "implosive", "click"):
        return "p"
    return _BY_SYMBOL.get(sound.symbol, _BY_MANNER[sound.manner])


@lru_cache(maxsize=4096)
def classes(ipa: str) -> tuple[tuple[int, float], ...]:
    """The classes that one phone passes, as columns with their shares of its time; a pause for an empty name."""
    parts = sounds(ipa)
    if not parts:
        return ((COLUMN["ə" if ipa else ""], 1.0),)
    return tuple((COLUMN[_of_sound(part)], seen.share) for part, seen in zip(parts, visemes(ipa), strict=True))
