"""Known sounds laid along a recording of them: the best path through a chain of states (Viterbi). Knows no text.

The path is sought within a window of states that moves along, and what is older than some seconds is settled, so that
memory does not grow with the recording.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Labels = NDArray[np.int64]

ALIKE = 0.06
"""How much the squared distance of two cepstra counts beside the class's log probability."""
FARTHEST = 60.0
"""Squared distance beyond which a frame is simply unlike."""
RARE = 0.5
LEAST_LOG = -8.0
"""What an unlikely class costs at most, in natural log: one bad frame must not decide."""
SKIP = -1.0
"""Log cost of leaving out a state that is no pause."""
STAY = -0.1
"""Log cost of staying in a state, which keeps speech from being taken in by a neighbour."""
WIDTH, BEHIND = 2400, 700
"""States in the window, and how many of them lie behind the best one."""
BLOCK, HELD = 250, 12
"""Frames after which the window moves, and blocks that may still change."""


@dataclass(frozen=True, slots=True)
class Chain:
    """States in order: the class (k,) of each, the cepstra (k, c) it should look like, and which are mere pauses."""

    classes: Labels
    cepstra: Array
    pauses: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True, slots=True)
class _Walked:
    """One block's decisions: the state came from `lows` + column - choice."""

    low: int
    choices: NDArray[np.int8]


class Aligner:
    """Takes a recording's frames in blocks; `path` then tells each frame's state."""

    def __init__(self, chain: Chain, usual: Array) -> None:
        self._chain = chain
        self._rare = RARE * np.log(usual)
        skip = np.full(len(chain), SKIP, np.float32)
        skip[1:][chain.pauses[:-1]] = 0.0
        self._skip = skip
        self._low = 0
        self._score = np.full(min(WIDTH, len(chain)), -np.inf, np.float32)
        self._score[:2] = 0.0 if chain.pauses[0] else (0.0, SKIP)
        self._begun = False
        self._blocks: list[_Walked] = []
        self._settled: list[Labels] = []

    def push(self, told: Array, cepstra: Array) -> None:
        """The next frames: log probabilities (n, classes) and cepstra (n, c)."""
        for first in range(0, len(told), BLOCK):
            self._walk(told[first : first + BLOCK], cepstra[first : first + BLOCK])
            if len(self._blocks) > HELD:
                path = self._traced(int(self._score.argmax()) + self._low)
                self._settled.append(path[: len(self._blocks[0].choices)])
                del self._blocks[0]

    def _fits(self, told: Array, cepstra: Array) -> Array:
        """How well each frame fits each state of the window, (n, w)."""
        window = slice(self._low, self._low + len(self._score))
        wanted = self._chain.cepstra[window]
        far = (cepstra**2).sum(axis=1)[:, None] + (wanted**2).sum(axis=1) - 2.0 * cepstra @ wanted.T
        likely = np.maximum(told, LEAST_LOG) - self._rare
        result: Array = likely[:, self._chain.classes[window]] - ALIKE * np.clip(far, 0.0, FARTHEST)
        return result

    def _walk(self, told: Array, cepstra: Array) -> None:
        self._move()
        fits = self._fits(told, cepstra)
        choices = np.zeros(fits.shape, np.int8)
        skip = self._skip[self._low : self._low + len(self._score)]
        for index, fit in enumerate(fits):
            if self._begun:
                best, choice = self._score + STAY, choices[index]
                for step, arriving in ((1, self._score[:-1]), (2, self._score[:-2] + skip[2:])):
                    choice[step:][arriving > best[step:]] = step
                    np.maximum(best[step:], arriving, out=best[step:])
                self._score = best
            self._begun = True
            self._score = self._score + fit
        self._score -= self._score.max()
        self._blocks.append(_Walked(self._low, choices))

    def _move(self) -> None:
        """Let the window follow the best state."""
        best = self._low + int(self._score.argmax())
        low = min(max(self._low, best - BEHIND), len(self._chain) - len(self._score))
        if low > self._low:
            step = low - self._low
            kept = np.full_like(self._score, -np.inf)
            kept[:-step] = self._score[step:]
            self._score, self._low = kept, low

    def _traced(self, state: int) -> Labels:
        """The state of each frame of the blocks at hand, when the last one is `state`."""
        path: list[int] = []
        for block in reversed(self._blocks):
            for row in range(len(block.choices) - 1, -1, -1):
                path.append(state)
                state -= int(block.choices[row, state - block.low])
        return np.asarray(path[::-1], np.int64)

    def path(self) -> Labels | None:
        """The state of each frame, from the chain's first to its last; none where it can't be walked in this time."""
        reached = self._low + len(self._score) == len(self._chain)
        if not reached or not self._blocks:
            return None
        ends = [len(self._chain) - 1 - back for back in range(2 if self._chain.pauses[-1] else 1)]
        end = max(ends, key=lambda state: float(self._score[state - self._low]))
        if not np.isfinite(self._score[end - self._low]):
            return None
        return np.concatenate([*self._settled, self._traced(end)])
