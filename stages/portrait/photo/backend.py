"""The backends that bring a photograph to life: picture -> face -> layers and landmarks. Know no motion and no film."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Blob, Face, Layer, LayerName, Portrait
from avatar.errors import BadOutput, BadRequest
from avatar.face import facemesh
from avatar.stage import Context, Needs, Placement
from stages import pictures
from stages.portrait.brief import Brief
from stages.portrait.photo import (
    beyond,
    cascade,
    eyes,
    finding,
    frame,
    lips,
    matte,
    mean,
    moment,
    outline,
    segmenting,
    teeth,
)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Find = Callable[[Bytes], list[Floats]]
"""The points (478, 2) of all faces in a picture, the largest first."""
Segment = Callable[[Bytes], Floats]
"""How surely somebody is at each pixel (h, w) of a picture, 0 to 1."""

SEGMENTER = "selfie-segmenter"
STEPS = 6
UNSURE = 0.4
"""Confidence of landmarks that were marked by hand or found by the cascade."""
SMALLEST = 24
"""Pixels of a face's height below which nothing can be made of it."""


@dataclass(frozen=True)
class Photo:
    """The user's own picture: its face found by FaceLandmarker, its person by the segmenter where that is here."""

    id: str = "photo"
    version: str = "7"
    needs: Needs = Needs(weights=("face-landmarker",), packages=("mediapipe", "PIL"), also=(SEGMENTER,))

    def takes(self, brief: Brief, /) -> bool:
        """Only briefs with a picture or a video."""
        return brief.image is not None or brief.video is not None

    def named(self, brief: Brief, /) -> bool:
        """Every picture wants it: without it faces and lips are found less surely."""
        return self.takes(brief)

    def load(self, placement: Placement, /) -> "Retoucher":
        """Read the model. Raises `Unavailable`."""
        find = finding.Finder(finding.read_model(placement.weights["face-landmarker"]))
        folder = placement.weights.get(SEGMENTER)
        return Retoucher(find, 1.0, segmenting.read(folder) if folder else None)


@dataclass(frozen=True)
class PlainPhoto:
    """The same with nothing to fetch: a face that is marked, else one that a cascade finds from the front."""

    id: str = "photo-plain"
    version: str = "5"
    needs: Needs = Needs(packages=("PIL",))

    def takes(self, brief: Brief, /) -> bool:
        """Only briefs with a picture or a video."""
        return brief.image is not None or brief.video is not None

    def load(self, _placement: Placement, /) -> "Retoucher":
        """Nothing to load before a face must be looked for."""
        return Retoucher(cascade.find, UNSURE)


@dataclass(frozen=True)
class Retoucher:
    """Makes portraits of pictures, faces found by `find` as surely as `confidence` tells, 0 to 1.

    Without `segment` colours and textures tell the person from the background.
    """

    find: Find
    confidence: float
    segment: Segment | None = None

    def __call__(self, brief: Brief, context: Context, /) -> Portrait:
        """The portrait. Raises `BadRequest` for a picture without a usable face."""
        cv2.setNumThreads(1)
        context.step(0, STEPS)
        if brief.video is not None:
            pixels = moment.best(context.path(brief.video), self.find, brief.face)
        elif brief.image is not None:
            pixels = pictures.read(context.path(brief.image))
        else:
            raise BadOutput("There is no picture to make a portrait of; the drawn avatars need none.")
        context.step(1, STEPS)
        points, confidence = self.located(pixels, brief)
        context.step(2, STEPS)
        framed = frame.frame(pixels, points, facemesh.height(points), everything=brief.whole)
        return portrait(framed, confidence, context, there=self.segment(framed.shown) if self.segment else None)

    def located(self, pixels: Bytes, brief: Brief) -> tuple[Floats, float]:
        """The points of the face that is meant, and how sure they are: marks first, then the face's number."""
        if brief.marks is None:
            return chosen(self.find(pixels), brief.face), self.confidence
        marked = mean.fitted(brief.marks)
        if self.confidence < 1.0:
            return marked, UNSURE
        near = [each for each in self.find(pixels) if finding.overlap(each, marked) > finding.SAME]
        return (near[0], self.confidence) if near else (marked, UNSURE)


def chosen(faces: list[Floats], wanted: int) -> Floats:
    """One face of those found. Raises `BadRequest` when it is not there or too small."""
    if not faces:
        raise BadRequest(
            "No face was found in the picture. Give one that shows a face from the front, or mark eyes, mouth and chin."
        )
    if not 0 <= wanted < len(faces):
        count = f"{len(faces)} faces, 0 to {len(faces) - 1}" if len(faces) > 1 else "one face, 0"
        raise BadRequest(f"The picture has no face {wanted}. It shows {count}; choose one of them.")
    tall = facemesh.height(faces[wanted])
    if tall < SMALLEST:
        raise BadRequest(f"The face is only {tall:.0f} pixels tall. Give a picture where it has {SMALLEST} or more.")
    return faces[wanted]


def portrait(framed: frame.Framed, confidence: float, context: Context, *, there: Floats | None = None) -> Portrait:
    """Layers and landmarks of one framed face; `there` is what `matte.person` calls seen."""
    rim, unit = framed.rim, framed.unit
    seen = facemesh.face(framed.here, confidence)
    alone = outline.outline(framed, there)
    mask = np.asarray(cv2.bitwise_or(matte.person(framed, there), alone), np.uint8)
    if above := beyond.closing(alone, framed.above):
        framed = replace(framed, pixels=above.of(framed.pixels))
        alone, mask = above.of(alone), above.of(mask)
    closed = lips.shut(framed.pixels, seen, unit)
    context.step(3, STEPS)
    behind = matte.behind(framed.pixels, mask, unit)
    context.step(4, STEPS)
    cover = matte.cover(mask, unit)
    for eye in (seen.right, seen.left):
        opening = eyes.opening(eye, (cover.shape[0], cover.shape[1]))
        cover = np.asarray(cv2.multiply(cover, cv2.bitwise_not(opening), scale=1 / 255), np.uint8)
    found: list[tuple[LayerName, Bytes, int, int]] = [("background", behind, 0, 0)]
    found += _eye_layers(framed.pixels, seen)
    white = teeth.light(framed.pixels, seen)
    kept = teeth.shown(framed.pixels, seen, unit) if closed.parted else None
    upper, lower = (
        kept or teeth.made(closed.face, unit, white, upper=True),
        teeth.made(closed.face, unit, white, upper=False),
    )
    found += [("teeth", upper.pixels, upper.x, upper.y), ("teeth_lower", lower.pixels, lower.x, lower.y)]
    found.append(("head", *_cut(np.dstack([closed.pixels, cover]))))
    found.append(("lids", *eyes.lids(framed.pixels, seen, unit)))
    found.append(("person", _alone(alone), 0, 0))
    layers = tuple(Layer(name, _kept(pixels, name, context), x - rim, y - rim) for name, pixels, x, y in found)
    context.step(5, STEPS)
    image = _kept(framed.shown, "image", context)
    face = facemesh.moved(closed.face, -rim)
    return Portrait(image, layers, face, framed.width, framed.height, "photo", "photo")


def _alone(mask: Bytes) -> Bytes:
    """A layer that is nothing but a mask."""
    return np.dstack([np.zeros((*mask.shape, 3), np.uint8), mask])


def _cut(rgba: Bytes) -> tuple[Bytes, int, int]:
    """A layer without its clear rows and columns, and its top left corner."""
    rows, columns = np.flatnonzero(rgba[..., 3].any(axis=1)), np.flatnonzero(rgba[..., 3].any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return np.ascontiguousarray(rgba[y : rows[-1] + 1, x : columns[-1] + 1]), x, y


def _eye_layers(pixels: Bytes, face: Face) -> list[tuple[LayerName, Bytes, int, int]]:
    right, left = eyes.sheets(pixels, face.right), eyes.sheets(pixels, face.left)
    x, y = min(right.x, left.x), min(right.y, left.y)
    balls = [right, left]
    width = max(each.x + each.ball.shape[1] for each in balls) - x
    height = max(each.y + each.ball.shape[0] for each in balls) - y
    both = np.zeros((height, width, 4), np.uint8)
    for each in balls:
        spot = both[each.y - y :, each.x - x :][: each.ball.shape[0], : each.ball.shape[1]]
        spot[:] = each.ball
    return [
        ("eyeballs", both, x, y),
        ("iris_right", right.iris, right.x, right.y),
        ("iris_left", left.iris, left.x, left.y),
    ]


def _kept(pixels: Bytes, name: str, context: Context) -> Blob:
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    path = context.scratch() / f"{name}.png"
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, order), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise BadOutput("A layer of the portrait could not be written as PNG; try it again.")
    path.write_bytes(data.tobytes())
    return context.keep(path, "image/png")
