"""Few frames a second raised to a film's rate by optical flow, as they come. Knows neither model nor film.

Flow both ways by dense inverse search (Kroeger 2016), joined as in Super SloMo (Jiang 2018); where the two ways
contradict each other a frame counts less.
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

EXACT = 1e-6
"""Share of the way between two frames below which a frame is taken as it is."""


def raised(frames: Iterable[Bytes], *, slow: float, fps: float, count: int) -> Iterator[Bytes]:
    """`count` frames at `fps` of frames (h, w, 3) that come at `slow` a second; the last one is held where they end."""
    coming = iter(frames)
    now, at = next(coming, None), 0
    if now is None:
        return
    after = next(coming, None)
    flows: tuple[Floats, Floats] | None = None
    for number in range(count):
        place = number * slow / fps
        while after is not None and place >= at + 1 - EXACT:
            now, at, flows = after, at + 1, None
            after = next(coming, None)
        if after is None or place - at <= EXACT:
            yield now
            continue
        flows = flows or both_ways(now, after)
        yield between(now, after, place - at, flows)
    for _ in coming:
        pass


def both_ways(one: Bytes, other: Bytes) -> tuple[Floats, Floats]:
    """Where each pixel of `one` is in `other` and the other way round, (h, w, 2) each."""
    cv2.setNumThreads(1)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (one, other))
    nothing = np.zeros((*first.shape[:2], 2), np.float32)
    there, back = search.calc(first, second, nothing.copy()), search.calc(second, first, nothing.copy())
    return np.asarray(there, np.float32), np.asarray(back, np.float32)


def between(one: Bytes, other: Bytes, share: float, flows: tuple[Floats, Floats]) -> Bytes:
    """The frame at `share` of the way from one to the other."""
    there, back = flows
    to_one = -(1 - share) * share * there + share * share * back
    to_other = (1 - share) ** 2 * there - share * (1 - share) * back
    first, second = _warped(one, to_one), _warped(other, to_other)
    doubt_one = np.asarray(np.linalg.norm(there + _warped(back, there), axis=-1), np.float32)
    doubt_other = np.asarray(np.linalg.norm(back + _warped(there, back), axis=-1), np.float32)
    weight_one = (1 - share) * np.exp(-_warped(doubt_one, to_one))
    weight_other = share * np.exp(-_warped(doubt_other, to_other))
    part = (weight_other / (weight_one + weight_other + 1e-6))[..., None]
    mixed = first * (1 - part) + second * part
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _warped(picture: Bytes | Floats, flow: Floats) -> Floats:
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    at = x + flow[..., 0], y + flow[..., 1]
    warped = cv2.remap(picture, *at, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)
