"""A small network that tells the class of each frame of sound, and how it is applied. Knows not how it was trained.

Its numbers, 49 kB beside this file, were fitted to speech of our own making by `benchmarks/acoustic_training.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.face import acoustic_features as features
from avatar.face.acoustic_features import Heard

Array = NDArray[np.float32]

OFFSETS = (-14, -10, -7, -5, -3, -2, -1, 0, 1, 2, 3, 5, 7, 10, 14)
"""Frames around the one to be told that the network sees."""
AT_ONCE = 4096
FILE = Path(__file__).with_suffix(".npz")


@dataclass(frozen=True, slots=True)
class Net:
    """Layers as (weights, bias), each but the last followed by a rectifier.

    `mean` and `spread` (inputs,) bring the input to scale, `typical` (bands,) is the mean spectrum of an average voice,
    `usual` (classes,) how often each class is, and `follows` (classes, classes) in natural log which one follows which.
    """

    layers: tuple[tuple[Array, Array], ...]
    mean: Array
    spread: Array
    typical: Array
    usual: Array
    follows: Array

    def apply(self, inputs: Array) -> Array:
        """Natural log of each class's probability, (n, classes), for inputs (n, inputs)."""
        values = (inputs - self.mean) / self.spread
        for weights, bias in self.layers[:-1]:
            values = np.maximum(values @ weights + bias, 0.0)
        weights, bias = self.layers[-1]
        scores = values @ weights + bias
        scores -= scores.max(axis=1, keepdims=True)
        result: Array = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return result


@lru_cache(maxsize=1)
def net() -> Net:
    """The network as it is shipped."""
    with np.load(FILE) as file:
        kept = {name: file[name].astype(np.float32) for name in file.files}
    count = sum(name.startswith("weights") for name in kept)
    layers = tuple((kept[f"weights{index}"], kept[f"bias{index}"]) for index in range(count))
    return Net(layers, kept["mean"], kept["spread"], kept["typical"], kept["usual"], kept["follows"])


def stacked(described: Array) -> Array:
    """Each frame with those around it, (n - 28, inputs), of frames (n, features)."""
    reach = OFFSETS[-1]
    count = len(described) - 2 * reach
    return np.concatenate([described[reach + offset : reach + offset + count] for offset in OFFSETS], axis=1)


def told(heard: Heard, known: Net) -> Iterator[Array]:
    """Log probabilities (n, classes) of all frames, in pieces of at most `AT_ONCE` frames."""
    mean, reach = features.usual(heard, known.typical), OFFSETS[-1]
    for first in range(0, len(heard), AT_ONCE):
        last = min(first + AT_ONCE, len(heard))
        yield known.apply(stacked(features.described(heard, mean, first - reach, last + reach)))
