"""What a good network would guess of a speech whose times are known: a spike for each letter, blanks between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Utterance
from avatar.face import ctc_retiming, ctc_spelling
from avatar.face.ctc import BLANK, GAP
from avatar.face.ctc_retiming import Grid
from tests.lips.networks import COLUMNS, LETTERS

Floats = NDArray[np.float32]

GRID = Grid(0.02, 0.0125)


@dataclass(frozen=True, slots=True)
class Spike:
    """A symbol and the frame at which it is guessed."""

    symbol: int
    frame: int


def spikes(utterance: Utterance, *, seed: int = 0, within: tuple[float, float] = (0.3, 0.6)) -> list[Spike]:
    """Where each letter of the utterance is guessed: somewhere `within` its sound, as shares of its length."""
    rng = np.random.default_rng(seed)
    spelling = ctc_spelling.spelled([word.text for word in utterance.words], COLUMNS)
    belongs = ctc_retiming.owners(utterance)
    times: list[float] = []
    for number, word in enumerate(utterance.words):
        phones = [utterance.phones[place] for place, owner in enumerate(belongs) if owner == number]
        signs = "".join(sign for sign, owner in zip(spelling.signs, spelling.words, strict=True) if owner == number)
        pairs = ctc_spelling.paired(signs, tuple(phone.ipa for phone in phones))
        known = {
            letter: phones[phone].start + rng.uniform(*within) * (phones[phone].end - phones[phone].start)
            for letter, phone in pairs
        }
        known = {-1: word.start, **known, len(signs): word.end}
        if times:
            times.append(0.5 * (times[-1] + word.start))
        times += np.interp(range(len(signs)), list(known), list(known.values())).tolist()
    return _apart(spelling.symbols, times)


def _apart(symbols: tuple[int, ...], times: list[float]) -> list[Spike]:
    """One frame each, in order, and one between equal neighbours."""
    found: list[Spike] = []
    for symbol, time in zip(symbols, times, strict=True):
        frame = round((time - GRID.first) / GRID.hop)
        if found:
            frame = max(frame, found[-1].frame + (2 if found[-1].symbol == symbol else 1))
        found.append(Spike(symbol, max(frame, 0)))
    return found


def guesses(placed: list[Spike], frames: int, *, noise: float = 0.0, seed: int = 0) -> Floats:
    """Natural logs of chances, (frames, columns), of a network that is sure, but for `noise` in its scores."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.0, 1.0 + noise, (frames, 2 + len(LETTERS)))
    scores[:, BLANK] += 9.0
    for spike in placed:
        scores[min(spike.frame, frames - 1), [BLANK, spike.symbol]] += (-9.0, 9.0)
    scores -= scores.max(axis=1, keepdims=True)
    told: Floats = (scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))).astype(np.float32)
    return told


__all__ = ["COLUMNS", "GAP", "GRID", "Spike", "guesses", "spikes"]
