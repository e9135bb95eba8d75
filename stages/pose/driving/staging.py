"""A portrait made ready to be diffused: cut to the film's shape, its person's points with it. Knows no movement."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Portrait
from avatar.errors import BadOutput, BadRequest
from avatar.stage import Context
from stages.pose.driving import build, rest
from stages.pose.driving.people import Figure, within
from stages.pose.driving.rest import Rest

Bytes = NDArray[np.uint8]

GRAIN = 64
"""Sides of a film are multiples of this."""
SHORT, LONG = 512, 960
"""Pixels of the shorter side, and most of the longer one, where nobody asks for a size."""
SIDES = (64, 1280)
SHAPE = 2.5
"""How many times as long as broad a film may be."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The portrait's picture R'G'B' cut to the film's shape and `whole`, and its person in pixels of the film."""

    picture: Bytes
    rest: Rest
    whole: Bytes
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the film."""
        return self.rest.size


def staged(
    portrait: Portrait,
    context: Context,
    *,
    width: int | None = None,
    height: int | None = None,
    detect: Callable[[Bytes], Figure | None] | None = None,
    usual: tuple[int, int] = (SHORT, LONG),
    grain: int = GRAIN,
) -> Scene:
    """A portrait as the first frame of a film. Raises `BadOutput` for a picture that can't be read, `BadRequest`.

    The film has the portrait's shape as nearly as multiples of `grain` pixels can, and the rest is cut off at the
    sides or below; `usual` are its shorter side, and the longest one, where no size is asked for. `detect` finds the
    body where it can.
    """
    view = viewed(portrait, context, width=width, height=height, usual=usual, grain=grain)
    picture, notes = view.whole, view.notes
    person = rest.rest(portrait.face, (portrait.width, portrait.height), _outline(portrait, context))
    seen = detect(picture) if detect else None
    if seen is not None:
        person = rest.found(person, seen)
    elif within(person.figure.points, person.size)[list(LOW)].any():
        notes = (*notes, "Where arms and hips are in the picture was guessed from the size of the head.")
    person = person.scaled(view.scale, view.corner, view.size, portrait.face)
    return Scene(view.picture, person, picture, notes)


@dataclass(frozen=True, slots=True)
class View:
    """The part of a portrait's `whole` picture R'G'B' that a film of `size` shows, and where in it that begins."""

    picture: Bytes
    whole: Bytes
    size: tuple[int, int]
    corner: tuple[float, float]
    scale: float
    notes: tuple[str, ...] = ()


def viewed(
    portrait: Portrait,
    context: Context,
    *,
    width: int | None = None,
    height: int | None = None,
    usual: tuple[int, int] = (SHORT, LONG),
    grain: int = GRAIN,
) -> View:
    """The same without its person. Raises as `staged` does."""
    whole = _read(portrait, context)
    size, notes = fitted((portrait.width, portrait.height), width, height, usual=usual, grain=grain)
    left, top, scale = _cut(portrait, size)
    there = round(left), round(top), round(left + size[0] / scale), round(top + size[1] / scale)
    cut = whole[there[1] : there[3], there[0] : there[2]]
    return View(cut, whole, size, (left, top), scale, notes)


LOW = (3, 4, 6, 7, 8, 11)
"""Elbows, wrists and hips."""


def fitted(
    shape: tuple[int, int],
    width: int | None,
    height: int | None,
    *,
    usual: tuple[int, int] = (SHORT, LONG),
    grain: int = GRAIN,
) -> tuple[tuple[int, int], tuple[str, ...]]:
    """The film's size for a portrait of this shape, and what was changed about the one that was asked for.

    Raises `BadRequest` for sizes that no film has.
    """
    aspect = float(np.clip(shape[0] / shape[1], 1 / SHAPE, SHAPE))
    longer = max(aspect, 1 / aspect)
    if width is None and height is None:
        low = min(usual[0], usual[1] / longer)
        wide, tall = (low * aspect, low) if aspect >= 1 else (low, low / aspect)
        return (_even(wide, grain), _even(tall, grain)), ()
    across = width if width is not None else round((height or 1) * aspect)
    down = height if height is not None else round(across / aspect)
    if min(across, down) < grain or max(across, down) / min(across, down) > 2 * SHAPE:
        raise BadRequest(f"{across} x {down} pixels can't be diffused. Ask for {SIDES[0]} to {SIDES[1]} each way.")
    shrink = min(1.0, SIDES[1] / max(across, down))
    size = _even(across * shrink, grain), _even(down * shrink, grain)
    told = f"The film is diffused at {size[0]} x {size[1]} pixels, multiples of {grain} near {across} x {down}."
    return size, () if size == (across, down) else (told,)


def _even(side: float, grain: int) -> int:
    return int(np.clip(round(side / grain) * grain, SIDES[0], SIDES[1]))


def _cut(portrait: Portrait, size: tuple[int, int]) -> tuple[float, float, float]:
    """Left, top and scale of the largest part of the portrait that has the film's shape; its face stays in."""
    scale = max(size[0] / portrait.width, size[1] / portrait.height)
    face = np.asarray(portrait.face.jaw)
    room_x, room_y = portrait.width - size[0] / scale, portrait.height - size[1] / scale
    left = float(np.clip(0.5 * (face[:, 0].min() + face[:, 0].max()) - 0.5 * size[0] / scale, 0.0, max(room_x, 0.0)))
    below = float(face[:, 1].max()) - size[1] / scale
    return left, float(np.clip(below, 0.0, max(room_y, 0.0))), scale


def _read(portrait: Portrait, context: Context) -> Bytes:
    picture = cv2.imread(str(context.path(portrait.image)), cv2.IMREAD_COLOR)
    if picture is None:
        raise BadOutput("The portrait's picture can't be read. Make the portrait again.")
    return np.asarray(picture[..., ::-1], np.uint8)


def _outline(portrait: Portrait, context: Context) -> build.Mask | None:
    """Where the person is, by the layers that they are painted on; none without such layers."""
    size = portrait.width, portrait.height
    whole = np.zeros(size[::-1], np.uint8)
    for layer in portrait.layers:
        if layer.name in ("body", "head"):
            pixels = cv2.imread(str(context.path(layer.pixels)), cv2.IMREAD_UNCHANGED)
            if pixels is not None and pixels.ndim == 3 and pixels.shape[2] == 4:
                alpha = np.ascontiguousarray(pixels[..., 3], np.uint8)
                whole = np.maximum(whole, build.outline(alpha, (layer.x, layer.y), size))
    return whole if whole.any() else None
