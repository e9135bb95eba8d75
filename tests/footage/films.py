"""Films for dubbing tests: a drawn avatar who moves and says something, as a user's video, in many shapes."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.face.tracks import COLUMN, blank
from avatar.stage import Placement
from avatar.testing import Bench
from stages.film import scene
from stages.film.sidecars import to_bgr
from stages.portrait import Brief
from stages.portrait.drawn import Drawn
from tests.shared import shared

Bytes = NDArray[np.uint8]
SIDE = 320


def speaker(bench: Bench, frames: int = 30, avatar: str = "ada") -> list[Bytes]:
    """A drawn avatar who nods, turns and says ah again and again, R'G'B'."""
    portrait = bench.perform(Drawn(), Brief(avatar, "", 0))
    puppet = scene.puppet(portrait, scene.view_of(portrait, (SIDE, SIDE)), bench.context)
    time, track = np.arange(frames) / 25.0, blank(frames)
    track[:, COLUMN["jawOpen"]] = 0.22 - 0.22 * np.cos(2 * np.pi * 2.2 * time)
    track[:, COLUMN["headYaw"]] = 5.0 * np.sin(2 * np.pi * 0.5 * time)
    track[:, COLUMN["headX"]] = 0.05 * np.sin(2 * np.pi * 0.4 * time)
    return [np.ascontiguousarray(to_bgr(puppet.draw(row))[..., ::-1]) for row in track]


def written(path: Path, frames: Sequence[Bytes], *, fps: int = 25, times: Sequence[float] = (), turn: int = 0) -> Path:
    """The frames as a film; `times` in seconds make its pace uneven, `turn` is 90 for a phone held upright."""
    high, wide = frames[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = wide & ~1, high & ~1, "yuv420p"
        stream.options, stream.bit_rate = {"qscale": "2"}, 8_000_000
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for number, pixels in enumerate(frames):
            shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[: high & ~1, : wide & ~1]), format="rgb24")
            shown.pts = round(1000.0 * (times[number] if times else number / fps))
            shown.time_base = Fraction(1, 1000)
            file.mux(stream.encode(shown))
        file.mux(stream.encode(None))
    if turn:
        _turn(path)
    return path


def _turn(path: Path) -> None:
    """Say in the file's track header that it is to be shown a quarter turn clockwise."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    data[at : at + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def placement(folder: Path) -> Placement:
    """The placement with FaceLandmarker's model; skips aloud where it or MediaPipe is not."""
    pytest.importorskip("mediapipe")
    return Placement(weights={"face-landmarker": shared("models/face_landmarker.task").parent})


def hidden(picture: Bytes, box: tuple[slice, slice]) -> Bytes:
    """The picture with something dark green before it."""
    covered = picture.copy()
    covered[box] = (20, 70, 30)
    return covered


def beside(one: Bytes, other: Bytes, scale: float = 0.6) -> Bytes:
    """Two people, the second one smaller."""
    small = np.asarray(cv2.resize(other, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    below = np.pad(small, ((one.shape[0] - small.shape[0], 0), (0, 0), (0, 0)), mode="edge")
    return np.hstack([one, below])
