"""A portrait that can be drawn in any pose: one film frame from one row of a motion track. Knows neither time nor encoding.

Back to front: the scene, hair behind, the body, what lies behind the skin (mouth, eyes), the head with its openings, and
what is worn in front. The background never moves; of the rest only its own rectangle is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face
from avatar.face import pose
from avatar.face.eyes import EyeModel
from avatar.face.mouth import Mouth, Warp
from avatar.face.tracks import Track
from stages.film.canvas import Box, Planes, warp
from stages.film.inside import EyeInside, MouthInside
from stages.film.sheets import Sheet, View

Floats = NDArray[np.float32]

GRID = 10
"""Film pixels between the points at which the smooth field of the head's turn is worked out."""
REACH = 0.16
"""How far, in face heights, a moving part may leave its place."""


@dataclass(frozen=True, slots=True)
class Part:
    """A moving sheet: where it may be drawn at most, and the field points that tell how it moves.

    `here` (h, w, 2) is each pixel of the box in the sheet's own pixels; `points`, `z`, `weight` are the field's grid.
    """

    sheet: Sheet
    box: Box
    here: Floats
    points: Floats
    z: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a part is drawn in one frame, and where each pixel there comes from in the sheet's own pixels."""

    box: Box
    sources: Floats
    reach: int


class Puppet:
    """One portrait in one film's view."""

    def __init__(self, face: Face, sheets: Mapping[str, Sheet], background: Planes, view: View) -> None:
        self._background = background
        self._film = (view.width, view.height)
        self.skull = pose.skull(face, view.scale, view.origin)
        self.mouth = Mouth(face, view.scale, view.origin)
        height = self.skull.face_height
        self.right = EyeModel(face.right, "Right", view.scale, view.origin, height)
        self.left = EyeModel(face.left, "Left", view.scale, view.origin, height)
        self._behind = [self._part(sheets[name], name) for name in ("hair_behind", "body") if name in sheets]
        self._head = self._part(sheets["head"], "head") if "head" in sheets else None
        self._front = self._part(sheets["front"], "front") if "front" in sheets else None
        self._inside = MouthInside(self.mouth, sheets.get("teeth"), sheets.get("teeth_lower"))
        self._eyes = [
            EyeInside(model, sheets["eyeballs"], sheets[iris])
            for model, iris in ((self.right, "iris_right"), (self.left, "iris_left"))
            if "eyeballs" in sheets and iris in sheets
        ]

    def _part(self, sheet: Sheet, name: str) -> Part:
        box = Box(sheet.x, sheet.y, sheet.width, sheet.height).around(int(REACH * self.skull.unit), self._film)
        across, down = max(2, box.width // GRID), max(2, box.height // GRID)
        x = (np.arange(across, dtype=np.float32) + 0.5) * (box.width / across) - 0.5 + box.x
        y = (np.arange(down, dtype=np.float32) + 0.5) * (box.height / down) - 0.5 + box.y
        points = np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)
        here = np.stack(np.meshgrid(np.arange(box.width), np.arange(box.height)), axis=-1).astype(np.float32)
        here += np.array([box.x - sheet.x, box.y - sheet.y], np.float32)
        return Part(sheet, box, here, points, self._depth(name, points), pose.follow(self.skull, points[..., 1]))

    def _depth(self, name: str, points: Floats) -> Floats:
        unit = self.skull.unit
        if name == "head":
            return pose.depth(self.skull, points)
        if name == "front":
            return np.maximum(pose.depth(self.skull, points), 0.10 * unit).astype(np.float32)
        return np.full(points.shape[:2], (-0.16 if name == "hair_behind" else 0.02) * unit, np.float32)

    def draw(self, row: Track) -> Planes:
        """The frame for one track row; the caller owns it."""
        frame = self._background.copy()
        for part in self._behind:
            self._lay(frame, part, row)
        if self._head is not None:
            self._lay_head(frame, self._head, row)
        if self._front is not None:
            self._lay(frame, self._front, row)
        return frame

    def _placed(self, part: Part, row: Track, below: float = 0.0) -> Placed:
        """The part turned with the head; its box reaches `below` pixels further down than its sheet."""
        coarse = part.points - pose.sources(self.skull, row, part.points, part.z, part.weight)
        reach = int(np.abs(coarse).max()) + 3
        wanted = Box(part.sheet.x, part.sheet.y, part.sheet.width, part.sheet.height + (int(below) & ~1))
        box = wanted.around(reach, self._film).within(part.box)
        fine = cv2.resize(coarse, (part.box.width, part.box.height), interpolation=cv2.INTER_LINEAR)
        cut = box.inside(part.box)
        return Placed(box, np.asarray(cv2.subtract(part.here[cut], fine[cut]), np.float32), reach)

    def _lay(self, frame: Planes, part: Part, row: Track) -> None:
        placed = self._placed(part, row)
        frame.lay(placed.box, warp(part.sheet.pixels, placed.sources))

    def _lay_head(self, frame: Planes, head: Part, row: Track) -> None:
        mouth = self.mouth.warp(row)
        placed = self._placed(head, row, float(mouth.shift[..., 1].max()))
        patches = [eye.draw(row) for eye in self._eyes]
        opened = bool(mouth.hole.any())
        if opened:
            _, now = self.mouth.rims(row, mouth.x + np.arange(mouth.hole.shape[1], dtype=np.float32))
            patches.append(self._inside.draw(row, now.upper_inner, mouth.x))
        for patch in patches:
            box, places = self._window(head, placed, patch.x, patch.y, patch.pixels.shape)
            frame.lay(box, warp(patch.pixels, places))
        moved = placed.sources.copy()
        for local in (mouth, self.right.warp(row), self.left.warp(row)):
            if not local.shift.any():
                continue
            box, places = self._window(head, placed, local.x, local.y, local.shift.shape)
            shift = cv2.remap(local.shift, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            moved[box.inside(placed.box)] -= shift
        pixels = warp(head.sheet.pixels, moved)
        if opened:
            self._cut(head, placed, mouth, pixels)
        frame.lay(placed.box, pixels)

    def _window(self, head: Part, placed: Placed, x: int, y: int, shape: tuple[int, ...]) -> tuple[Box, Floats]:
        """The part of the placed head in which a rectangle at rest shows up, and where in the rectangle each pixel lies."""
        box = Box(x, y, (shape[1] + 1) & ~1, (shape[0] + 1) & ~1).around(placed.reach, self._film).within(placed.box)
        places = placed.sources[box.inside(placed.box)]
        return box, np.asarray(cv2.subtract(places, (x - head.sheet.x, y - head.sheet.y, 0, 0)), np.float32)

    def _cut(self, head: Part, placed: Placed, mouth: Warp, pixels: NDArray[np.uint8]) -> None:
        """Open the mouth's hole in the warped head."""
        rows, columns = (np.flatnonzero(mouth.hole.any(axis=axis)) for axis in (1, 0))
        hole = mouth.hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        x, y = mouth.x + int(columns[0]), mouth.y + int(rows[0])
        box, places = self._window(head, placed, x & ~1, y & ~1, (hole.shape[0] + 2, hole.shape[1] + 2))
        places = cv2.subtract(places, (x & 1, y & 1, 0, 0))
        cover = np.rint(hole * 255.0).astype(np.uint8)
        keep = cv2.bitwise_not(cv2.remap(cover, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
        window = pixels[box.inside(placed.box)]
        cv2.multiply(window, cv2.merge((keep, keep, keep, keep)), dst=window, scale=1 / 255)

    def landmarks(self, row: Track) -> Floats:
        """Lips, lids and brows in the film frame for one track row, (K, 2); order as in `avatar.face.landmarks`."""
        points = np.concatenate([
            self.mouth.outline(row).reshape(-1, 2),
            self.right.outline(row).reshape(-1, 2),
            self.left.outline(row).reshape(-1, 2),
            self.right.brow_outline(row),
            self.left.brow_outline(row),
            self.mouth.jaw_outline(row),
        ]).astype(np.float32)  # fmt: skip
        z, weight = pose.depth(self.skull, points), pose.follow(self.skull, points[:, 1])
        result: Floats = points + pose.displaced(self.skull, row, points, z, weight)
        return result

