"""What the film stage knows about its own film, as a file beside it. Knows neither the film nor how it is judged.

The file is one to four `.npy` arrays one after the other, in this order: landmarks, float32 (frames, POINTS, 2) in
film pixels as `avatar.face.landmarks` orders them; the motion track, float32 (frames, channels); the utterance's JSON
as uint8; a single uint8 for a film of footage, whose light and skin are not ours.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from avatar import records
from avatar.artifacts import Utterance
from avatar.errors import BadRequest
from avatar.face import landmarks
from avatar.face.tracks import CHANNELS, Track


@dataclass(frozen=True, slots=True)
class Rig:
    """Landmarks (frames, POINTS, 2) in film pixels, and if known the track (frames, channels) and what is said.

    `filmed` tells that the picture is footage: where MediaPipe is at hand it sees more there than the rig knows.
    """

    landmarks: NDArray[np.float32]
    track: Track | None = None
    utterance: Utterance | None = None
    filmed: bool = False


def read_rig(path: Path) -> Rig:
    """The rig that the film stage wrote. Raises `BadRequest` when the file holds something else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            points = np.load(file, allow_pickle=False)
            track = np.load(file, allow_pickle=False) if file.tell() < size else None
            said = _utterance(file) if file.tell() < size else None
            filmed = bool(np.load(file, allow_pickle=False).any()) if file.tell() < size else False
        except (ValueError, EOFError, OSError) as error:
            raise BadRequest(
                f"{path.name} is not a film's rig ({error}). Give the rig that was made with the film."
            ) from error
    if points.ndim != 3 or points.shape[1:] != (landmarks.POINTS, 2):
        raise BadRequest(
            f"{path.name} has landmarks of shape {points.shape}. Give the rig that was made with the film."
        )
    if track is not None and track.shape != (len(points), len(CHANNELS)):
        raise BadRequest(f"{path.name} has a track of shape {track.shape}. Give the rig that was made with the film.")
    return Rig(points, track, said, filmed)


def write_rig(path: Path, rig: Rig) -> None:
    """Save a rig as `read_rig` reads it; without a track there is no room for an utterance."""
    with path.open("wb") as file:
        np.save(file, rig.landmarks.astype("<f4"))
        if rig.track is not None:
            np.save(file, rig.track.astype("<f4"))
            if rig.utterance is not None:
                np.save(file, np.frombuffer(records.dump(rig.utterance), np.uint8))
                if rig.filmed:
                    np.save(file, np.ones(1, np.uint8))


def _utterance(file: BinaryIO) -> Utterance:
    try:
        return records.load(Utterance, np.load(file, allow_pickle=False).tobytes())
    except ValidationError as error:
        raise ValueError("its utterance can't be read") from error
