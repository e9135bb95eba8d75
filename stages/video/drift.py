"""The floor of the video stage: a camera that drifts slowly over a picture. Knows no network."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sin, tau

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Footages
from avatar.media import footage, handing
from avatar.stage import Context, Mode, Needs, Performer, Placement
from stages import drawing, pictures
from stages.video.brief import Brief

Bytes = NDArray[np.uint8]

FPS = 25
NEARER = 0.14
"""How much nearer the camera comes."""
ASIDE = 0.04
"""How far it moves to a side, as a share of the picture's width."""
NOTE = "No video model ran: a camera drifts over a picture that stands still."
DRAWN = "It is a drawn avatar: of the words it shows only whom they describe."


@dataclass(frozen=True, slots=True)
class Drift:
    """Weightless recipe: a slow move towards a picture of the asker's own, or a drawn avatar that fits the words."""

    id: str = "drift"
    version: str = f"2.{drawing.VERSION}"
    needs: Needs = Needs(packages=("av", "cv2", "resvg_py"), modes=(Mode(pace=0.3),))

    def load(self, _placement: Placement, /) -> Performer[Brief, Footages]:
        """There is nothing to load."""
        return drift


def drift(brief: Brief, context: Context, /) -> Footages:
    """A shot for each seed. Raises `UnsupportedMedia` for what is no picture, `StorageError`."""
    count = max(1, round(brief.seconds * FPS))
    total = count * brief.variations
    shots = []
    for number, seed in enumerate(range(brief.seed, brief.seed + brief.variations)):
        before = number * count

        def done(_layers: int, _of: int, before: int = before) -> None:
            context.step(before, total)

        if brief.image:
            whole, note = pictures.read(context.path(brief.image)), NOTE
        else:
            whole, note = drawing.drawn(brief.prompt, seed, done=done), f"{NOTE} {DRAWN}"
        moving = _told(_moving(whole, brief, seed, count), context, done=before, total=total)
        shots.append(footage.keep(moving, context, fps=FPS, seed=seed, notes=(note,), name=f"shot-{seed}"))
    return Footages(tuple(shots))


def _told(frames: Iterator[Bytes], context: Context, *, done: int, total: int) -> Iterator[Bytes]:
    for number, frame in enumerate(frames, start=done + 1):
        context.step(number, total)
        yield frame


def _moving(whole: Bytes, brief: Brief, seed: int, count: int) -> Iterator[Bytes]:
    """The frames: nearer by `NEARER`, slow at both ends, to the side that the seed chooses."""
    width, height = brief.width, brief.height
    base = handing.fitted(whole, width, height)
    side = 1 if seed % 2 else -1
    for number in range(count):
        part = number / max(1, count - 1)
        eased = part - sin(tau * part) / tau
        zoom = 1.0 + NEARER * eased
        x = width / 2 * (1.0 - zoom) + side * ASIDE * width * (eased - 0.5) * NEARER
        y = height / 2 * (1.0 - zoom)
        matrix = np.array([[zoom, 0.0, x], [0.0, zoom, y]])
        moved = cv2.warpAffine(base, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        yield np.asarray(moved, np.uint8)
