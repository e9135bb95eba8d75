"""Portraits after words: a model paints candidates, and the first with one good face becomes the portrait.

Knows neither how pictures are painted nor how a face is cut into layers: both are others' work.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Portrait
from avatar.errors import BadOutput, Unavailable
from avatar.face import facemesh
from avatar.stage import Context, Needs, Placement
from stages import recipes
from stages.diffusion import controls, samplers
from stages.diffusion.models import Easel
from stages.diffusion.orders import Opens, Order, Painter, studio
from stages.diffusion.orders import Painted as Work
from stages.portrait.brief import Brief
from stages.portrait.drawn import words
from stages.portrait.photo import cascade, finding, frame
from stages.portrait.photo.backend import UNSURE, Find, portrait

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

CANDIDATES = 6
"""Pictures that are painted at most, with the seeds from the brief's own on."""
AT_ONCE = 3
"""Of them painted together on an accelerator; on a processor each takes long, and the first is often good."""
TALLEST, SMALLEST = 0.95, 0.2
"""Heights of the picture that a good face has at most, and at least."""
ASIDE = 0.18
"""How far the nose's tip may be from the middle of the face, in widths of the face: more is a turned head."""
FRAMED = "Head and shoulders portrait from the front, facing the camera, mouth closed, plain background: "
UNWANTED = "several people, from behind, in profile, cropped head, hands on the face, text, watermark"
LANDMARKER = "face-landmarker"
NOSE, RIGHT_EDGE, LEFT_EDGE = 1, 234, 454
"""Numbers of MediaPipe's points: the tip of the nose, and the face's edges beside it."""


@dataclass(frozen=True)
class Painted:
    """A face after the words of a prompt, painted at an easel by whomever `opens` brings."""

    easel: Easel
    opens: Opens = studio
    version: str = "4"

    @property
    def id(self) -> str:
        """The model's name."""
        return self.easel.id

    @property
    def needs(self) -> Needs:
        """The model's on a card, as a film is not to wait minutes for its face; they are found with the landmarker."""
        needs = recipes.needs(self.id)
        modes = tuple(mode for mode in needs.modes if mode.device != "cpu")
        return replace(needs, also=(LANDMARKER,), modes=modes)

    def takes(self, brief: Brief, /) -> bool:
        """Only briefs with words, without a face of the asker's own, whose sampler goes with the model."""
        sampler = brief.sampling.sampler
        fits = sampler is None or not samplers.why_not(self.easel.limits.family, sampler)
        return fits and brief.image is None and brief.avatar is None and bool(brief.prompt.strip())

    def load(self, placement: Placement, /) -> "Sitting":
        """Load the weights. Raises `Unavailable`, `OutOfMemory`."""
        painter = self.opens(self.easel, placement)
        folder = placement.weights.get(LANDMARKER)
        sure = finding.Finder(finding.read_model(folder)) if folder else None
        return Sitting(self.easel, painter, sure)


@dataclass(frozen=True)
class Sitting:
    """Paints portraits. Faces are found by `sure`, else by the cascade."""

    easel: Easel
    painter: Painter
    sure: Find | None = None

    def __call__(self, brief: Brief, context: Context, /) -> Portrait:
        """The portrait. Raises `BadOutput` when no candidate has one good face, and what the painter raises."""
        why: list[str] = []
        for number, (seed, picture, painted) in enumerate(self._candidates(brief, context), start=1):
            points, confidence = self._faces(picture)
            fault = unfit(points, picture)
            if not fault:
                framed = frame.frame(picture, points[0], facemesh.height(points[0]), everything=brief.whole)
                made = portrait(framed, confidence, context)
                label = f"{self.easel.limits.name}, seed {seed}"
                label += f", candidate {number} of {CANDIDATES}" if number > 1 else ""
                how = painted.diffusion and replace(painted.diffusion, seeds=(seed,))
                notes = (f"The face was painted: {label}.", *painted.notes)
                return replace(made, label=label, notes=notes, diffusion=how)
            why.append(fault)
        seen = ", ".join(dict.fromkeys(why))
        raise BadOutput(f"{self.easel.limits.name} painted {len(why)} pictures, none with one good face ({seen}).")

    def _candidates(self, brief: Brief, context: Context) -> Iterator[tuple[int, Bytes, Work]]:
        """Pictures with their seeds and all that is to be told of them, painted as they are asked for."""
        sampling = brief.sampling
        if not sampling.negative.strip() and self.easel.limits.guidance > 1.0:
            sampling = replace(sampling, negative=UNWANTED)
        seeds = controls.seeds(brief.seed, CANDIDATES)
        group = 1 if context.device == "cpu" else AT_ONCE
        side = min(self.easel.limits.width, self.easel.limits.height)
        for start in range(0, CANDIDATES, group):
            some = seeds[start : start + group]
            order = Order(helped(brief.prompt, brief.gender), some, side, side, sampling)
            painted = self.painter(order, context)
            yield from ((seed, picture, painted) for seed, picture in zip(some, painted.pictures, strict=True))

    def _faces(self, picture: Bytes) -> tuple[list[Floats], float]:
        """The points of all faces, and how sure they are."""
        if self.sure is not None:
            try:
                return self.sure(picture), 1.0
            except Unavailable:  # MediaPipe itself is missing
                pass
        return cascade.find(picture), UNSURE


def helped(prompt: str, gender: str = "") -> str:
    """The prompt, turned towards a picture that can be brought to life. Over the limit it stays as it is."""
    person = f", {gender}" if gender and "gender" not in words.wishes(prompt) else ""
    whole = FRAMED + prompt.strip() + person
    return whole if len(whole) <= controls.LONGEST_PROMPT else prompt


def unfit(faces: list[Floats], picture: Bytes) -> str:
    """Why a picture's faces don't make it a portrait; empty when there is one, large, whole and from the front."""
    if len(faces) != 1:
        return f"{len(faces)} faces" if faces else "no face"
    points, height, width = faces[0], *picture.shape[:2]
    tall = facemesh.height(points) / height
    low, high = points.min(axis=0), points.max(axis=0)
    across = float(high[0] - low[0])
    turned = abs(float(points[NOSE, 0] - (points[RIGHT_EDGE, 0] + points[LEFT_EDGE, 0]) / 2)) / max(across, 1.0)
    if not SMALLEST <= tall <= TALLEST:
        return "a face too small" if tall < SMALLEST else "a face too large"
    if low.min() < 0 or high[0] > width or high[1] > height:
        return "a face cut off"
    return "a face turned aside" if turned > ASIDE else ""
