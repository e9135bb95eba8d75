"""Letters laid along a network's guesses of them, and read from them (CTC). Knows no sound and no language.

Guesses are natural logs of probabilities, (frames, columns): column 0 is the blank, column 1 the gap between words, the
others are letters. Forced alignment is the best path through blanks and letters (Graves et al. 2006, ICML, p. 369),
sought within a window of states that moves along; what is older than some seconds is settled, so that neither memory
nor the time for a frame grows with the recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Guesses = NDArray[np.float16] | NDArray[np.float32]
Known = NDArray[np.float32]
Labels = NDArray[np.int64]

BLANK, GAP = 0, 1
ANY = -1
"""Stands for letters that are not known: a number, a name in another script."""
DOUBT = 0.7
"""What a frame of `ANY` costs beside the likeliest column, in natural log: known letters go before."""
HOPELESS = -8.0
"""What the least likely column counts, in natural log: one bad frame must not decide."""
FITTING = 0.03
"""Least score of letters that fit. Measured with a small network that gets every third letter wrong: other texts, and
right ones with their words shuffled, score 0.01 at most, right ones 0.06 at least; with one that is sure, 0.005 and
0.25. A network that is sure of nothing fits nothing."""
BLOCK, HELD = 256, 12
"""Frames after which the window moves, and blocks that may still change: a minute of guesses at 50 a second."""
WIDTH, BEHIND = 1024, 400
"""States in the window, two for each letter, and how many of them lie behind the best one."""


@dataclass(frozen=True, slots=True)
class Laid:
    """When each symbol is guessed: its first frame and the one after its last, (n,) each.

    `score` is 0 .. 1: the chance of the best path, as a geometric mean over letters; frames of `ANY` do not count.
    """

    starts: Labels
    ends: Labels
    score: float

    @property
    def fits(self) -> bool:
        """Whether this is what was said."""
        return self.score >= FITTING


@dataclass(frozen=True, slots=True)
class _Walked:
    """One block's decisions: the state came from `low` + column - choice; and the guesses, `ANY` last."""

    low: int
    choices: NDArray[np.int8]
    guesses: Known


class Aligner:
    """Takes guesses in pieces of any length; `laid` then tells when each of `symbols`, columns or `ANY`, is said."""

    def __init__(self, symbols: Sequence[int], *, width: int = WIDTH) -> None:
        self._states = np.full(2 * len(symbols) + 1, BLANK)
        self._states[1::2] = symbols
        self._leap = np.full(len(self._states), -np.inf, np.float32)
        self._leap[3::2][self._states[3::2] != self._states[1:-2:2]] = 0.0
        self._low = 0
        self._score = np.full(min(width, len(self._states)), -np.inf, np.float32)
        self._begun = False
        self._blocks: list[_Walked] = []
        self._settled: list[Labels] = []
        self._lost = 0.0

    def push(self, guesses: Guesses) -> None:
        """The next frames, (n, columns)."""
        for first in range(0, len(guesses), BLOCK):
            self._walk(guesses[first : first + BLOCK].astype(np.float32))
            if len(self._blocks) > HELD:
                path = self._traced(int(self._score.argmax()) + self._low)
                self._settle(path[: len(self._blocks[0].choices)])

    def _walk(self, guesses: Known) -> None:
        self._move()
        known = np.maximum(guesses, HOPELESS)
        known = np.concatenate([known, known.max(axis=1, keepdims=True) - np.float32(DOUBT)], axis=1)
        window = slice(self._low, self._low + len(self._score))
        fits, leap = known[:, self._states[window]], self._leap[window][2:]
        choices = np.zeros(fits.shape, np.int8)
        score = self._score
        for row, (fit, choice) in enumerate(zip(fits, choices, strict=True)):
            if row == 0 and not self._begun:
                score[:2] = fit[:2]
                self._begun = True
                continue
            best = score.copy()
            np.greater(score[:-1], best[1:], out=choice[1:], casting="unsafe")
            np.maximum(score[:-1], best[1:], out=best[1:])
            two = score[:-2] + leap
            np.maximum(choice[2:], 2 * (two > best[2:]).view(np.int8), out=choice[2:])
            np.maximum(two, best[2:], out=best[2:])
            best += fit
            score = best
        self._score = score - score.max()
        self._blocks.append(_Walked(self._low, choices, known))

    def _move(self) -> None:
        """Let the window follow the best state."""
        best = self._low + int(self._score.argmax())
        low = min(best - BEHIND * len(self._score) // WIDTH, len(self._states) - len(self._score))
        if low > self._low:
            step = low - self._low
            kept = np.full_like(self._score, -np.inf)
            kept[: max(len(kept) - step, 0)] = self._score[step:]
            self._score, self._low = kept, low

    def _traced(self, state: int) -> Labels:
        """The state of each frame of the blocks at hand, when the last one is `state`."""
        path: list[int] = []
        for block in reversed(self._blocks):
            for choices in block.choices[::-1]:
                path.append(state)
                state -= int(choices[state - block.low])
        return np.asarray(path[::-1], np.int64)

    def _settle(self, path: Labels) -> None:
        """Count what the first block loses on its path, and forget the block."""
        symbols = self._states[path]
        sure = symbols != ANY
        known = self._blocks[0].guesses
        self._lost += float(known[np.flatnonzero(sure), symbols[sure]].sum(dtype=np.float64))
        self._settled.append(path)
        del self._blocks[0]

    def laid(self) -> Laid | None:
        """When each symbol is said; none where they can't all be said in this time. Only once, at the end."""
        ends = [state for state in range(len(self._states) - 2, len(self._states)) if state >= self._low]
        if not self._blocks or self._low + len(self._score) < len(self._states):
            return None
        end = max(ends, key=lambda state: float(self._score[state - self._low]))
        if not np.isfinite(self._score[end - self._low]):
            return None
        path = self._traced(end)
        while self._blocks:
            count = len(self._blocks[0].choices)
            self._settle(path[:count])
            path = path[count:]
        path = np.concatenate(self._settled)
        edges = np.flatnonzero(np.diff(path, prepend=-1, append=-1))
        starts, stops = edges[:-1], edges[1:]
        symbols = path[starts] % 2 == 1
        letters = int(np.count_nonzero(self._states[1::2] > GAP))
        return Laid(starts[symbols], stops[symbols], float(np.exp(self._lost / max(letters, 1))))


def align(guesses: Guesses, symbols: Sequence[int]) -> Laid | None:
    """When each symbol is said, in one go."""
    aligner = Aligner(symbols)
    aligner.push(guesses)
    return aligner.laid()


@dataclass(frozen=True, slots=True)
class Reading:
    """The likeliest symbols, words parted by `GAP`; `sure` is 0 .. 1, the geometric mean of its letters' chances."""

    symbols: tuple[int, ...]
    sure: float


def read(guesses: Guesses) -> Reading:
    """What is likeliest at each frame, without repeats and blanks."""
    if not len(guesses):
        return Reading((), 0.0)
    likeliest = guesses.argmax(axis=1)
    first = np.flatnonzero(np.diff(likeliest, prepend=BLANK))
    ends = [*first[1:].tolist(), len(likeliest)]
    symbols: list[int] = []
    peaks: list[float] = []
    for start, end in zip(first.tolist(), ends, strict=False):
        symbol = int(likeliest[start])
        if symbol == BLANK or (symbol == GAP and (not symbols or symbols[-1] == GAP)):
            continue
        symbols.append(symbol)
        if symbol != GAP:
            peaks.append(float(guesses[start:end, symbol].max()))
    if symbols and symbols[-1] == GAP:
        symbols.pop()
    return Reading(tuple(symbols), float(np.exp(np.mean(peaks))) if peaks else 0.0)
