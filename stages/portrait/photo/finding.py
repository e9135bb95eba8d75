"""Faces in a picture by MediaPipe FaceLandmarker: 478 points each. Knows nothing of what is made from them."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from avatar.media.hush import hushed
from stages import glasses

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MODEL = "face_landmarker.task"
FACES = 16
LOOKED_AT = 1280
"""Pixels of the longer side at which a whole picture is looked at."""
CLOSE = 640
"""Pixels of the square in which a face is looked at again."""
SAME = 0.35
"""Share of overlap from which two finds are one face."""


@dataclass(frozen=True)
class Finder:
    """FaceLandmarker over single pictures; one picture at a time, as MediaPipe wants it."""

    model: bytes
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, picture: Bytes) -> list[Floats]:
        """The points (478, 2) in pixels of each face in (h, w, 3), the largest face first."""
        with self._lock, hushed(), landmarker(self.model) as tool:
            found: list[Floats] = []
            for first in [p for window in _windows(picture) for p in _looked(tool, picture, window)]:
                close = _looked(tool, picture, _around(first))  # what is seen again from near is seen better
                points = _most_like(first, close) if close else first
                if all(overlap(points, other) < SAME for other in found):
                    found.append(points)
        return sorted(found, key=lambda face: -float(np.ptp(face, axis=0).prod()))


def landmarker(model: bytes) -> Any:
    """FaceLandmarker for pictures. Raises `Unavailable` where MediaPipe or its libraries are missing."""
    with glasses.opening("face landmarker", "find faces"):
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model),
            running_mode=vision.RunningMode.IMAGE,
            num_faces=FACES,
            min_face_detection_confidence=0.4,
        )
        return vision.FaceLandmarker.create_from_options(options)


def read_model(folder: Path) -> bytes:
    """The model's bytes from the folder it was fetched to. Raises `Unavailable`."""
    try:
        return (folder / MODEL).read_bytes()
    except OSError as error:
        raise Unavailable("The face landmarker's model is not there. Fetch it again.") from error


Window = tuple[float, float, float, float]
"""Left, top, width and height in pixels; may reach beyond the picture."""


def _windows(picture: Bytes) -> list[Window]:
    """The whole picture; with a rim around it, for faces that touch its edge; and parts of it, for small ones."""
    height, width = picture.shape[:2]
    rim = 0.35 * max(width, height)
    whole = [(0.0, 0.0, width, height), (-rim, -rim, width + 2 * rim, height + 2 * rim)]
    side = 0.6 * min(width, height)
    parts = [
        (x, y, side, side)
        for y in np.linspace(0.0, height - side, max(2, round(height / side)))
        for x in np.linspace(0.0, width - side, max(2, round(width / side)))
    ]
    return [*whole, *((float(x), float(y), w, h) for x, y, w, h in parts)] if len(parts) <= 9 else whole


def _looked(tool: Any, picture: Bytes, window: Window) -> list[Floats]:
    from mediapipe import Image, ImageFormat

    left, top, width, height = window
    scale = (CLOSE if width < picture.shape[1] and width == height else LOOKED_AT) / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    matrix = np.array([[scale, 0.0, -left * scale], [0.0, scale, -top * scale]], np.float32)
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    cut = cv2.warpAffine(picture, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=(96, 96, 96))
    told = tool.detect(Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(cut)))
    faces = [np.array([(p.x * size[0], p.y * size[1]) for p in face], np.float32) for face in told.face_landmarks]
    return [face / scale + np.array([left, top], np.float32) for face in faces]


def _around(points: Floats) -> Window:
    low, high = points.min(axis=0), points.max(axis=0)
    side = 2.0 * float((high - low).max())
    middle = (low + high) / 2 - side / 2
    return float(middle[0]), float(middle[1]), side, side


def _most_like(face: Floats, others: list[Floats]) -> Floats:
    return max(others, key=lambda each: overlap(each, face))


def overlap(one: Floats, other: Floats) -> float:
    """Intersection over union of two faces' boxes."""
    low = np.maximum(one.min(axis=0), other.min(axis=0))
    high = np.minimum(one.max(axis=0), other.max(axis=0))
    shared = float(np.clip(high - low, 0.0, None).prod())
    return shared / (float(np.ptp(one, axis=0).prod() + np.ptp(other, axis=0).prod()) - shared)
