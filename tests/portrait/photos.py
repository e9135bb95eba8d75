"""Pictures of faces for tests: a photograph that ships with scikit-image, and a drawn face as a picture."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Blob, Portrait
from avatar.face.tracks import COLUMN, Track, blank
from avatar.stage import Placement
from avatar.testing import Bench
from stages.film import scene
from stages.film.puppet import Puppet
from stages.film.sidecars import to_bgr
from stages.portrait import Brief, Marks
from stages.portrait.drawn import Drawn
from stages.portrait.photo import Photo, PlainPhoto
from tests.shared import shared

Bytes = NDArray[np.uint8]

MARKED = Marks((203.4, 101.0), (246.5, 103.1), (202.2, 139.1), (244.7, 140.4), (220.9, 178.2))
"""Where the astronaut's face is."""


def astronaut() -> Bytes:
    """A real face of 108 pixels, smiling with open mouth and teeth; 512 x 512, R'G'B'."""
    return np.asarray(pytest.importorskip("skimage.data").astronaut(), np.uint8)


def pixels(bench: Bench, blob: Blob) -> Bytes:
    """A stored picture, BGR or BGRA."""
    return np.asarray(cv2.imdecode(np.frombuffer(bench.read(blob), np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def drawn(bench: Bench, avatar: str = "ada") -> Bytes:
    """A drawn face with its mouth shut, 1024 x 1024."""
    made = bench.perform(Drawn(), Brief(avatar, "", 0))
    return pixels(bench, made.image)[..., ::-1]


def brief(bench: Bench, picture: Bytes, *, face: int = 0, marks: Marks | None = None) -> Brief:
    """The brief for a picture."""
    pytest.importorskip("PIL")
    data = bytes(cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1])
    return Brief(None, "", 0, bench.blob(data, "image/png"), face, marks)


def landmarker(folder: Path) -> Placement:
    """The placement with FaceLandmarker's model; skips aloud where it or MediaPipe is not."""
    pytest.importorskip("mediapipe")
    (folder / "weights").mkdir(exist_ok=True)
    shutil.copy(shared("models/face_landmarker.task"), folder / "weights")
    return Placement(weights={"face-landmarker": folder / "weights"})


def found(bench: Bench, folder: Path, picture: Bytes, *, face: int = 0, marks: Marks | None = None) -> Portrait:
    """The portrait with the face found by FaceLandmarker."""
    return bench.perform(Photo(), brief(bench, picture, face=face, marks=marks), placement=landmarker(folder))


def marked(bench: Bench, picture: Bytes, marks: Marks) -> Portrait:
    """The portrait with the face where marks say it is."""
    return bench.perform(PlainPhoto(), brief(bench, picture, marks=marks))


def puppet(bench: Bench, portrait: Portrait, size: tuple[int, int] = (256, 256)) -> Puppet:
    """The portrait in a film of this size."""
    return scene.puppet(portrait, scene.view_of(portrait, size), bench.context)


def row(**columns: float) -> Track:
    """One track row."""
    track = blank(1)
    for name, value in columns.items():
        track[0, COLUMN[name]] = value
    first: Track = track[0]
    return first


def shown(made: Puppet, **columns: float) -> NDArray[np.float64]:
    """A frame in R'G'B'."""
    return np.asarray(to_bgr(made.draw(row(**columns)))[..., ::-1], np.float64)


def framed(bench: Bench, portrait: Portrait, size: tuple[int, int] = (256, 256)) -> NDArray[np.float64]:
    """The photograph itself as the film frames it, R'G'B'."""
    view = scene.view_of(portrait, size)
    small = cv2.resize(pixels(bench, portrait.image), None, fx=view.scale, fy=view.scale, interpolation=cv2.INTER_AREA)
    matrix = np.array([[1, 0, -view.left * view.scale], [0, 1, -view.top * view.scale]], np.float32)
    placed = cv2.warpAffine(small, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(placed[..., ::-1], np.float64)


def likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """PSNR in dB."""
    return float(10.0 * np.log10(255.0**2 / np.mean((one - other) ** 2)))
