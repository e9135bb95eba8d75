"""A text of another language than English as a voice of few letters says it: numbers and signs in words.

Knows no voice and no sound. Offsets count characters of the text it was given, so that times find their way back.
"""

import re
import unicodedata
from functools import partial

from stages.speech import counting, wording
from stages.speech.counting import Tongue
from stages.speech.lines import Word
from stages.speech.wording import Wording

_NUMBER = re.compile(
    r"(?P<minus>(?<![\w)])[-−](?=\d))?(?P<whole>\d{1,3}(?:[.\u00a0\u202f ']\d{3})+(?!\d)|\d+)(?:,(?P<rest>\d+))?"
)
_BETWEEN = re.compile(r"[^\W\d_]|[.,!?;:'’\u0300-\u036f\u0900-\u097f-]")
_ALIKE = {"’": "'", "ʼ": "'", "‘": "'", "–": "-", "—": ",", "…": ".", "“": "", "”": "", "„": "", "«": "", "»": "",
          "!": "!", "।": ".", "॥": ".", "(": ",", ")": ","}  # fmt: skip


def worded(language: str) -> Word:
    """How a language's texts are put into words; for one whose numbers have no names here, digits are left out."""
    short = language.partition("-")[0].lower()
    return wording.word if short == "en" else partial(_word, tongue=counting.TONGUES.get(short))


def _word(written: str, *, tongue: Tongue | None) -> Wording:
    letters: list[tuple[str, tuple[int, int]]] = []
    left_out: dict[str, None] = {}
    at = 0
    for match in _NUMBER.finditer(written) if tongue else ():
        _loose(written, at, match.start(), tongue, (letters, left_out))
        said, span = _number(match, tongue), match.span()
        letters += [(sign, span) for sign in f" {said} "]
        at = match.end()
    _loose(written, at, len(written), tongue, (letters, left_out))
    kept = _spaced(letters)
    return Wording("".join(sign for sign, _ in kept), tuple(span for _, span in kept), "".join(left_out))


def _number(match: re.Match[str], tongue: Tongue | None) -> str:
    if tongue is None:
        return ""
    said = tongue.spelled(re.sub(r"\D", "", match["whole"]))
    if match["rest"]:
        said += f" {tongue.point} " + " ".join(tongue.small(int(digit)) for digit in match["rest"])
    return f"{tongue.signs['−']} {said}" if match["minus"] else said


def _loose(
    written: str,
    start: int,
    end: int,
    tongue: Tongue | None,
    into: tuple[list[tuple[str, tuple[int, int]]], dict[str, None]],
) -> None:
    """Letters and stops as they stand, signs by their names; what has none is left out, and noted unless it is mute."""
    letters, left_out = into
    for at in range(start, end):
        sign = _ALIKE.get(written[at], written[at])
        if tongue and sign in tongue.signs:
            sign = f" {tongue.signs[sign]} "
        elif sign and not _BETWEEN.fullmatch(sign):
            if unicodedata.category(sign)[0] in "LNS":
                left_out[sign] = None
            sign = " "
        letters += [(letter, (at, at + 1)) for letter in sign]


def _spaced(letters: list[tuple[str, tuple[int, int]]]) -> list[tuple[str, tuple[int, int]]]:
    """With one space between words, and none before stops and at the ends."""
    kept: list[tuple[str, tuple[int, int]]] = []
    for sign, span in letters:
        if sign == " " and (not kept or kept[-1][0] == " "):
            continue
        if sign in ".,!?;:" and kept and kept[-1][0] == " ":
            kept.pop()
        kept.append((sign, span))
    while kept and kept[-1][0] == " ":
        kept.pop()
    return kept
