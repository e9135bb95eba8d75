"""MediaPipe FaceLandmarker over a whole film, where the package and its model file are at hand. Knows no figure.

Nothing of MediaPipe is imported before it is asked for.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from avatar.media import video
from avatar.media.hush import hushed

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """`points` (n, 478, 2) as shares of the picture's sides, `angles` (n, 3) yaw, pitch, roll in degrees, `seen` (n,).

    Where no face was seen the values are those between the frames around.
    """

    points: Floats
    angles: Array
    seen: NDArray[np.bool_]


def find(path: Path, model: Path) -> Found:
    """Look for one face in every frame, 16 ms each. Raises `Unavailable` without MediaPipe or with a broken model."""
    points, angles = [], []
    with _landmarker(model) as landmarker:
        for index, (at, picture) in enumerate(video.colour(path)):
            image = _image(picture)
            with nullcontext() if index else hushed():
                told = landmarker.detect_for_video(image, max(round(at * 1000.0), index))
            if told.face_landmarks:
                faces = [[(point.x, point.y) for point in face] for face in told.face_landmarks]
                largest = int(np.argmax([np.ptp(np.asarray(face)[:, 0]) for face in faces]))
                points.append(faces[largest])
                angles.append(_angles(np.asarray(told.facial_transformation_matrixes[largest])))
            else:
                points.append([(np.nan, np.nan)] * 478)
                angles.append((np.nan, np.nan, np.nan))
    found = np.asarray(points, np.float32).reshape(-1, 478, 2)
    seen = ~np.isnan(found[:, 0, 0])
    return Found(
        _filled(found, seen).astype(np.float32), _filled(np.asarray(angles, np.float64).reshape(-1, 3), seen), seen
    )


def _landmarker(model: Path) -> Any:
    try:
        from mediapipe.tasks.python import BaseOptions, vision
    except (ImportError, OSError) as error:
        raise Unavailable(
            f"MediaPipe is not installed here ({error}). Install it to find faces in any film."
        ) from error
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
        running_mode=vision.RunningMode.VIDEO,
        num_faces=2,  # with one it smooths over time, which blunts closures and makes lips 12 ms late
        output_facial_transformation_matrixes=True,
    )
    try:
        with hushed():
            return vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError, OSError) as error:
        raise Unavailable(f"MediaPipe can't use {model.name}. Fetch the face landmarker's model again.") from error


def _image(picture: NDArray[np.uint8]) -> Any:
    from mediapipe import Image, ImageFormat

    return Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))


def _angles(matrix: Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a 4 x 4 face transform, R = Rz Rx Ry, signs as in `avatar.face.tracks`."""
    turn = matrix[:3, :3] / np.cbrt(np.linalg.det(matrix[:3, :3]))
    yaw = np.arctan2(-turn[2, 0], turn[2, 2])
    pitch = -np.arcsin(np.clip(turn[2, 1], -1.0, 1.0))
    roll = np.arctan2(turn[0, 1], turn[1, 1])
    degrees = np.rad2deg([yaw, pitch, roll])
    return float(degrees[0]), float(degrees[1]), float(degrees[2])


def _filled(values: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[Any]:
    """Rows that were not seen, between those that were."""
    if seen.all() or not seen.any():
        return values
    frames, flat = np.arange(len(values)), values.reshape(len(values), -1).copy()
    for column in range(flat.shape[1]):
        flat[:, column] = np.interp(frames, frames[seen], flat[seen, column])
    return flat.reshape(values.shape)
