"""Lips timed by wav2vec 2.0: how exact, and what it costs beside the network's own work.

Times are known because the speech is of our own making; guesses are those of a network that is sure of each letter
somewhere within its sound. The network that is timed has the published size and random weights.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Utterance
from avatar.face import ctc, ctc_refining, ctc_retiming, ctc_spelling
from avatar.face.acoustic_features import Heard, Listener
from benchmarks.table import Row
from tests.lips.guesses import COLUMNS, GRID, guesses, spikes
from tests.speech.said import RATE, Said, say

Floats = NDArray[np.float64]

TEXTS = (
    "Before the bombs fell, Philip Moss bought five plum puddings and a very small umbrella. Why move them?",
    "The quick brown fox jumps over the lazy dog, and then it sleeps for a while. Thank you very much for watching!",
    "We had a wonderful morning by the river; the children were playing while their parents prepared the picnic.",
)
VOICES = (("en-us+f3", 0.8), ("en-us+m3", 1.0), ("en-us+f5", 1.3))
WITHIN = {"the middle of": (0.3, 0.6), "the beginning of": (0.0, 0.2), "the end of": (0.6, 0.95)}
MINUTE = 3
"""How often the texts, one after another, fill a minute."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A speech, and the same text as it was read in another voice, whose times are all that is known."""

    said: Said
    reading: Utterance
    heard: Heard


@dataclass
class Clock:
    """A network that adds up what its work costs, in seconds of one core."""

    model: Any
    spent: float = 0.0

    def __call__(self, heard: Any) -> Any:
        """What the network says."""
        began = process_time()
        found = self.model(heard)
        self.spent += process_time() - began
        return found


def rows() -> list[Row]:
    """All figures."""
    with TemporaryDirectory() as folder:
        pairs = [_pair(Path(folder), text, *voice) for text in TEXTS for voice in VOICES]
    found = []
    for name, within in WITHIN.items():
        near, exact = (np.concatenate(part) for part in zip(*(_errors(pair, within) for pair in pairs), strict=True))
        found += [
            Row(f"boundaries, letters in {name} sounds, before the ear", 1000 * float(np.median(near)), "ms"),
            Row(f"boundaries, letters in {name} sounds", 1000 * float(np.median(exact)), "ms", 20.0),
            Row(f"nine in ten, letters in {name} sounds", 1000 * float(np.percentile(exact, 90)), "ms"),
        ]
    return [*found, *_costs()]


def _pair(folder: Path, text: str, voice: str, rate: float) -> Pair:
    said = say(folder / f"{voice}{len(text)}", text, voice, rate=rate)
    reading = say(folder / f"{voice}{len(text)} read", text, "en-us")
    return Pair(said, reading.utterance, _listened(said))


def _listened(said: Said) -> Heard:
    ear = Listener(RATE)
    ear.push(said.sound.astype(np.float32))
    return ear.heard()


def _errors(pair: Pair, within: tuple[float, float]) -> tuple[Floats, Floats]:
    """How far off, in seconds, each phone's ends are, before and after they are put to the frame by ear."""
    true, read = pair.said.utterance, pair.reading
    told = guesses(spikes(true, within=within), int(true.seconds / GRID.hop), noise=0.5)
    spelling = ctc_spelling.spelled([word.text for word in read.words], COLUMNS)
    laid = ctc.align(told, spelling.symbols)
    if laid is None:
        raise AssertionError("the letters do not fit into their own guesses")
    near = ctc_retiming.retimed(read, spelling, laid=laid, grid=GRID, seconds=true.seconds)
    exact = ctc_refining.refined(read.phones, near, heard=pair.heard, seconds=true.seconds)
    numbers = [number for number, phone in enumerate(read.phones) if phone.ipa]
    known = dict(zip(numbers, (phone for phone in true.phones if phone.ipa), strict=True))
    return tuple(  # type: ignore[return-value]  # of two
        np.abs(
            [
                error
                for place in placed
                for error in (place.start - known[place.number].start, place.end - known[place.number].end)
            ]
        )
        for placed in (near, exact)
    )


def _costs() -> list[Row]:
    """Seconds of one core for a minute of speech, beside the network and with it."""
    import torch

    from stages.lips.wav2vec.hearing import listen
    from stages.lips.wav2vec.timing import timed
    from tests.lips.networks import random_network

    text = " ".join(TEXTS * MINUTE)
    with TemporaryDirectory() as folder:
        said = say(Path(folder), text, "en-us+f3")
        path = Path(folder, "minute.wav")
        path.write_bytes(said.wav)
        seconds = said.utterance.seconds
        network = random_network()
        clock = Clock(network.model)
        network = replace(network, model=clock)
        torch.set_num_threads(1)
        network.guesses(np.zeros(16000, np.float32))
        clock.spent = 0.0
        network.guesses(np.zeros(round(seconds * 16000), np.float32))
        bare, clock.spent = clock.spent, 0.0
        began = process_time()
        listened = listen(path, network, lambda _share: None)
        around = process_time() - began - clock.spent
    clean = guesses(spikes(said.utterance), len(listened.guesses))
    began = process_time()
    found = timed(
        said.utterance,
        replace(listened, guesses=clean.astype(np.float16)),
        letters=COLUMNS,
        grid=GRID,
        read=lambda _said: said.utterance,
    )
    beside = process_time() - began
    if not found.heard:
        raise AssertionError("a text does not fit its own guesses")
    return [
        Row(f"{seconds:.0f} s of speech: the network in one go", bare, "s"),
        Row(f"{seconds:.0f} s of speech: the network in pieces", clock.spent, "s"),
        Row(f"{seconds:.0f} s of speech: all around it", around, "s"),
        Row(f"{seconds:.0f} s of speech: letters to phones", beside, "s", 1.0),
        Row("beside the network, of its time in pieces", 100 * (around + beside) / clock.spent, "%"),
        Row("all in all, over the network in one go", 100 * ((clock.spent + around + beside) / bare - 1), "%", 3.0),
    ]
