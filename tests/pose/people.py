"""Somebody plain to be moved: a photograph without a photo, its landmarks those of the mean face."""

import functools
from io import BytesIO

import cv2
import numpy as np

from avatar import records
from avatar.artifacts import Blob, Clip, Face, Layer, Motion, Portrait, Speech, Utterance
from avatar.face import facemesh
from avatar.face.noise import Grid
from avatar.testing import Bench
from stages.motion.idle import living
from stages.portrait.photo import mean
from stages.pose import Brief
from stages.pose.driving import rest
from tests.motion.talk import talk

UNIT = 100.0
"""Pixels of the face's height."""


@functools.cache
def mesh() -> np.ndarray:
    """The mean face, (478, 2), 1 high."""
    points = mean.mesh()
    return points / facemesh.height(points)


def face(middle: tuple[float, float] = (160.0, 120.0), unit: float = UNIT) -> Face:
    """A face of this height around a point between the eyes."""
    return facemesh.face((mesh() * unit + np.asarray(middle)).astype(np.float32))


def somebody(size: tuple[int, int] = (320, 400), unit: float = UNIT) -> rest.Rest:
    """Their body at rest."""
    return rest.rest(face((size[0] / 2, 1.2 * unit), unit), size)


def png(pixels: np.ndarray) -> bytes:
    """A picture's file."""
    return bytes(cv2.imencode(".png", pixels)[1])


def portrait(bench: Bench, size: tuple[int, int] = (320, 400), kind: str = "photo") -> Portrait:
    """Their portrait: a grey field, a person as broad as an oval and a box."""
    width, height = size
    middle = (size[0] / 2, 1.2 * UNIT)
    picture = np.full((height, width, 3), 120, np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    head, body = (round(middle[0]), round(middle[1])), round(middle[1] + 1.0 * UNIT)
    for canvas, colour in ((picture, (120, 150, 200)), (alpha, 255)):
        cv2.ellipse(canvas, head, (48, 75), 0, 0, 360, colour, -1)
        cv2.rectangle(canvas, (head[0] - 110, body), (head[0] + 110, height), colour, -1)
        cv2.rectangle(canvas, (head[0] - 25, head[1]), (head[0] + 25, body), colour, -1)
    layer = Layer("head", bench.blob(png(np.dstack([picture, alpha])), "image/png"), 0, 0)
    image = bench.blob(png(picture), "image/png")
    kinds = {"photo": "photo", "drawn": "drawn"}
    return Portrait(image, (layer,), face(middle), width, height, kinds[kind], "nobody")  # type: ignore[arg-type]


def brief(bench: Bench, said: Utterance | None = None, *, fps: int = 25, size: tuple[int, int] = (320, 400)) -> Brief:
    """They say something of two seconds."""
    said = said or talk("tadá bisó ladúbi.", repeat=1)
    frames = round(said.seconds * fps)
    track = BytesIO()
    np.save(track, living(Grid(frames, fps), seed=1, head=1.0, blink=1.0, look=1.0))
    motion = Motion(bench.blob(track.getvalue(), "application/x-npy"), fps, frames)
    sound = Blob("0" * 64, "audio/wav", 1)
    speech = Speech(sound, bench.blob(records.dump(said), "application/json"), said.seconds, 22050, "nobody")
    return Brief(Clip(portrait(bench, size), motion), speech, seed=1)
