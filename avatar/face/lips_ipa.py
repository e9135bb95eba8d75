"""The IPA chart as numbers: openness, backness, rounding of vowels, place and manner of consonants. Knows no face.

Vowels stand where the vowel trapezium of the Handbook of the IPA (1999) has them; consonants in the rows and columns of
its tables, with the extensions that espeak-ng prints. A symbol that is on no chart falls to its plain letter.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (0.0, 0.0, 0.0), "y": (0.0, 0.0, 1.0), "ɨ": (0.0, 0.5, 0.0), "ʉ": (0.0, 0.5, 0.9), "ɯ": (0.0, 1.0, 0.0),
    "u": (0.0, 1.0, 1.0), "ɪ": (0.17, 0.15, 0.0), "ʏ": (0.17, 0.15, 0.9), "ʊ": (0.17, 0.85, 0.75),
    "ᵻ": (0.17, 0.5, 0.0), "ᵿ": (0.17, 0.6, 0.5), "e": (0.33, 0.0, 0.0), "ø": (0.33, 0.0, 0.9),
    "ɘ": (0.33, 0.5, 0.0), "ɵ": (0.33, 0.5, 0.8), "ɤ": (0.33, 1.0, 0.0), "o": (0.33, 1.0, 0.9),
    "ə": (0.4, 0.5, 0.0), "ɚ": (0.33, 0.5, 0.25), "ɛ": (0.64, 0.05, 0.0), "œ": (0.62, 0.05, 0.75),
    "ɜ": (0.55, 0.5, 0.0), "ɝ": (0.42, 0.5, 0.3), "ɞ": (0.6, 0.5, 0.6), "ʌ": (0.68, 0.75, 0.0),
    "ɔ": (0.66, 1.0, 0.75), "æ": (0.84, 0.05, 0.0), "ɐ": (0.72, 0.5, 0.0), "a": (1.0, 0.3, 0.0),
    "ɶ": (0.95, 0.1, 0.5), "ɑ": (1.0, 0.85, 0.0), "ɒ": (0.92, 1.0, 0.5),
}  # fmt: skip
"""(openness 0 close .. 1 open, backness 0 front .. 1 back, rounding 0 .. 1)."""

PLACES: dict[str, str] = {
    "bilabial": "pbmɸβʙʘɓ",
    "labiodental": "fvɱʋⱱ",
    "labiovelar": "wʍ",
    "labiopalatal": "ɥ",
    "dental": "θðǀ",
    "alveolar": "tdnrɾszɹlɬɮɗǃǁɺɫ",
    "postalveolar": "ʃʒɕʑɧ",
    "retroflex": "ʈɖɳɽʂʐɻɭ",
    "palatal": "cɟɲçʝjʎʄǂ",
    "velar": "kɡgŋxɣɰʟɠ",
    "uvular": "qɢɴʀχʁʛ",
    "pharyngeal": "ħʕʜʢʡ",
    "glottal": "ʔhɦ",
}
MANNERS: dict[str, str] = {
    "plosive": "pbtdʈɖcɟkɡgqɢʔʡ",
    "nasal": "mɱnɳɲŋɴ",
    "trill": "ʙrʀ",
    "tap": "ⱱɾɽɺ",
    "fricative": "ɸβfvθðʃʒɕʑɧçʝxɣχʁħʕʜʢhɦ",
    "sibilant": "szʂʐ",
    "approximant": "ʋɹɻjɰwʍɥ",
    "lateral": "lɬɮɭʎʟɫ",
    "click": "ʘǀǃǂǁ",
    "implosive": "ɓɗʄɠʛ",
}
ALIASES = {
    "ʧ": "tʃ", "ʤ": "dʒ", "ʨ": "tɕ", "ʥ": "dʑ", "ʦ": "ts", "ʣ": "dz", "ɿ": "ɨ", "ʅ": "ɨ", "ʮ": "ʉ", "ʯ": "ʉ",
    "ᴇ": "e", "ε": "ɛ", "ɩ": "ɪ", "ɷ": "ʊ", "ı": "ɨ", "ł": "ɫ", "ß": "s", "đ": "d", "?": "ʔ", "!": "ǃ", "ɼ": "r",
    "ƙ": "k", "ƭ": "t", "ƥ": "p", "ƈ": "c", "ʠ": "q", "ᶑ": "ɗ", "ʆ": "ʃ", "ʓ": "ʒ", "ʗ": "ǃ", "ʖ": "ʔ", "ʞ": "k",
    "ƛ": "l", "ȵ": "n", "ȴ": "l", "ȶ": "t", "ȡ": "d", "A": "ɑ", "D": "ð", "E": "ɛ", "I": "ɪ", "N": "ŋ", "O": "ɔ",
    "S": "ʃ", "T": "θ", "U": "ʊ", "V": "ʌ", "Z": "ʒ", "@": "ə", "&": "æ",
}  # fmt: skip
"""Ligatures, withdrawn and national symbols, and the ASCII (Kirshenbaum) letters that espeak-ng leaves now and then."""
LANGUAGE_SWITCH = re.compile(r"\([^)]*\)")
"""espeak-ng prints `(en)` where it changes the language: not a sound."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One articulation: a vowel with its place on the trapezium, or a consonant with place and manner."""

    symbol: str
    place: str = ""
    manner: str = "vowel"
    vowel: tuple[float, float, float] = (0.4, 0.5, 0.0)
    marks: str = ""


def _tables() -> dict[str, Sound]:
    place = {letter: name for name, letters in PLACES.items() for letter in letters}
    manner = {letter: name for name, letters in MANNERS.items() for letter in letters}
    sounds = {letter: Sound(letter, vowel=where) for letter, where in VOWELS.items()}
    for letter, name in place.items():
        sounds[letter] = Sound(letter, name, manner[letter])
    return sounds


SOUNDS = _tables()


def _plain(letter: str) -> str:
    """The charted symbols closest to one character: itself, an alias, its lower case or plain letter; else nothing."""
    for form in (letter, ALIASES.get(letter, ""), letter.lower(), unicodedata.normalize("NFKD", letter)[:1].lower()):
        if form and all(part in SOUNDS for part in form):
            return form
    return ""


@lru_cache(maxsize=4096)
def sounds(ipa: str) -> tuple[Sound, ...]:
    """The articulations that one printed phone passes: two for a diphthong or affricate, none when uncharted.

    Modifier letters, tones, length and diacritics are kept as `marks` of the sound before them.
    """
    found: list[Sound] = []
    for letter in unicodedata.normalize("NFD", LANGUAGE_SWITCH.sub("", ipa)).replace("c\u0327", "ç"):
        kind = unicodedata.category(letter)
        if kind in ("Mn", "Lm", "Sk") or letter in "ː˞":
            if found:
                last = found[-1]
                found[-1] = Sound(last.symbol, last.place, last.manner, last.vowel, last.marks + letter)
            continue
        found.extend(SOUNDS[part] for part in _plain(letter))
    return tuple(found)
