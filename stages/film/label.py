"""A visible label, small, in a film's upper left corner: its words by language, and its place. Knows no face."""

import numpy as np

from avatar.errors import BadRequest
from avatar.media import lettering
from stages.film.canvas import Box, Planes
from stages.film.pixels import Bytes, Floats
from stages.film.sheets import pack

WORDS = {
    "en": "AI-generated", "de": "KI-generiert", "fr": "Généré par IA", "es": "Generado por IA",
    "it": "Generato dall'IA", "pt": "Gerado por IA",
    "nl": "AI-gegenereerd", "pl": "Wygenerowane przez AI", "sv": "AI-genererad",
    "da": "AI-genereret", "nb": "KI-generert", "no": "KI-generert", "fi": "Tekoälyn luoma",
    "cs": "Vytvořila AI",
    "ro": "Generat de IA", "hu": "MI által létrehozva", "tr": "Yapay zekâ ürünü", "el": "Δημιουργήθηκε με ΤΝ",
    "ru": "Создано ИИ", "uk": "Створено ШІ", "bg": "Създадено от ИИ", "he": "נוצר בבינה מלאכותית",
    "zh": "AI生成", "cmn": "AI生成", "yue": "AI生成", "ja": "AI生成", "ko": "AI 생성",
}  # fmt: skip
"""The label by language; others read English."""

SIZE, SMALLEST = 0.03, 11
"""Font size as a share of the film's shorter side, and its least in pixels."""
WIDEST = 0.4
"""Most of the film's width that the plate may take; longer words are set smaller, never below `TINIEST` pixels."""
TINIEST = 8
MARGIN = 0.025
"""Share of the shorter side left free at the edges."""
PAD_X, PAD_Y, ROUND = 0.5, 0.18, 0.4
"""The plate beyond the words, and its corners' radius, in font sizes."""
PLATE, LETTERS = 0.42, 0.9
"""How much the plate darkens, and how light the letters are."""


def text(wish: str | None, language: str) -> str:
    """The words of a label; `auto` gives those of the language, a tag; nothing for no wish."""
    if wish != "auto":
        return wish or ""
    return WORDS.get(language.lower().split("-")[0], WORDS["en"])


def check(wish: str) -> None:
    """Raises `BadRequest` for a label that can't be drawn."""
    try:
        lettering.check(wish)
    except BadRequest as refused:
        raise BadRequest("The label has letters that can't be drawn. Write it in another script.") from refused
    if not lettering.drawable(wish):
        raise BadRequest("The label has nothing that can be drawn. Write a word.")


class Label:
    """One film's label, ready to be laid over each of its frames."""

    def __init__(self, words: str, width: int, height: int) -> None:
        short = min(width, height)
        size = max(SMALLEST, round(SIZE * short))
        while size > TINIEST and lettering.measure(words, size) + 2 * PAD_X * size > WIDEST * width:
            size -= 1
        letters = lettering.draw(words, size)
        pad = (round(PAD_Y * size), round(PAD_X * size))
        letters = letters[:, : max(1, int(WIDEST * width) - 2 * pad[1])]
        high, wide = ((side + 2 * more + 1) & ~1 for side, more in zip(letters.shape, pad, strict=True))
        cover = np.zeros((high, wide), np.float32)
        cover[pad[0] : pad[0] + letters.shape[0], pad[1] : pad[1] + letters.shape[1]] = letters
        edge = round(MARGIN * short) & ~1
        self.box = Box(edge, edge, wide, high)
        self._pixels = _plate(cover, ROUND * size)

    def draw(self, frame: Planes) -> None:
        """Lay it over the frame."""
        frame.lay(self.box, self._pixels)


def _plate(letters: Floats, radius: float) -> Bytes:
    high, wide = letters.shape
    y, x = np.abs(np.mgrid[0:high, 0:wide] + 0.5 - np.array([high, wide]).reshape(2, 1, 1) / 2)
    away = np.hypot(np.maximum(x - wide / 2 + radius, 0), np.maximum(y - high / 2 + radius, 0)) - radius
    plate = PLATE * np.clip(0.5 - away, 0.0, 1.0)
    bright = LETTERS * letters
    cover = bright + plate * (1.0 - bright)
    return pack(np.asarray(np.dstack([bright, bright, bright, cover]), np.float32), 0, 0).pixels
