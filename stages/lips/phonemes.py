"""Lips from the times of the speech's own sounds: visemes with co-articulation. Knows neither voice nor picture."""

from dataclasses import dataclass, replace

import numpy as np

from avatar import records
from avatar.artifacts import Clip, Motion, Utterance
from avatar.face import coarticulation, tracks
from avatar.face.tracks import COLUMN, Track
from avatar.stage import Context, Mode, Needs, Placement
from stages.lips.brief import Brief


@dataclass(frozen=True, slots=True)
class Phonemes:
    """The floor: needs nothing but phones with times, which every speech has."""

    id: str = "phonemes"
    version: str = "7"
    needs: Needs = Needs(modes=(Mode(pace=0.002),))

    def load(self, _placement: Placement, /) -> "Performer":
        """There is nothing to load."""
        return Performer()


class Performer:
    """Lays the speech's mouth over a clip's motion."""

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with its mouth columns filled, all else kept. Raises `BadOutput` for a track that can't be read."""
        context.step(0, 2)
        motion = brief.clip.motion
        utterance = records.load(Utterance, context.path(brief.speech.utterance).read_bytes())
        track = tracks.read(context.path(motion.tracks))
        spoken = coarticulation.mouth(utterance, fps=motion.fps, frames=len(track), seed=brief.seed)
        context.step(1, 2)
        path = context.scratch() / "lips.npy"
        tracks.write(path, laid_over(track, spoken))
        blob = context.keep(path, "application/x-npy")
        context.step(2, 2)
        return replace(brief.clip, motion=Motion(tracks=blob, fps=motion.fps, frames=len(track)))


PARTED = 0.08
"""How far an expression lets the jaw drop, 0 to 1, until the lips have parted."""


def laid_over(track: Track, spoken: Track) -> Track:
    """A copy of `track` in which speech decides the mouth, and adds to what an expression does with its corners.

    An expression may let the jaw drop where nothing is said; the lips part then.
    """
    both = track.copy()
    owned = [COLUMN[name] for name in coarticulation.OWNED]
    shared = [COLUMN[name] for name in coarticulation.SHARED]
    both[:, owned] = spoken[:, owned]
    for name in ("jawOpen", "mouthFunnel"):
        both[:, COLUMN[name]] = np.maximum(spoken[:, COLUMN[name]], track[:, COLUMN[name]])
    both[:, COLUMN["mouthClose"]] *= 1.0 - np.clip(track[:, COLUMN["jawOpen"]] / PARTED, 0.0, 1.0)
    both[:, shared] = np.clip(both[:, shared] + spoken[:, shared], 0.0, 1.0)
    return both
