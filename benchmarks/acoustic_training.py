"""Fits the network of `avatar.face.acoustic_net` to speech of our own making: `python -m benchmarks.acoustic_training`.

Takes some five minutes on one core. Rooms, noises, microphones, lengths of the throat and spectra that no synthesiser
has are laid over the speech, since it is for people's voices that the network is meant. Same seed, same numbers, on the
same machine with OMP_NUM_THREADS=1.
"""

import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.face import acoustic_features as features
from avatar.face.acoustic_classes import CLASSES, classes
from avatar.face.acoustic_features import BANDS, HOP, Heard, Listener
from avatar.face.acoustic_net import FILE, OFFSETS
from benchmarks.acoustic_corpus import RATE, Samples, Spoken, to_fit

Array = NDArray[np.float32]
Labels = NDArray[np.int64]

HIDDEN = (84, 56)
PIECES = 900
EPOCHS = 14
BATCH = 512
REACH = OFFSETS[-1]


@dataclass(frozen=True, slots=True)
class Take:
    """One piece as it was heard, with the class of each frame."""

    heard: Heard
    labels: Labels


def labels(phones: tuple[Phone, ...], frames: int, stretch: float = 1.0) -> Labels:
    """The class of each frame, (frames,); times are multiplied by `stretch`."""
    found = np.zeros(frames, np.int64)
    for phone in phones:
        start = phone.start
        for column, share in classes(phone.ipa):
            end = start + share * (phone.end - phone.start)
            found[round(start * stretch / HOP) : round(end * stretch / HOP)] = column
            start = end
    return found


def listened(samples: Samples, rate: int = RATE) -> Heard:
    """All frames of a sound."""
    listener = Listener(rate)
    for first in range(0, len(samples), 1 << 16):
        listener.push(samples[first : first + (1 << 16)])
    return listener.heard()


def _shaped(samples: Samples, dice: np.random.Generator) -> Samples:
    """Through a random smooth filter: a microphone, a telephone, a tilt."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1.0 / RATE)
    knots = np.array([50, 200, 500, 1000, 2000, 3500, 5500, 8000, 11025.0])
    gains = dice.normal(0.0, 4.0, len(knots)) + dice.normal(0.0, 3.0) * np.log2(knots / 1000.0)
    curve = np.interp(np.log(hertz + 20.0), np.log(knots), gains)
    if dice.random() < 0.15:
        curve -= 60.0 * ((hertz > 3600.0) | (hertz < 250.0))
    shaped: Samples = np.fft.irfft(spectrum * 10.0 ** (curve / 20.0), len(samples)).astype(np.float32)
    return shaped


def _in_room(samples: Samples, dice: np.random.Generator) -> Samples:
    length = int(RATE * dice.uniform(0.05, 0.4))
    decay = np.exp(-6.9 * np.arange(length) / length) * dice.standard_normal(length)
    decay *= dice.uniform(0.02, 0.35) / np.sqrt(np.sum(decay**2))
    decay[0] = 1.0
    size = 1 << (len(samples) + length).bit_length()
    wet: Samples = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(decay, size), size).astype(np.float32)
    return wet[: len(samples)]


def _noisy(samples: Samples, dice: np.random.Generator) -> Samples:
    slope = dice.uniform(0.0, 1.4)
    spectrum = np.fft.rfft(dice.standard_normal(len(samples)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 20.0) ** (slope / 2.0)
    noise = np.fft.irfft(spectrum, len(samples))
    ratio = 10.0 ** (-dice.uniform(12.0, 60.0) / 20.0)
    noise *= ratio * float(samples.std()) / float(noise.std())
    return samples + noise.astype(np.float32)


def altered(spoken: Spoken, dice: np.random.Generator) -> Take:
    """The piece in other conditions, with a throat of another length (and so another pace)."""
    samples = _shaped(spoken.samples, dice)
    if dice.random() < 0.6:
        samples = _in_room(samples, dice)
    samples = _noisy(samples, dice)
    rate = round(RATE * dice.uniform(0.88, 1.14))
    heard = listened(samples, rate)
    return Take(heard, labels(spoken.utterance.phones, len(heard), RATE / rate))


def _inputs(takes: list[Take], typical: Array) -> tuple[Array, Labels]:
    """Described frames with `REACH` more at the ends of each take, and labels, -1 for those that are only context."""
    rows, told = [], []
    for take in takes:
        mean = features.usual(take.heard, typical)
        rows.append(features.described(take.heard, mean, -REACH, len(take.heard) + REACH))
        told.append(np.pad(take.labels, REACH, constant_values=-1))
    return np.concatenate(rows), np.concatenate(told)


def _follows(takes: list[Take]) -> Array:
    counts = np.full((len(CLASSES), len(CLASSES)), 1.0)
    for take in takes:
        runs = take.labels[np.flatnonzero(np.diff(take.labels, prepend=-1))]
        for one, other in pairwise(runs.tolist()):
            counts[one, other] += 1.0
    np.fill_diagonal(counts, 0.0)
    shares = counts / counts.sum(axis=1, keepdims=True)
    overall = counts.sum(axis=0) / counts.sum()
    result: Array = np.log(0.5 * shares + 0.5 * overall + 1e-4).astype(np.float32)
    return result


class _Adam:
    """Kingma and Ba, "Adam" (2015), over a list of arrays."""

    def __init__(self, values: list[Array]) -> None:
        self._values, self._turn = values, 0
        self._first = [np.zeros_like(value) for value in values]
        self._second = [np.zeros_like(value) for value in values]

    def step(self, slopes: list[Array], rate: float) -> None:
        self._turn += 1
        scale = rate * float(np.sqrt(1.0 - 0.999**self._turn) / (1.0 - 0.9**self._turn))
        for index, slope in enumerate(slopes):
            first, second = self._first[index], self._second[index]
            np.add(first, 0.1 * (slope - first), out=first)
            np.add(second, 0.001 * (slope * slope - second), out=second)
            np.subtract(self._values[index], scale * first / (np.sqrt(second) + 1e-8), out=self._values[index])


def _slopes(values: list[Array], inputs: Array, wanted: Labels) -> tuple[list[Array], float]:
    """Gradient of the cross-entropy with respect to all layers, and its value."""
    seen = [inputs]
    for index in range(0, len(values) - 2, 2):
        seen.append(np.maximum(seen[-1] @ values[index] + values[index + 1], 0.0))
    scores = seen[-1] @ values[-2] + values[-1]
    scores -= scores.max(axis=1, keepdims=True)
    chance = np.exp(scores)
    chance /= chance.sum(axis=1, keepdims=True)
    loss = -float(np.mean(np.log(chance[np.arange(len(wanted)), wanted] + 1e-9)))
    error = chance
    smooth = 0.05
    error -= smooth / len(CLASSES)
    error[np.arange(len(wanted)), wanted] -= 1.0 - smooth
    error /= len(wanted)
    found: list[Array] = []
    for index in range(len(values) - 2, -1, -2):
        below = seen[index // 2]
        found = [below.T @ error, error.sum(axis=0), *found]
        if index:
            error = (error @ values[index].T) * (below > 0.0)
    return found, loss


def fit(takes: list[Take], seed: int = 1) -> dict[str, Array]:
    """Everything that `acoustic_net.net` reads."""
    dice = np.random.default_rng(seed)
    sums = sum((take.heard.bands.astype(np.float64).sum(axis=0) for take in takes), np.zeros(BANDS))
    typical = (sums / sum(len(take.heard) for take in takes)).astype(np.float32)
    typical -= typical.mean()
    rows, told = _inputs(takes, typical)
    at = np.flatnonzero(told >= 0)
    inside = rows[at]
    mean, spread = np.tile(inside.mean(axis=0), len(OFFSETS)), np.tile(inside.std(axis=0), len(OFFSETS))
    sizes = (len(mean), *HIDDEN, len(CLASSES))
    values: list[Array] = []
    for before, after in pairwise(sizes):
        values += [(dice.standard_normal((before, after)) * np.sqrt(2.0 / before)).astype(np.float32)]
        values += [np.zeros(after, np.float32)]
    adam, total = _Adam(values), EPOCHS * (len(at) // BATCH)
    steps = np.array(OFFSETS)
    for epoch in range(EPOCHS):
        order, losses = dice.permutation(at), []
        for turn in range(len(at) // BATCH):
            picked = order[turn * BATCH : (turn + 1) * BATCH]
            inputs = (rows[picked[:, None] + steps].reshape(BATCH, -1) - mean) / spread
            inputs += (0.15 * dice.standard_normal(inputs.shape)).astype(np.float32)
            slopes, loss = _slopes(values, inputs.astype(np.float32), told[picked])
            done = (epoch * (len(at) // BATCH) + turn) / total
            adam.step(slopes, 0.002 * 0.5 * (1.0 + np.cos(np.pi * done)) + 1e-5)
            losses.append(loss)
        print(f"{epoch:3} {np.mean(losses):.4f}", flush=True)
    usual = np.bincount(told[at], minlength=len(CLASSES)) / len(at)
    known = {"mean": mean, "spread": spread, "typical": typical, "usual": usual, "follows": _follows(takes)}
    for index in range(len(sizes) - 1):
        known |= {f"weights{index}": values[2 * index], f"bias{index}": values[2 * index + 1]}
    return {name: np.asarray(value, np.float16) for name, value in known.items()}


def main(target: Path) -> None:
    """Make the corpus, fit, and write the file."""
    dice = np.random.default_rng(1)
    takes = [altered(spoken, dice) for spoken in to_fit(PIECES)]
    print(f"{sum(len(take.heard) for take in takes) * HOP / 60:.1f} minutes")
    known = fit(takes)
    np.savez_compressed(target, allow_pickle=False, **known)
    print(target.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
