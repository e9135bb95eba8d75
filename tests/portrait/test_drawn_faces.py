"""Every look of the gallery is a face to MediaPipe too, with its lips where its landmarks say."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Face, Line
from stages.portrait.drawn import Look, gallery, looks, marks
from stages.portrait.drawn.sheet import portrait
from tests.shared import shared

Array = NDArray[np.float64]

UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
FOREHEAD, CHIN = 10, 152
"""Indices of MediaPipe's face mesh."""
CLOSE = 0.03
"""Share of the face's height that lips may be off."""


@pytest.fixture(scope="module")
def landmarker() -> Iterator[Any]:
    model = shared("models/face_landmarker.task")
    try:
        from mediapipe.tasks import python
        from mediapipe.tasks.python import vision

        options = vision.FaceLandmarkerOptions(
            base_options=python.BaseOptions(model_asset_path=str(model)), num_faces=2
        )
        finder = vision.FaceLandmarker.create_from_options(options)
    except (ImportError, OSError) as error:
        pytest.skip(f"MediaPipe does not run here: {error}")
    with finder:
        yield finder


def _seen(landmarker: Any, picture: NDArray[np.uint8]) -> list[Array]:
    import mediapipe

    rgb = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    found = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb))
    size = np.array(picture.shape[1::-1])
    return [np.array([(point.x, point.y) for point in face]) * size for face in found.face_landmarks]


def _dense(line: Line) -> Array:
    points = np.array(line)
    at = np.linspace(0, len(points) - 1, 40 * len(points))
    return np.stack([np.interp(at, np.arange(len(points)), points[:, axis]) for axis in (0, 1)], axis=-1)


def _far(points: Array, line: Line) -> float:
    """The largest distance of points from a line."""
    gaps = np.linalg.norm(points[:, None] - _dense(line)[None], axis=-1)
    return float(gaps.min(axis=1).max())


def face_of(look: Look) -> Face:
    return marks.face({name: mark for part in looks.worn(look) for name, mark in part.marks.items()}, look.id)


def lip_errors(seen: Array, face: Face) -> dict[str, float]:
    height = float(np.linalg.norm(seen[FOREHEAD] - seen[CHIN]))
    pairs = {
        "upper outer": (UPPER_OUTER, face.upper_lip_outer),
        "upper inner": (UPPER_INNER, face.upper_lip_inner),
        "lower inner": (LOWER_INNER, face.lower_lip_inner),
        "lower outer": (LOWER_OUTER, face.lower_lip_outer),
    }
    return {name: _far(seen[list(points)], line) / height for name, (points, line) in pairs.items()}


@pytest.mark.parametrize("look", gallery(), ids=lambda look: look.id)
def test_a_face_is_found_with_its_lips_where_the_marks_are(look: Look, landmarker: Any) -> None:
    from resvg_py import svg_to_bytes

    faces = _seen(landmarker, portrait(look, svg_to_bytes))
    assert len(faces) == 1
    assert {name: round(far, 4) for name, far in lip_errors(faces[0], face_of(look)).items() if far > CLOSE} == {}


def test_lips_drawn_elsewhere_would_be_noticed(landmarker: Any) -> None:
    from resvg_py import svg_to_bytes

    look = gallery()[0]
    seen = _seen(landmarker, portrait(look, svg_to_bytes))[0]
    assert max(lip_errors(seen + np.array([0.0, 16.0]), face_of(look)).values()) > CLOSE
