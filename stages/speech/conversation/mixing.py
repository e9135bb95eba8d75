"""Sounds laid one after the other at their times, at one sample rate, in blocks. Knows not what they say."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import av
import numpy as np

from avatar.media import sound
from avatar.media.sound import Samples

FADE = 0.008
"""Seconds in which a cut sound comes and goes."""


class Span(Protocol):
    """Which seconds of a sound are heard, and from when on."""

    @property
    def begin(self) -> float:
        """The first second of it."""
        ...

    @property
    def end(self) -> float:
        """The last second of it."""
        ...

    @property
    def at(self) -> float:
        """When it begins in the whole."""
        ...


def blocks(
    sources: Iterable[tuple[Path, Span]], seconds: float, *, rate: int, step: Callable[[int, int], None]
) -> Iterator[Samples]:
    """All of it, `seconds` long, silent between the sounds; `step` is told how far it is. Raises `BadRequest`."""
    total, done = round(seconds * rate), 0
    for path, span in sources:
        step(done, total)
        start = round(span.at * rate)
        yield from _silence(start - done)
        done = max(done, start)
        for block in _resampled(_heard(path, span), sound.rate_of(path), rate):
            yield block[: total - done]
            done += len(block)
    yield from _silence(total - done)
    step(total, total)


def _silence(samples: int) -> Iterator[Samples]:
    """So many samples of nothing, in blocks."""
    while samples > 0:
        yield np.zeros(min(samples, sound.BLOCK), np.float32)
        samples -= sound.BLOCK


def _heard(path: Path, span: Span) -> Iterator[Samples]:
    """The part of a sound that is heard, faded at its ends."""
    rate, at = sound.rate_of(path), 0
    first, last = round(span.begin * rate), round(span.end * rate)
    for block in sound.read(path):
        places = np.arange(at, at + len(block))
        at += len(block)
        inside = (places >= first) & (places < last)
        edge = np.minimum(places[inside] - first, last - 1 - places[inside])
        yield block[inside] * np.clip(edge / (FADE * rate), 0.0, 1.0).astype(np.float32)
        if at >= last:
            return


def _resampled(given: Iterable[Samples], own: int, rate: int) -> Iterator[Samples]:
    if own == rate:
        yield from given
        return
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    for block in given:
        if len(block):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block[None]), format="flt", layout="mono")
            frame.sample_rate = own
            yield from (np.asarray(each.to_ndarray()[0], np.float32) for each in resampler.resample(frame))
    yield from (np.asarray(each.to_ndarray()[0], np.float32) for each in resampler.resample(None))
