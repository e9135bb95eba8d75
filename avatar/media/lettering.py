"""Text as pixels, by the font inside OpenCV, so that every machine draws the same. Knows neither cues nor time.

That font draws Latin, Greek, Cyrillic, Hebrew and East Asian writing. It neither joins Arabic letters nor
has Indic and South-East Asian ones, so such text is refused rather than drawn wrongly.
"""

import unicodedata
from functools import lru_cache
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

WEIGHT = 560
"""On the font's scale of 100 (thin) to 1000 (black)."""
ASCENT, DESCENT = 0.98, 0.3
"""Room above and below the base line, in font sizes; the tallest letter with marks needs it."""
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


@lru_cache(maxsize=1)
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


def measure(text: str, size: int) -> int:
    """Width in pixels of a line at a font size in pixels."""
    return int(cv2.getTextSize((0, 0), visual(drawable(text)), (0, 0), _face(), size, WEIGHT)[2])


def draw(text: str, size: int) -> Floats:
    """A line's coverage, 0 to 1, of shape (height, width); its base line lies `round(ASCENT * size)` from the top."""
    shown = visual(drawable(text))
    mask = np.zeros((round((ASCENT + DESCENT) * size), max(1, measure(text, size))), np.uint8)
    cv2.putText(mask, shown, (0, round(ASCENT * size)), 255.0, _face(), size, WEIGHT)
    return mask.astype(np.float32) / 255.0


@lru_cache(maxsize=4096)
def _glyph(char: str) -> bytes:
    mask = np.zeros((48, 64), np.uint8)
    cv2.putText(mask, char, (4, 34), 255.0, _face(), 24, WEIGHT)
    return mask.tobytes()


def _missing(char: str) -> bool:
    """Whether the font has no picture of this character: it draws a question mark instead."""
    return char != "?" and not char.isspace() and _glyph(char) == _glyph("?")


def _letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN"


def drawable(text: str) -> str:
    """The text without what the font can't show and reading can spare: loose marks, joiners, emoji."""
    kept = [char for char in text if _letter(char) or not (unicodedata.category(char)[0] in "MC" or _missing(char))]
    return " ".join("".join(kept).split())


def check(text: str) -> None:
    """Raises BadRequest when the text has letters that can't be drawn."""
    for char in dict.fromkeys(text):
        if _letter(char) and (unicodedata.bidirectional(char) == "AL" or _missing(char)):
            raise BadRequest(f"Captions with the letter '{char}' can't be burned in; ask for soft captions.")


def visual(line: str) -> str:
    """The line's characters from left to right, after the main rules of Unicode's bidirectional algorithm (UAX 9).

    Explicit embeddings are not looked at: captions hold none.
    """
    kinds = [unicodedata.bidirectional(char) for char in line]
    if "R" not in kinds and "AL" not in kinds:
        return line
    levels = _levels(kinds)
    shown = [char.translate(_MIRRORED) if level % 2 else char for char, level in zip(line, levels, strict=True)]
    order = list(range(len(line)))
    for height in range(max(levels), 0, -1):
        runs = [list(run) for _, run in groupby(order, key=lambda place: levels[place] >= height)]
        order = [place for run in runs for place in (run[::-1] if levels[run[0]] >= height else run)]
    return "".join(shown[place] for place in order)


def _levels(kinds: list[str]) -> list[int]:
    """Embedding levels: 0 left to right, 1 right to left, 2 left to right within it."""
    base = int(next(kind for kind in kinds if kind in ("L", "R", "AL")) != "L")
    sides: list[str] = []
    strong = "R" if base else "L"
    for index, kind in enumerate(kinds):
        between = 0 < index < len(kinds) - 1 and kinds[index - 1] == kinds[index + 1] == "EN"
        if kind in ("L", "R", "AL"):
            strong = "L" if kind == "L" else "R"
            sides.append(strong)
        elif kind in ("EN", "AN") or (kind in ("CS", "ES") and between):
            sides.append("L" if strong == "L" else "N")
        else:
            sides.append(" ")
    for index, side in enumerate(sides):
        if side == " ":
            before = "R" if base else "L"
            if index:
                before = "R" if sides[index - 1] in "RN" else "L"
            after = next((later for later in sides[index:] if later != " "), "R" if base else "L")
            after = "R" if after in "RN" else "L"
            sides[index] = before if before == after else ("R" if base else "L")
    return [1 if side == "R" else 2 if side == "N" or base else 0 for side in sides]
