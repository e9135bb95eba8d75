"""How broad somebody is, by the outline of the person in the portrait. Knows no joints but the shoulders.

Lengths are face heights, forehead to chin.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

HALF, DROP = 0.90, 0.50
"""Half the distance of the shoulder joints and their depth below the chin, of an adult; after the proportions of
Drillis & Contini 1966 with a face of 180 mm."""
HALF_RANGE, DROP_RANGE = (0.55, 1.20), (0.40, 0.75)
"""What people, and those in paintings, have."""
LOOKED_AT = (0.85, 0.50)
"""Depths below the chin between which the outline is that of the upper arms: the lowest that the picture has."""
JOINT = 0.76
"""Place of the joint on the way from the body's middle to the arm's outer edge."""
RIM = 0.13
"""Width of the soft rim that a portrait's outline keeps around the person."""
SLOPE = 0.72
"""Share of the full width at which the outline turns from neck to arm."""
BELOW_SLOPE = 0.12


@dataclass(frozen=True, slots=True)
class Shoulders:
    """Where the shoulder joints are in pixels; `measured` where the outline told so."""

    middle: float
    half: float
    y: float
    measured: bool


def shoulders(chin: tuple[float, float], unit: float, outline: Mask | None) -> Shoulders:
    """Those of the person whose `outline` (height, width) is 255 where they are; of anybody without one."""
    x, y = chin
    usual = Shoulders(x, HALF * unit, y + DROP * unit, measured=False)
    if outline is None:
        return usual
    reach = next((seen for down in _DEPTHS if (seen := _reach(outline, x, y + down * unit))), None)
    if reach is None:
        return usual
    left, right = reach
    rim = RIM * unit
    sides = [x - left - rim] * (left > 0) + [right - rim - x] * (right < outline.shape[1] - 1)
    middle = 0.5 * (left + right) if len(sides) == 2 else x
    middle = float(np.clip(middle, x - 0.3 * unit, x + 0.3 * unit))
    wide = float(np.mean(sides)) if sides else HALF / JOINT * unit
    half = float(np.clip(JOINT * wide, HALF_RANGE[0] * unit, HALF_RANGE[1] * unit))
    return Shoulders(middle, half, _height(outline, (x, y), unit, wide), measured=bool(sides))


_DEPTHS = tuple(float(down) for down in np.arange(LOOKED_AT[0], LOOKED_AT[1], -0.05))


def _height(outline: Mask, chin: tuple[float, float], unit: float, wide: float) -> float:
    """Where the outline has come to most of its width, or to the picture's edges, and a little on."""
    x, y = chin
    for down in np.arange(DROP_RANGE[0] - BELOW_SLOPE, LOOKED_AT[0], 0.02):
        reach = _reach(outline, x, y + down * unit)
        edges = reach is not None and reach[0] <= 0 and reach[1] >= outline.shape[1] - 1
        if edges or (reach and 0.5 * (reach[1] - reach[0]) - RIM * unit >= SLOPE * wide):
            return float(y + np.clip(down + BELOW_SLOPE, *DROP_RANGE) * unit)
    return y + DROP * unit


def _reach(outline: Mask, x: float, y: float) -> tuple[int, int] | None:
    """First and last column of the run of a row's outline that holds column `x`; none outside of it."""
    row, column = round(y), round(x)
    if not (0 <= row < outline.shape[0] and 0 <= column < outline.shape[1]) or outline[row, column] < 128:
        return None
    gaps = np.flatnonzero(outline[row] < 128)
    before, after = gaps[gaps < column], gaps[gaps > column]
    left = int(before[-1]) + 1 if len(before) else 0
    return left, int(after[0]) - 1 if len(after) else outline.shape[1] - 1


def outline(alpha: Mask, corner: tuple[int, int], size: tuple[int, int]) -> Mask:
    """A layer's alpha (h, w) laid into a picture of (width, height), its top left corner at (x, y)."""
    shift = np.array([[1.0, 0.0, corner[0]], [0.0, 1.0, corner[1]]], np.float32)
    return np.asarray(cv2.warpAffine(alpha, shift, size, flags=cv2.INTER_NEAREST), np.uint8)
