"""A portrait that can be drawn in any pose: one frame from one row of a motion track. Knows neither time nor encoding.

Back to front: the scene, hair behind and body, what lies behind the skin (mouth, eyes), the head with its openings,
and what is worn in front. The background never moves; of the rest only its own rectangle is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from avatar.artifacts import Face
from avatar.face import pose
from avatar.face.eyes import EyeModel
from avatar.face.mouth import Hole, Mouth
from avatar.face.tracks import Track
from stages.film.canvas import Box, Planes
from stages.film.inside import EyeInside, MouthInside
from stages.film.pixels import Bytes, Floats, enlarged, faded, first_two, inverse, sample, seen_from
from stages.film.sheets import MARGIN, Sheet, View

MOVING = ("back", "head", "front")
"""The layers that move, back to front."""
GRID = 0.055
"""Face heights between the points at which the smooth field of the head's turn is worked out."""


@dataclass(frozen=True, slots=True)
class Part:
    """A moving sheet: where it may be drawn at most, and the grid (rows, columns) of points that tell how it moves.

    The grid's cells are squares of `cell` film pixels and reach one cell beyond `box` on each side.
    """

    sheet: Sheet
    box: Box
    cell: int
    grid: tuple[int, int]
    points: Floats
    z: Floats


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a part is drawn in one frame, and where each pixel there comes from in the sheet's own pixels."""

    part: Part
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
        self._parts = {name: self._part(sheets[name], name) for name in MOVING if name in sheets}
        everywhere = [part.points for part in self._parts.values()] or [np.zeros((0, 2), np.float32)]
        self._points = np.concatenate(everywhere)
        self._z = np.concatenate([part.z for part in self._parts.values()] or [np.zeros(0, np.float32)])
        self._weight = pose.follow(self.skull, self._points[:, 1])
        self._inside = MouthInside(self.mouth, sheets.get("teeth"), sheets.get("teeth_lower"))
        self._eyes = [
            EyeInside(model, sheets["eyeballs"], sheets[iris])
            for model, iris in ((self.right, "iris_right"), (self.left, "iris_left"))
            if "eyeballs" in sheets and iris in sheets
        ]

    def _part(self, sheet: Sheet, name: str) -> Part:
        box = Box(sheet.x, sheet.y, sheet.width, sheet.height).around(int(MARGIN * self.skull.unit), self._film)
        cell = max(6, int(GRID * self.skull.unit))
        across, down = -(-box.width // cell) + 2, -(-box.height // cell) + 2
        x = (np.arange(across, dtype=np.float32) - 0.5) * cell - 0.5 + box.x
        y = (np.arange(down, dtype=np.float32) - 0.5) * cell - 0.5 + box.y
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
        return Part(sheet, box, cell, (down, across), points, self._depth(name, points))

    def _depth(self, name: str, points: Floats) -> Floats:
        """Depth of a layer's points; hair behind goes with the front hair at the crown, and lies flat further down."""
        unit = self.skull.unit
        if name == "head":
            return pose.depth(self.skull, points)
        if name == "front":
            return np.maximum(pose.depth(self.skull, points), 0.10 * unit).astype(np.float32)
        crown = np.clip((self.skull.centre_y - points[:, 1]) / (0.4 * unit), 0.0, 1.0)
        z: Floats = (pose.depth(self.skull, points) * crown).astype(np.float32)
        return z

    def draw(self, row: Track) -> Planes:
        """The frame for one track row; the caller owns it."""
        frame = self._background.copy()
        sources = pose.sources(self.skull, row, self._points, self._z, self._weight)
        start = 0
        for name, part in self._parts.items():
            field = sources[start : start + len(part.points)]
            start += len(part.points)
            if name == "head":
                self._lay_head(frame, part, field, row)
            else:
                placed = self._placed(part, field)
                frame.lay(placed.box, sample(part.sheet.pixels, placed.sources))
        return frame

    def _placed(self, part: Part, field: Floats, below: float = 0.0) -> Placed:
        """The part where the field puts it; its box reaches `below` pixels further down than its sheet."""
        (down, across), cell = part.grid, part.cell
        moved = part.points - field
        left, top = (int(max(0.0, -float(lowest))) + 2 for lowest in moved.min(axis=0))
        right, bottom = (int(max(0.0, float(highest))) + 2 for highest in moved.max(axis=0))
        wanted = Box(part.sheet.x, part.sheet.y, part.sheet.width, part.sheet.height)
        box = wanted.grown((left, top), (right, bottom + int(below)), self._film).within(part.box)
        local = (field - np.array([part.sheet.x, part.sheet.y], np.float32)).reshape(down, across, 2)
        fine = enlarged(local, across * cell, down * cell)
        y, x = box.y - part.box.y + cell, box.x - part.box.x + cell
        return Placed(part, box, fine[y : y + box.height, x : x + box.width], max(left, top, right, bottom))

    def _lay_head(self, frame: Planes, head: Part, field: Floats, row: Track) -> None:
        mouth = self.mouth.warp(row)
        placed = self._placed(head, field, mouth.reach)
        for eye in self._eyes:
            patch = eye.draw(row)
            box, places = self._window(placed, patch.x, patch.y, patch.pixels.shape)
            frame.lay(box, sample(patch.pixels, places))
        warps = [mouth, self.right.warp(row), self.left.warp(row)]
        windows = [self._window(placed, local.x, local.y, local.shift.shape) for local in warps]
        hole = mouth.hole
        opening = None if hole is None else self._window(placed, hole.x, hole.y, hole.cover.shape)
        for local, (box, places) in zip(warps, windows, strict=True):
            window = placed.sources[box.inside(placed.box)]
            cv2.subtract(window, first_two(sample(local.shift, places)), dst=window)
        pixels = sample(head.sheet.pixels, placed.sources)
        if hole is not None and opening is not None:
            box, places = opening
            self._open(pixels[box.inside(placed.box)], places, hole, row)
        frame.lay(placed.box, pixels)

    def _window(self, placed: Placed, x: int, y: int, shape: tuple[int, ...]) -> tuple[Box, Floats]:
        """The part of the placed sheet in which a rectangle at rest shows up, and where in it each pixel lies."""
        wanted = Box(x, y, (shape[1] + 1) & ~1, (shape[0] + 1) & ~1)
        box = wanted.around(placed.reach, self._film).within(placed.box)
        places = placed.sources[box.inside(placed.box)]
        sheet = placed.part.sheet
        return box, seen_from(places, x - sheet.x, y - sheet.y)

    def _open(self, window: Bytes, places: Floats, hole: Hole, row: Track) -> None:
        """Show the mouth's inside through its hole in the head's pixels; `places` are those of `hole`."""
        inside = self._inside.draw(row, hole)
        shown = sample(inside.pixels, seen_from(places, inside.x - hole.x, inside.y - hole.y))
        through = sample(hole.cover, places)
        cv2.add(faded(window, inverse(through)), faded(shown, through), dst=window)

    def landmarks(self, track: Track) -> Floats:
        """Lips, lids, brows and jaw in the film, (frames, POINTS, 2), as `avatar.face.landmarks` orders them."""
        lines = [
            self.mouth.outline(track),
            self.right.outline(track),
            self.left.outline(track),
            self.right.brow_outline(track),
            self.left.brow_outline(track),
            self.mouth.jaw_outline(track),
        ]
        points = np.concatenate([line.reshape(len(track), -1, 2) for line in lines], axis=1)
        z, weight = pose.depth(self.skull, points), pose.follow(self.skull, points[..., 1])
        moved: Floats = points + pose.displaced(self.skull, track, points, z, weight)
        return moved
