"""Captions: readable cues from an utterance, their files, and a burner that lays them over frames.

Knows nothing of who speaks. Memory does not grow with the film: one cue's picture is held at a time.
"""

from bisect import bisect_right
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Utterance
from avatar.media import lettering
from avatar.media.cues import COLUMNS, Cue, cues
from avatar.media.encode import Picture
from avatar.media.subtitles import to_srt, to_vtt, words_json

__all__ = ["Burner", "Cue", "cues", "to_srt", "to_vtt", "words_json"]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIZE, SMALLEST = 0.05, 13
"""Font size as a share of the film's shorter side, and its least in pixels."""
SAFE = 0.05
"""Share of each side left free at the edges: the title-safe area of EBU R 95."""
TALL_SAFE = 0.13
"""The same at the foot of upright films, where players lay their buttons."""
COLUMN = 0.53
"""Mean width of a letter, in font sizes."""
LEADING = 1.3
PAD_X, PAD_Y, ROUND = 0.55, 0.26, 0.42
"""The plate beyond the text, and its corners' radius, in font sizes."""
PLATE, WHITE = 0.6, 0.97
"""How much the plate darkens, and how light the letters are."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A cue's picture ready for NV12: premultiplied values and what they leave of the frame, both scaled for 8 bits."""

    rgba: Bytes
    x: int
    y: int
    luma: Floats
    clear: Floats
    clear_half: Floats


class Burner:
    """The cues of one utterance as pictures for films of one size. Raises `BadRequest` for scripts it can't draw."""

    def __init__(self, utterance: Utterance, width: int, height: int) -> None:
        self._film = (width, height)
        self._size = max(SMALLEST, round(SIZE * min(width, height)))
        self._room = round(width * (1 - 2 * SAFE) - 2 * PAD_X * self._size)
        columns = max(8, min(COLUMNS, int(self._room / (COLUMN * self._size))))
        self.cues = cues(utterance, columns=columns)
        self._starts = [cue.start for cue in self.cues]
        lettering.check("".join(line for cue in self.cues for line in cue.lines))
        self._held: tuple[int, _Drawn | None] = (-1, None)

    def frame_at(self, seconds: float) -> tuple[Bytes, int, int] | None:
        """The caption at a time: premultiplied RGBA (h, w, 4), and its upper left corner in film pixels."""
        drawn = self._at(seconds)
        return None if drawn is None else (drawn.rgba, drawn.x, drawn.y)

    def draw(self, frame: Picture, seconds: float) -> None:
        """Lay the caption at a time over an NV12 frame of the film's size, in place."""
        drawn = self._at(seconds)
        if drawn is None:
            return
        height, width = drawn.luma.shape
        luma = frame.luma[drawn.y : drawn.y + height, drawn.x : drawn.x + width]
        luma[:] = np.rint(luma * drawn.clear + drawn.luma)
        chroma = frame.chroma[drawn.y // 2 : (drawn.y + height) // 2, drawn.x // 2 : (drawn.x + width) // 2]
        chroma[:] = np.rint(128.0 + (chroma.astype(np.float32) - 128.0) * drawn.clear_half)

    def _at(self, seconds: float) -> _Drawn | None:
        index = bisect_right(self._starts, seconds) - 1
        if index < 0 or seconds >= self.cues[index].end:
            return None
        if self._held[0] != index:
            self._held = (index, self._picture(self.cues[index]))
        return self._held[1]

    def _picture(self, cue: Cue) -> _Drawn | None:
        lines = [line for line in map(lettering.drawable, cue.lines) if line]
        if not lines:
            return None
        widest = max(lettering.measure(line, self._size) for line in lines)
        size = self._size if widest <= self._room else max(8, int(self._size * self._room / widest))
        text, plate = _block(lines, size)
        x = (self._film[0] - text.shape[1]) // 4 * 2
        upright = self._film[1] > 1.2 * self._film[0]
        y = int(self._film[1] * (1 - (TALL_SAFE if upright else SAFE)) - text.shape[0]) // 2 * 2
        return _prepared(text, plate, max(0, x), max(0, y))


def _block(lines: list[str], size: int) -> tuple[Floats, Floats]:
    """Coverage of the centred lines and of the plate behind them, both (h, w) with even sides."""
    masks = [lettering.draw(line, size) for line in lines]
    step, above, below = round(LEADING * size), round(lettering.ASCENT * size), round(lettering.DESCENT * size)
    height = round(2 * PAD_Y * size) + step * (len(lines) - 1) + above + below
    width = round(2 * PAD_X * size) + max(mask.shape[1] for mask in masks)
    text = np.zeros((height + height % 2, width + width % 2), np.float32)
    for index, mask in enumerate(masks):
        x, y = (text.shape[1] - mask.shape[1]) // 2, round(PAD_Y * size) + index * step
        under = text[y : y + mask.shape[0], x : x + mask.shape[1]]
        np.maximum(under, mask, out=under)
    return text, _plate(text.shape[0], text.shape[1], ROUND * size)


def _plate(height: int, width: int, radius: float) -> Floats:
    """Coverage of a rectangle with round corners, smooth at its edge (by the distance to it)."""
    y, x = np.abs(np.mgrid[0:height, 0:width] + 0.5 - np.array([height, width]).reshape(2, 1, 1) / 2)
    away = np.hypot(np.maximum(x - width / 2 + radius + 1, 0), np.maximum(y - height / 2 + radius + 1, 0)) - radius
    covered: Floats = np.clip(0.5 - away, 0, 1).astype(np.float32)
    return covered


def _prepared(text: Floats, plate: Floats, x: int, y: int) -> _Drawn:
    cover = text + plate * PLATE * (1 - text)
    light = np.rint(255 * WHITE * text).astype(np.uint8)
    rgba = np.dstack([light, light, light, np.rint(255 * cover).astype(np.uint8)])
    half = np.float32(1) - cv2.resize(cover, (cover.shape[1] // 2, cover.shape[0] // 2), interpolation=cv2.INTER_AREA)
    luma = 16.0 * cover + 219.0 * WHITE * text
    return _Drawn(rgba, x, y, luma.astype(np.float32), 1 - cover, half[..., None].astype(np.float32))
