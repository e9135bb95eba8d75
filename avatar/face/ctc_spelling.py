"""Written words as the letters that a network knows, and which sounds those letters stand for. Knows no sound file.

Letters follow English spelling, as the only such network here does; a letter of no use is simply silent.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from avatar.face.ctc import ANY, GAP
from avatar.face.lips_ipa import VOWELS

APOSTROPHES = "'’‘ʼ`´"
INITIALS = 5
"""Words of up to so many capitals in an ordinary text may be spelled out: NASA, BBC."""
CONSONANTS = {
    "B": "b", "C": "ksʃt", "D": "dɾtʒ", "F": "fv", "G": "ɡgʒdf", "H": "hθðʃ", "J": "dʒjh", "K": "k", "L": "lɫ",
    "M": "m", "N": "nŋ", "P": "pf", "Q": "k", "R": "ɹrɾɚɝɐ", "S": "szʃʒ", "T": "tdɾʃθðʔ", "V": "vf", "W": "wʍ",
    "X": "kzɡg", "Y": "j", "Z": "zsʒt",
}  # fmt: skip
"""The IPA symbols with which the sounds of a letter begin."""
AS_VOWELS = frozenset("AEIOUYW")
SAME, ALIKE, UNLIKE, UNWRITTEN = 2.0, 1.5, -100.0, -0.4
"""What a letter is worth beside its consonant, a vowel, another sound; and a sound without a letter."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """Symbols in order, and the number of each one's word, -1 for the gaps between words."""

    symbols: tuple[int, ...]
    words: tuple[int, ...]
    signs: str


def spelled(words: Sequence[str], letters: Mapping[str, int]) -> Spelling:
    """The words in a network's `letters`, which are upper or lower case; what it can't spell is `ANY`.

    That are numbers, addresses, other scripts, and short words in capitals where the text has small letters too.
    """
    shouted = not any(word.isascii() and word.islower() for word in words)
    symbols: list[int] = []
    owners: list[int] = []
    signs: list[str] = []
    for number, word in enumerate(words):
        found = _spelled(word, letters, shouted=shouted)
        if not found:
            continue
        if symbols:
            symbols.append(GAP)
            owners.append(-1)
            signs.append("|")
        symbols += [symbol for symbol, _ in found]
        signs += [sign for _, sign in found]
        owners += [number] * len(found)
    return Spelling(tuple(symbols), tuple(owners), "".join(signs))


def _spelled(word: str, letters: Mapping[str, int], *, shouted: bool) -> list[tuple[int, str]]:
    """Symbol and upper-case sign of each letter of a word; none where nothing of it is said."""
    core = _stripped(word)
    if not core:
        return []
    plain = _plain(core)
    capitals = not shouted and core.isupper() and 1 < len(core) <= INITIALS
    if capitals or not all(sign in "-'" or _known(sign, letters) for sign in plain):
        return [(ANY, "?")]
    kept = [sign for sign in plain if sign != "-" and _known(sign, letters) is not None]
    return [(symbol, sign) for sign in kept if (symbol := _known(sign, letters)) is not None]


def _stripped(word: str) -> str:
    """The word without signs before and after it that are not read."""
    first, last = 0, len(word)
    while first < last and not _read(word[first]):
        first += 1
    while last > first and not _read(word[last - 1]):
        last -= 1
    return word[first:last]


def _read(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind[0] in "LN" or kind in ("Sc", "Sm") or sign in "%&"


def _plain(word: str) -> str:
    """Upper case without accents, with straight apostrophes and plain hyphens."""
    signs = ("'" if sign in APOSTROPHES else "-" if unicodedata.category(sign) == "Pd" else sign for sign in word)
    whole = unicodedata.normalize("NFKD", "".join(signs)).upper()
    return "".join(sign for sign in whole if not unicodedata.combining(sign))


def _known(sign: str, letters: Mapping[str, int]) -> int | None:
    return letters.get(sign, letters.get(sign.lower()))


@lru_cache(maxsize=8192)
def paired(signs: str, phones: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Which letter, by place, stands for which of a word's phones; in order, each at most once.

    The best monotone pairing, by dynamic programming (Needleman and Wunsch 1970).
    """
    rows, columns = len(signs), len(phones)
    best = [[UNWRITTEN * column for column in range(columns + 1)]]
    for sign in signs:
        above, row = best[-1], [0.0]
        for column, ipa in enumerate(phones):
            row.append(max(above[column] + _worth(sign, ipa), above[column + 1], row[column] + UNWRITTEN))
        best.append(row)
    pairs: list[tuple[int, int]] = []
    while rows and columns:
        here, worth = best[rows][columns], _worth(signs[rows - 1], phones[columns - 1])
        if here == best[rows - 1][columns]:
            rows -= 1
        elif worth > 0.0 and here == best[rows - 1][columns - 1] + worth:
            rows, columns = rows - 1, columns - 1
            pairs.append((rows, columns))
        else:
            columns -= 1
    return tuple(reversed(pairs))


def _worth(sign: str, ipa: str) -> float:
    """How well a letter goes with a sound."""
    if ipa and ipa[0] in CONSONANTS.get(sign, ""):
        return SAME
    if ipa and ipa[0] in VOWELS and sign in AS_VOWELS:
        return ALIKE
    return UNLIKE
