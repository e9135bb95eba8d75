"""A speech's sound as a network and a small ear hear it: in pieces that overlap, however long. Knows no words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.face.acoustic_features import Heard, Listener
from avatar.media import video
from stages.lips.wav2vec.network import RATE, Network

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]

PIECE, BESIDE = 1500, 75
"""Frames that are kept of each piece, and those on either side that the network hears with them: 30 s and 1.5 s, a
little more than half of the widest convolution over frames (128 of them)."""

Step = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Listened:
    """Guesses of letters, (frames, columns), and what the small ear heard."""

    guesses: Halves
    heard: Heard


def listen(path: Path, network: Network, step: Step) -> Listened:
    """Hear a sound file; `step` is told which share of it is done. Raises UnsupportedMedia for what is no sound."""
    ear = Listener(RATE)
    count, total, power = 0, 0.0, 0.0
    for block in video.samples(path, RATE):
        step(0.0)
        ear.push(block)
        count += len(block)
        total += float(block.sum(dtype=np.float64))
        power += float(np.dot(block, block))
    mean = total / max(count, 1)
    spread = float(np.sqrt(max(power / max(count, 1) - mean * mean, 0.0) + 1e-7))
    frames = network.frames(count)
    found = np.zeros((frames, len(network.columns)), np.float16)
    for first, last, before, heard in pieces(video.samples(path, RATE), network, frames):
        step(first / frames)
        fit = (heard - np.float32(mean)) / np.float32(spread) if network.normal else heard
        found[first:last] = network.guesses(fit)[before : before + last - first]
    return Listened(found, ear.heard())


def pieces(blocks: Iterator[Floats], network: Network, frames: int) -> Iterator[tuple[int, int, int, Floats]]:
    """First frame kept and the one after the last, how many are heard before it, and the samples; `frames` in all."""
    held, dropped = np.zeros(0, np.float32), 0
    first = 0
    while first < frames:
        last = first + PIECE if first + PIECE + BESIDE < frames else frames
        low, high = max(0, first - BESIDE), min(frames, last + BESIDE)
        start, end = low * network.hop, (high - 1) * network.hop + network.field
        waiting = [held]
        size = len(held)
        while dropped + size < end and (block := next(blocks, None)) is not None:
            waiting.append(block)
            size += len(block)
        held = np.concatenate(waiting)[start - dropped :]
        dropped = start
        yield first, last, first - low, held[: end - start]
        first = last
