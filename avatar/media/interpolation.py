"""Pictures between two pictures, so that slow footage plays at a film's pace. Knows no network and no file.

Movement is found by dense inverse search, both ways (Kroeger et al., "Fast Optical Flow using Dense Inverse Search",
2016); both pictures are moved towards the moment in between and blended where the two movements agree, as in Jiang et
al., "Super SloMo", 2018, without its networks. Same pictures, same result, on any number of threads.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Numbers = NDArray[Any]
Draw = Callable[[Bytes, Bytes, float], Bytes]
"""What draws the picture at a part of the way, 0 to 1, from one to another, R'G'B' (height, width, 3)."""

LOOKED_AT = 1024
"""Pixels of the longer side at which movement is looked for."""
APART, AGREED = 0.05, 2.0
"""Over a cut colours differ by more than this though they were moved, levels of 1, and the share of points that move
there and back alike is less than so many times that."""
DOUBT = 1e-3
"""What a picture counts where its movement is sure to be wrong."""


@dataclass(frozen=True, eq=False)
class Between:
    """Two pictures that follow each other, R'G'B' (height, width, 3), and all that lies between them.

    What lies between is drawn by `draw` where there is one.
    """

    first: Bytes
    second: Bytes
    draw: Draw | None = None

    def at(self, part: float) -> Bytes:
        """The picture at `part` of the way, 0 to 1. Over a cut the first picture is held."""
        if part <= 0.0 or self.still or (self.cut and part < 1.0):
            return self.first
        if part >= 1.0:
            return self.second
        return self.draw(self.first, self.second, part) if self.draw else self._blend(part)

    @cached_property
    def still(self) -> bool:
        """Whether the two are the same."""
        return bool(np.array_equal(self.first, self.second))

    @cached_property
    def cut(self) -> bool:
        """Whether the second shows another scene: movement does not explain it, and does not agree both ways."""
        apart = _apart(self.first, _moved(self.second, self.flows[0]))
        return apart > APART and float(np.mean(self._trust)) < AGREED * apart

    def _blend(self, part: float) -> Bytes:
        there, back = self.flows
        left = 1.0 - part
        to_first = np.asarray(part * (part * back - left * there), np.float32)
        to_second = np.asarray(left * (left * there - part * back), np.float32)
        trust_first, trust_second = self._trust
        weight = left * (_moved(trust_first, to_first) + DOUBT)
        other = part * (_moved(trust_second, to_second) + DOUBT)
        share = np.asarray(weight / (weight + other), np.float32)[..., None]
        one = _moved(self.first, to_first).astype(np.float32)
        two = _moved(self.second, to_second).astype(np.float32)
        two += share * (one - two)
        return np.asarray(np.rint(np.clip(two, 0.0, 255.0)), np.uint8)

    @cached_property
    def flows(self) -> tuple[Floats, Floats]:
        """Pixels (height, width, 2) that each point moves from the first to the second, and back."""
        one, two = _grey(self.first), _grey(self.second)
        return _flow(one, two), _flow(two, one)

    @cached_property
    def _trust(self) -> tuple[Floats, Floats]:
        """1 where going there and back ends at the start, less where it does not."""
        there, back = self.flows
        round_trips = (there + _moved(back, there), back + _moved(there, back))
        first, second = (np.exp(-np.hypot(trip[..., 0], trip[..., 1])) for trip in round_trips)
        return np.asarray(first, np.float32), np.asarray(second, np.float32)


def raised(
    frames: Iterable[Bytes], *, source_fps: float, target_fps: float, draw: Draw | None = None
) -> Iterator[Bytes]:
    """The frames at a higher rate, those between two made of both, as `Between` does. Two are held in memory at a time.

    It lasts as long as before: after the last frame nothing is known, so that it is held. Raises `BadRequest` for rates
    that are not rising.
    """
    if not (0.0 < source_fps <= target_fps and math.isfinite(target_fps)):
        raise BadRequest(f"{source_fps:g} frames a second can't be raised to {target_fps:g}. Ask for a higher rate.")
    pace = Fraction(source_fps).limit_denominator(1001) / Fraction(target_fps).limit_denominator(1001)
    count, given = 0, 0
    last: Bytes | None = None
    for frame in frames:
        if last is not None:
            pair = Between(last, frame, draw)
            while (place := given * pace - (count - 1)) < 1:
                yield pair.at(float(place))
                given += 1
        last = frame
        count += 1
    if last is not None:
        for _ in range(given, max(1, round(count / pace))):
            yield last


def _grey(picture: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _flow(one: Bytes, two: Bytes) -> Floats:
    height, width = one.shape
    scale = min(1.0, LOOKED_AT / max(one.shape))
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    if scale == 1.0:
        return np.asarray(search.calc(one, two, None), np.float32)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = [np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.uint8) for each in (one, two)]
    found = cv2.resize(search.calc(small[0], small[1], None), (width, height), interpolation=cv2.INTER_LINEAR)
    found *= np.array([width / size[0], height / size[1]], np.float32)
    return np.asarray(found, np.float32)


def _moved(picture: Numbers, by: Floats) -> Numbers:
    """The picture as seen from where each pixel is moved to."""
    rows, columns = np.indices(by.shape[:2], np.float32)
    places = (columns + by[..., 0], rows + by[..., 1])
    return np.asarray(cv2.remap(picture, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _apart(one: Numbers, two: Numbers) -> float:
    """Mean distance of two pictures, levels of 1."""
    return float(cv2.norm(one, two, cv2.NORM_L1)) / (255.0 * one.size)
