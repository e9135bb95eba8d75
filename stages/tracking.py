"""One face followed through footage: 478 points a frame, for every stage that has or makes moving pictures.

MediaPipe FaceLandmarker finds them; jitter is taken out, short gaps are bridged, and frames in which the face is lost
or something is before its mouth are left without points. Knows neither speech nor film.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Blob, Footage
from avatar.errors import Unavailable
from avatar.face import facemesh, heads
from avatar.media import footage
from avatar.media.hush import hushed
from avatar.stage import Context
from stages import glasses

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MODEL = "face_landmarker.task"
FACES = 4
BRIDGED = 0.28
"""Seconds without a face that are filled from both sides."""
SHORTEST = 0.2
"""Seconds that a face must be seen on end to count."""
SAME = 0.2
"""Share of overlap from one frame to the next from which two finds are one face."""
FORGOTTEN = 1.0
"""Seconds after which somebody who is lost may come back anywhere."""
BARE = (164, 391, 165, 57, 287, 212, 432, 199, 200, 208, 428, 18, 0)
"""Points of skin and lips around the mouth that nothing but an obstacle changes the colour of."""
OPEN = (151, 50, 280, 117, 346, 5)
"""Points of the upper face that tell in which light it is."""
FLASH = 0.08
"""Seconds up to which a covered mouth is taken for a mistake."""
COVERED, SHARE = 0.30, 0.3
"""Change of colour, as a logarithm, by which a place counts as covered, and the share of places that must be."""


@dataclass
class Follower:
    """One face being followed frame by frame: the largest of the first frame, or number `which` by size."""

    tool: Any
    fps: float
    which: int = 0
    _found: list[Floats] = field(default_factory=list)
    _tints: list[Floats] = field(default_factory=list)
    _last: Floats | None = None
    _lost: int = 0
    most: int = 0

    def look(self, picture: Bytes) -> None:
        """Find the face in the next frame, R'G'B' (height, width, 3)."""
        faces = self._faces(picture)
        self.most = max(self.most, len(faces))
        mine = self._mine(faces)
        self._lost = 0 if mine is not None else self._lost + 1
        self._last = mine if mine is not None else self._last
        self._found.append(mine if mine is not None else np.full((478, 2), np.nan, np.float32))
        self._tints.append(_tints(picture, mine))

    def points(self) -> Floats:
        """What was found, (frames, 478, 2) in pixels, steadied; NaN where the face is lost or its mouth is covered."""
        found = np.stack(self._found)
        tints = np.stack(self._tints)
        seen = ~np.isnan(found[:, 0, 0])
        return cleaned(found, seen, covered_frames(tints, seen), fps=self.fps)

    def _faces(self, picture: Bytes) -> list[Floats]:
        from mediapipe import Image, ImageFormat

        size = np.array([picture.shape[1], picture.shape[0]], np.float32)
        image = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        told = self.tool.detect_for_video(image, round(len(self._found) * 1000.0 / self.fps))
        faces = [np.array([(p.x, p.y) for p in face], np.float32) * size for face in told.face_landmarks]
        return sorted(faces, key=lambda face: -float(np.ptp(face, axis=0).prod()))

    def _mine(self, faces: list[Floats]) -> Floats | None:
        if not faces:
            return None
        if self._last is None:
            return faces[self.which] if self.which < len(faces) else None
        last = self._last
        nearest = max(faces, key=lambda face: overlap(face, last))
        if overlap(nearest, last) >= SAME:
            return nearest
        return faces[min(self.which, len(faces) - 1)] if self._lost > FORGOTTEN * self.fps else None


@dataclass(frozen=True)
class Tracker:
    """FaceLandmarker for moving pictures; several threads may follow faces at once, each with a tool of its own."""

    model: bytes

    def follower(self, fps: float, which: int = 0) -> Follower:
        """Somebody who looks at frames as they come. Raises `Unavailable` where MediaPipe can't be used."""
        with hushed():
            return Follower(_tool(self.model), fps, which)

    def followed(self, shot: Footage, context: Context, *, which: int = 0) -> Footage:
        """The same footage with its `faces`. Raises `Unavailable`, `BadOutput` for footage that can't be read."""
        follower = self.follower(shot.fps, which)
        for number, picture in enumerate(footage.frames(shot, context), start=1):
            follower.look(picture)
            context.step(number, shot.frames)
        return replace(shot, faces=kept(follower.points(), context))


def tracker(folder: Path) -> Tracker:
    """The tracker over the folder that the weights `face-landmarker` were fetched to. Raises `Unavailable`."""
    try:
        return Tracker((folder / MODEL).read_bytes())
    except OSError as error:
        raise Unavailable("The face landmarker's model is not there. Fetch it again.") from error


def kept(points: Floats, context: Context) -> Blob:
    """Points (frames, 478, 2) as the `faces` of footage. Raises `StorageError`."""
    path = context.scratch() / "faces.npy"
    np.save(path, points.astype("<f4"))
    return context.keep(path, "application/x-npy")


def _tool(model: bytes) -> Any:
    with glasses.opening("face landmarker", "follow faces"):
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=FACES,  # with one it smooths over time, which blunts closures and makes lips late
        )
        return vision.FaceLandmarker.create_from_options(options)


def overlap(one: Floats, other: Floats) -> float:
    """Intersection over union of two faces' boxes."""
    low = np.maximum(one.min(axis=0), other.min(axis=0))
    high = np.minimum(one.max(axis=0), other.max(axis=0))
    shared = float(np.clip(high - low, 0.0, None).prod())
    return shared / max(float(np.ptp(one, axis=0).prod() + np.ptp(other, axis=0).prod()) - shared, 1e-6)


def _tints(picture: Bytes, points: Floats | None) -> Floats:
    """Colour around the mouth against that of the upper face, as logarithms (places, 3); NaN without a face."""
    if points is None:
        return np.full((len(BARE), 3), np.nan, np.float32)
    side = max(3, round(0.035 * facemesh.height(points)) | 1)
    places = points[list(BARE + OPEN)]
    low, high = np.floor(places.min(axis=0)).astype(int) - side, np.ceil(places.max(axis=0)).astype(int) + side + 1
    x0, y0 = np.clip(low, 0, (picture.shape[1] - 2, picture.shape[0] - 2))
    x1, y1 = np.clip(high, (x0 + 2, y0 + 2), (picture.shape[1], picture.shape[0]))
    soft = cv2.blur(picture[y0:y1, x0:x1], (side, side)).astype(np.float32)
    columns = np.clip(np.rint(places[:, 0]).astype(int) - x0, 0, soft.shape[1] - 1)
    rows = np.clip(np.rint(places[:, 1]).astype(int) - y0, 0, soft.shape[0] - 1)
    tints = np.log(soft[rows, columns] + 12.0)
    return np.asarray(tints[: len(BARE)] - np.median(tints[len(BARE) :], axis=0), np.float32)


def covered_frames(tints: Floats, seen: Mask) -> Mask:
    """The frames in which something is before the mouth: several places there have another colour than usual."""
    if seen.sum() < 3:
        return np.zeros(len(tints), np.bool_)
    usual = np.median(tints[seen], axis=0)
    away = np.abs(np.nan_to_num(tints) - usual).max(axis=2)
    return np.asarray(((away > COVERED).mean(axis=1) > SHARE) & seen)


def cleaned(found: Floats, seen: Mask, covered: Mask, *, fps: float) -> Floats:
    """Points (n, 478, 2) steadied where they are `seen`, short gaps bridged; NaN elsewhere and where `covered`."""
    covered = _without_flashes(covered, round(FLASH * fps) + 1)
    good = _without_flashes(seen & ~covered, round(SHORTEST * fps))
    if not good.any():
        return np.full_like(found, np.nan)
    frames = np.arange(len(found))
    flat = found.reshape(len(found), -1)
    whole = np.stack([np.interp(frames, frames[good], column[good]) for column in flat.T], axis=1)
    kept_frames = ~_without_flashes(~good, round(BRIDGED * fps) + 1, edges=True) & ~covered
    calm = heads.steadied(whole.reshape(found.shape).astype(np.float32), fps)
    calm[~kept_frames] = np.nan
    return calm


def _without_flashes(marked: Mask, least: int, *, edges: bool = False) -> Mask:
    """Marks without runs shorter than `least` frames; those at both ends stay with `edges`, or where all is marked."""
    result = marked.copy()
    for start, stop in runs(marked):
        at_edge = start == 0 or stop == len(marked)
        if stop - start < min(least, len(marked)) and not (edges and at_edge):
            result[start:stop] = False
    return result


def runs(marked: Mask) -> Iterator[tuple[int, int]]:
    """Start and end of each run of marked frames."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    yield from zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)
