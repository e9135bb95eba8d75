"""English as it is said: a text in plain letters and punctuation, numbers and abbreviations in words.

Knows no voice and no sound. Offsets count characters of the text it was given, so that times find their way back.
"""

import unicodedata
from dataclasses import dataclass

from stages.speech import english

_PAUSES = {
    "…": ".", "—": ", ", "–": ", ", "(": ", ", ")": ",", "[": ", ", "]": ",", "{": ", ", "}": ",", "‘": "'", "’": "'",
    "ʼ": "'", "、": ",", "，": ",", "。": ".", "！": "!", "？": "?", "·": ",", "•": ",", "¡": "", "¿": "", "`": "",
    '"': "", "“": "", "”": "", "„": "", "«": "", "»": "", "_": " ", "*": "", "^": "", "|": ",", "´": "'", "‐": "-",
    "‑": "-",
}  # fmt: skip
_LATIN = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "th", "þ": "th", "ł": "l", "ı": "i", "ħ": "h", "ŋ": "ng",
}  # fmt: skip
_SAME = {**{sign: f" {name} " for sign, name in english.SIGNS.items()}, **_PAUSES, **_LATIN}
_STOPS = frozenset(".,!?;:")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.,!?;:-")


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it is said, of plain letters and punctuation, and for each character of it where it comes from.

    `sources` are offsets in the written text, one pair a character; `left_out` are the characters nobody can say.
    """

    text: str
    sources: tuple[tuple[int, int], ...]
    left_out: str


class _Saying:
    """A text as it grows, with spaces and punctuation put in order."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.sources: list[tuple[int, int]] = []
        self.left_out: dict[str, None] = {}

    def add(self, spoken: str, source: tuple[int, int]) -> None:
        """Say this next."""
        for sign in spoken:
            plain = sign if sign in _PLAIN or sign == " " else _plain(sign)
            if plain is None:
                self.left_out[sign] = None
                plain = " "
            for letter in plain:
                self._put(letter, source)

    def _put(self, letter: str, source: tuple[int, int]) -> None:
        if letter == " " and self._last in ("", " "):
            return
        if letter in _STOPS:
            if self._last == " ":
                self.drop()
            if self._last in ("", letter) or (self._last in _STOPS and letter == ","):
                return
            if self._last == ",":
                self.drop()
        self.text.append(letter)
        self.sources.append(source)

    @property
    def _last(self) -> str:
        return self.text[-1] if self.text else ""

    def drop(self) -> None:
        """Take the last letter back."""
        self.text.pop()
        self.sources.pop()


def word(written: str) -> Wording:
    """The text in words. What no rule and no alphabet knows is left out, and listed."""
    saying, at = _Saying(), 0
    for start, end, spoken in english.said(written):
        for place in range(at, start):
            saying.add(_loose(written, place), (place, place + 1))
        exact = spoken == written[start:end]
        for offset, sign in enumerate(spoken):
            saying.add(sign, (start + offset, start + offset + 1) if exact else (start, end))
        at = end
    for place in range(at, len(written)):
        saying.add(_loose(written, place), (place, place + 1))
    while saying.text and saying.text[-1] == " ":
        saying.drop()
    return Wording("".join(saying.text), tuple(saying.sources), "".join(saying.left_out))


def _loose(written: str, at: int) -> str:
    """A sign that belongs to no word and no number."""
    sign = written[at]
    if sign in english.SIGNS:
        return f" {english.SIGNS[sign]} "
    if sign in "-–" and written[at - 1 : at].isdigit() and written[at + 1 : at + 2].isdigit():
        return " to "
    if sign == "-" and not (written[at - 1 : at].isalnum() and written[at + 1 : at + 2].isalnum()):
        return ","
    return sign


def _plain(sign: str) -> str | None:
    """A sign in plain letters; none where there are no such."""
    if sign.isspace():
        return " "
    if (low := sign.lower()) in _SAME:
        return _SAME[low]
    letters = "".join(part for part in unicodedata.normalize("NFKD", sign) if part in _PLAIN)
    name = unicodedata.name(sign, "").lower().split(" ")
    if letters or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return letters
    return f" {name[3]} " if name[0] == "greek" and name[2:3] == ["letter"] else None
