"""A portrait that can be drawn in any pose: one frame from one row of a motion track. Knows neither time nor encoding.

Back to front: the scene, hair behind and body, what lies behind the skin (mouth, eyes), the head with its openings,
and what is worn in front. The background never moves; of the rest only its own rectangle is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face
from avatar.face import placing, pose
from avatar.face.eyes import EyeModel
from avatar.face.mouth import Hole, Mouth
from avatar.face.tracks import Track
from stages.film.canvas import Box, Planes
from stages.film.inside import Colour, EyeInside, Lids, MouthInside
from stages.film.pixels import Bytes, Floats, enlarged, faded, first_two, inverse, mapped, over, sample, seen_from
from stages.film.sheets import MARGIN, Sheet, View, turned

MOVING = ("back", "head", "front")
"""The layers that move, back to front."""
GRID = 0.055
"""Face heights between the points at which the smooth field of the head's turn is worked out."""

WHITE: Colour = (1.0, 1.0, 1.0)
GIVES = 0.12
"""How much of the way to shut the skin above an eye follows, before its lid comes down."""
UPRIGHT = 0.07
"""Radians up to which a face counts as upright; one that is tilted more opens its mouth and eyes along its own axis."""
BEHIND = ("eyeballs", "iris_right", "iris_left", "teeth", "teeth_lower", "lids")
"""The layers that are drawn in the upright face."""


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


Moved = tuple[Floats, NDArray[np.float64]]
"""How far each point of a part has come, and by which map (2, 3) the person leans on top of that."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a part is drawn in one frame, and where each pixel there comes from in the sheet's own pixels.

    The person leans by the map `lean` (2, 3); beside that nothing moves further than `reach` pixels.
    """

    part: Part
    box: Box
    sources: Floats
    reach: int
    lean: NDArray[np.float64]


class Puppet:
    """One portrait in one film's view."""

    def __init__(
        self,
        face: Face,
        sheets: Mapping[str, Sheet],
        background: Planes,
        view: View,
        *,
        light: Colour = WHITE,
        relief: float = 1.0,
        walls: pose.Room = pose.NOTHING_IN_THE_WAY,
    ) -> None:
        self._background = background
        self._film = (view.width, view.height)
        self.skull = pose.skull(face, view.scale, view.origin, relief)
        self._room = pose.room(self.skull, *self._film).smaller(walls)
        self._tilt = tilt_of(face, view)
        if self._tilt is not None:
            self._there, self._back = self._tilt.matrix(), self._tilt.matrix(back=True)
            face, sheets = set_upright(face, sheets, view, self._tilt)
        self.mouth = Mouth(face, view.scale, view.origin)
        height = self.skull.face_height
        gives = GIVES if "lids" in sheets else 1.0
        apart = float(np.hypot(*(np.mean(face.left.upper, axis=0) - np.mean(face.right.upper, axis=0)))) * view.scale
        self.right = EyeModel(face.right, "Right", view.scale, view.origin, height, gives, apart)
        self.left = EyeModel(face.left, "Left", view.scale, view.origin, height, gives, apart)
        self._parts = {name: self._part(sheets[name], name) for name in MOVING if name in sheets}
        everywhere = [part.points for part in self._parts.values()] or [np.zeros((0, 2), np.float32)]
        self._points = np.concatenate(everywhere)
        self._inside = MouthInside(self.mouth, sheets.get("teeth"), sheets.get("teeth_lower"), light)
        self._lids = [Lids(model, sheets["lids"]) for model in (self.right, self.left) if "lids" in sheets]
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
        return Part(sheet, box, cell, (down, across), points)

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
        lean = pose.lean(self.skull, row, self._room)
        points = pose.leant(pose.upright(lean), self._points)
        depths, start = [], 0
        for name, part in self._parts.items():
            depths.append(self._depth(name, points[start : start + len(part.points)]))
            start += len(part.points)
        z = np.concatenate(depths) if depths else np.zeros(0, np.float32)
        sources = pose.sources(self.skull, row, points, z, pose.follow(self.skull, points[:, 1]), lean)
        start = 0
        for name, part in self._parts.items():
            here = slice(start, start + len(part.points))
            start = here.stop
            way = points[here] - sources[here]
            if name == "head":
                self._lay_head(frame, part, sources[here], (way, lean), row)
            else:
                placed = self._placed(part, sources[here], (way, lean))
                frame.lay(placed.box, sample(part.sheet.pixels, placed.sources))
        return frame

    def _placed(self, part: Part, field: Floats, moved: Moved, below: float = 0.0) -> Placed:
        """The part where the field puts it; its box reaches `below` pixels further down than its sheet."""
        (down, across), cell, (way, lean) = part.grid, part.cell, moved
        left, top = (int(max(0.0, -float(lowest))) + 2 for lowest in way.min(axis=0))
        right, bottom = (int(max(0.0, float(highest))) + 2 for highest in way.max(axis=0))
        whole = Box(part.sheet.x, part.sheet.y, part.sheet.width, part.sheet.height)
        grown = Box(whole.x - left, whole.y - top, whole.width + left + right, whole.height + top + bottom + int(below))
        box = _around(grown, lean).within(part.box)
        local = (field - np.array([part.sheet.x, part.sheet.y], np.float32)).reshape(down, across, 2)
        fine = enlarged(local, across * cell, down * cell)
        y, x = box.y - part.box.y + cell, box.x - part.box.x + cell
        reach = max(left, top, right, bottom)
        return Placed(part, box, fine[y : y + box.height, x : x + box.width], reach, lean)

    def _lay_head(self, frame: Planes, head: Part, field: Floats, moved: Moved, row: Track) -> None:
        mouth = self.mouth.warp(row)
        placed = self._placed(head, field, moved, mouth.reach)
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
            shift = first_two(sample(local.shift, places))
            if self._tilt is not None:
                shift = mapped(shift, self._there[:, :2])
            cv2.subtract(window, shift, dst=window)
        pixels = sample(head.sheet.pixels, placed.sources)
        for lid in self._lids:
            if (skin := lid.draw(row)) is not None:
                box, places = self._window(placed, lid.x, lid.y, lid.shape)
                under = pixels[box.inside(placed.box)]
                under[:] = over(under, sample(skin, places))
        if hole is not None and opening is not None:
            box, places = opening
            self._open(pixels[box.inside(placed.box)], places, hole, row)
        frame.lay(placed.box, pixels)

    def _window(self, placed: Placed, x: int, y: int, shape: tuple[int, ...]) -> tuple[Box, Floats]:
        """The part of the placed sheet in which a rectangle at rest shows up, and where in it each pixel lies."""
        wanted = Box(x, y, (shape[1] + 1) & ~1, (shape[0] + 1) & ~1)
        sheet = placed.part.sheet
        if self._tilt is not None:
            wanted = _around(wanted, self._there)
        box = _around(wanted, placed.lean).around(placed.reach, self._film).within(placed.box)
        places = placed.sources[box.inside(placed.box)]
        if self._tilt is None or not places.size:
            return box, seen_from(places, x - sheet.x, y - sheet.y)
        matrix = self._back.copy()
        matrix[:, 2] += matrix[:, :2] @ (sheet.x, sheet.y) - (x, y)
        return box, mapped(places, matrix)

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
        if self._tilt is not None:
            points = self._tilt.tilted(points)
        z, weight = pose.depth(self.skull, points), pose.follow(self.skull, points[..., 1])
        lean = pose.lean(self.skull, track, self._room)
        return pose.leant(lean, points + pose.displaced(self.skull, track, points, z, weight, lean))


def tilt_of(face: Face, view: View) -> placing.Tilt | None:
    """How the face is tilted in the film; None for an upright one."""
    angle = placing.tilt(face)
    if abs(angle) <= UPRIGHT:
        return None
    centre = (np.asarray(face.nose[len(face.nose) // 2]) - view.origin) * view.scale
    return placing.Tilt(angle, (float(centre[0]), float(centre[1])))


def set_upright(
    face: Face, sheets: Mapping[str, Sheet], view: View, tilt: placing.Tilt
) -> tuple[Face, dict[str, Sheet]]:
    """The face, and the layers behind its skin, set upright about the tilt's centre."""

    def place(points: Floats) -> Floats:
        there = tilt.upright((points - np.asarray(view.origin, np.float32)) * view.scale)
        return np.asarray(there / view.scale + np.asarray(view.origin, np.float32), np.float32)

    back = tilt.matrix(back=True)
    return placing.mapped(face, place), {
        name: turned(sheet, back) if name in BEHIND else sheet for name, sheet in sheets.items()
    }


def _around(box: Box, matrix: NDArray[np.float64]) -> Box:
    """The box in the film around a box in the upright face, which `matrix` tilts."""
    middle = matrix[:, :2] @ (box.x + box.width / 2, box.y + box.height / 2) + matrix[:, 2]
    half = np.abs(matrix[:, :2]) @ (box.width / 2, box.height / 2)
    left, top = (int(v) - 1 & ~1 for v in middle - half)
    right, bottom = (int(v) + 2 & ~1 for v in middle + half)
    return Box(left, top, right - left, bottom - top)
