"""People in a picture by MediaPipe: FaceLandmarker for the face, PoseLandmarker, where it is there, for the body.

Knows no film. Without PoseLandmarker there is a face and no body, whose points are then not seen.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from avatar.media.hush import hushed
from stages.pose.animate_anyone.skeleton import FACE
from stages.pose.driving import people
from stages.pose.driving.people import Figure, Points
from stages.pose.driving.rest import hand, hand_slice

Bytes = NDArray[np.uint8]

FACE_MODEL, BODY_MODEL = "face_landmarker.task", "pose_landmarker_full.task"
FACE_68 = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""Of the 478 points of the face mesh those that stand for dlib's 68."""
FROM_FACE = {people.NOSE: 4, people.R_EYE: 468, people.L_EYE: 473, people.R_EAR: 234, people.L_EAR: 454}
FROM_BODY = {
    people.NOSE: 0, people.R_EYE: 5, people.L_EYE: 2, people.R_EAR: 8, people.L_EAR: 7,
    people.R_SHOULDER: 12, people.R_ELBOW: 14, people.R_WRIST: 16,
    people.L_SHOULDER: 11, people.L_ELBOW: 13, people.L_WRIST: 15,
    people.R_HIP: 24, people.R_KNEE: 26, people.R_ANKLE: 28,
    people.L_HIP: 23, people.L_KNEE: 25, people.L_ANKLE: 27,
    people.L_HEEL: 29, people.R_HEEL: 30, people.L_BIG_TOE: 31, people.R_BIG_TOE: 32,
}  # fmt: skip
"""Of BlazePose's 33 points those that stand for OpenPose's."""
KNUCKLES = {-1: (20, 18), 1: (19, 17)}
"""BlazePose's index and little finger of the right (-1) and the left hand."""
FACES = 4


@dataclass
class Blaze:
    """Finds a person's face, and their body where `body` is a model; one picture at a time.

    MediaPipe's tools are opened when the first picture comes, and again after `close`.
    """

    face: bytes
    body: bytes | None = None
    _tools: tuple[Any, Any] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, picture: Bytes) -> Figure | None:
        """The largest person in R'G'B' (height, width, 3), 134 points in its pixels; None for nobody."""
        from mediapipe import Image, ImageFormat

        size = np.array([picture.shape[1], picture.shape[0]], np.float64)
        shown = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        with self._lock, hushed():
            self._tools = self._tools or _opened(self.face, self.body)
            faces = self._tools[0].detect(shown).face_landmarks
            bodies = self._tools[1].detect(shown).pose_landmarks if self._tools[1] is not None else []
        meshes = [np.array([(point.x, point.y) for point in each]) * size for each in faces]
        body = None
        if bodies:
            body = np.array([(p.x * size[0], p.y * size[1], p.visibility or 0.0) for p in bodies[0]])
        mesh = max(meshes, key=lambda each: float(np.ptp(each[:, 0]))) if meshes else None
        return figure(mesh, body)

    def close(self) -> None:
        """Let go of the tools."""
        with self._lock:
            for tool in self._tools or ():
                if tool is not None:
                    tool.close()
            self._tools = None


def figure(mesh: Points | None, body: Points | None) -> Figure | None:
    """A figure of a face mesh (478, 2) and a body (33, 3) of x, y and visibility; None without either."""
    if mesh is None and body is None:
        return None
    points, scores = np.zeros((people.POINTS, 2)), np.zeros(people.POINTS)
    if body is not None:
        _body(points, scores, body)
    if mesh is not None:
        points[FACE], scores[FACE] = mesh[list(FACE_68)], 1.0
        for point, number in FROM_FACE.items():
            points[point], scores[point] = mesh[number], 1.0
    return Figure(points, scores)


def _body(points: Points, scores: Points, body: Points) -> None:
    for point, number in FROM_BODY.items():
        points[point], scores[point] = body[number, :2], body[number, 2]
    points[people.NECK] = 0.5 * (points[people.R_SHOULDER] + points[people.L_SHOULDER])
    scores[people.NECK] = min(scores[people.R_SHOULDER], scores[people.L_SHOULDER])
    eyes = 0.5 * (points[people.R_EYE] + points[people.L_EYE])
    unit = float(np.hypot(*(points[people.NECK] - eyes))) / 1.15
    for side, wrist in ((-1, people.R_WRIST), (1, people.L_WRIST)):
        knuckles = body[list(KNUCKLES[side]), :2].mean(0)
        start = points[wrist] - (knuckles - points[wrist])
        points[hand_slice(side)] = hand(start, points[wrist], unit, side=side)
        scores[hand_slice(side)] = scores[wrist]


def load(face: Path, body: Path | None) -> Blaze:
    """The models of these folders, tried out. Raises `Unavailable` where MediaPipe or a model is missing."""
    try:
        made = Blaze((face / FACE_MODEL).read_bytes(), (body / BODY_MODEL).read_bytes() if body else None)
        made(np.zeros((64, 64, 3), np.uint8))
    except (ImportError, OSError) as wrong:
        raise Unavailable(f"MediaPipe can't be used here ({wrong}). Install it, or fetch its models again.") from wrong
    except (RuntimeError, ValueError) as wrong:
        raise Unavailable(
            "A landmarker's model can't be used. Fetch face-landmarker and pose-landmarker again."
        ) from wrong
    return made


def _opened(face: bytes, body: bytes | None) -> tuple[Any, Any]:
    from mediapipe.tasks.python import BaseOptions, vision

    looks = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_buffer=face), num_faces=FACES)
    faces = vision.FaceLandmarker.create_from_options(looks)
    if body is None:
        return faces, None
    stands = vision.PoseLandmarkerOptions(base_options=BaseOptions(model_asset_buffer=body))
    return faces, vision.PoseLandmarker.create_from_options(stands)
