"""The faces of several speakers as the curves of one: of whoever speaks. Knows no picture and no limit.

Each face is measured by its own measures, since lengths are face heights and no two mouths look alike.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from avatar.face.theval import Marks
from avatar.media import speakers
from avatar.quality import faces
from avatar.quality.faces import Faces
from avatar.quality.rig import Rig

Frames = NDArray[np.int64]
LEAST_SECONDS, LEAST_HEIGHT = 4.0, 110.0
"""What a face among several must be seen speaking for, and how many pixels high it must be, for its lips to be followed
in the picture: what shut lips look like is learned from few frames else."""
SHORT = "somebody is seen speaking for too short, or too small, to be followed"
WHY = "several people are seen, and this is a figure of one"


def groups(rig: Rig) -> tuple[Frames, ...]:
    """The frames of each face in which it is the one that speaks; all of them for one alone."""
    if rig.utterance is None or not rig.utterance.turns:
        return (np.arange(len(rig.landmarks)),)
    fps = max(1, round(len(rig.landmarks) / rig.utterance.seconds))
    times = np.arange(len(rig.landmarks)) / fps
    who = np.asarray(speakers.speaking(rig.utterance, times.tolist()))
    return tuple(found for number in range(int(who.max()) + 1) if len(found := np.flatnonzero(who == number)))


def followed(rig: Rig, found: Sequence[Frames], seen: Faces) -> bool:
    """Whether the lips of all these faces can be followed in the picture."""
    if len(found) < 2 or rig.utterance is None:
        return True
    least = LEAST_SECONDS * len(rig.landmarks) / rig.utterance.seconds
    return all(len(frames) >= least and float(np.median(seen.height[frames])) >= LEAST_HEIGHT for frames in found)


def curves(rig: Rig, found: Sequence[Frames], size: tuple[int, int]) -> Faces:
    """The curves of the faces, each in its frames, in a film of (width, height)."""
    if len(found) == 1:
        return faces.from_rig(rig, *size)
    order = np.argsort(np.concatenate(found), kind="stable")
    parts = []
    for frames in found:
        track = None if rig.track is None else rig.track[frames]
        parts.append(faces.from_rig(Rig(rig.landmarks[frames], track), *size))
    names = [each.name for each in fields(Marks)]
    marks = Marks(*(np.concatenate([getattr(part.marks, name) for part in parts])[order] for name in names))
    angles = [part.angles for part in parts if part.angles is not None]
    return replace(
        parts[0],
        marks=marks,
        gap=np.concatenate([part.gap for part in parts])[order],
        width=np.concatenate([part.width for part in parts])[order],
        lids=np.concatenate([part.lids for part in parts])[order],
        angles=np.concatenate(angles)[order] if len(angles) == len(parts) else None,
        centre=np.concatenate([part.centre for part in parts])[order],
        outline=np.concatenate([part.outline for part in parts])[order],
        height=np.concatenate([part.height for part in parts])[order],
    )
