"""A portrait that can be drawn in any pose: one frame from one row of a motion track. Knows neither time nor encoding.

Back to front: the scene, hair behind and body, what lies behind the skin (mouth, eyes), the head with its openings,
and what is worn in front. The background never moves; of the rest only its own rectangle is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from avatar.artifacts import Face
from avatar.face import nearness, placing, pose, tracks
from avatar.face.eyes import EyeModel, apart
from avatar.face.mouth import Hole, Mouth, Warp
from avatar.face.tracks import Track
from stages.film.canvas import Box, Planes
from stages.film.inside import Colour, EyeInside, Lids, MouthInside
from stages.film.parts import APART, SLACK, SOLID, THERE, Grid, Matrix, Part, cuts, rectangles
from stages.film.pixels import Bytes, Floats, faded, first_two, inverse, mapped, over, sample, seen_from
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
OWN = 0.06
"""Face heights by which lids and brows move up or down in a face at most."""
BEHIND = ("eyeballs", "iris_right", "iris_left", "teeth", "teeth_lower", "lids")
"""The layers that are drawn in the upright face."""


Moved = tuple[Floats, Bytes]
"""Where in the film at rest each cell's middle comes from (rows, columns, 2), and what is seen of a part there."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a part is drawn in one frame, and where each pixel there comes from in the sheet's own pixels.

    `upright` (rows, columns, 2) tells for each cell where it comes from in the upright face at rest.
    """

    part: Part
    box: Box
    sources: Floats
    upright: Floats


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
        manner: nearness.Manner = nearness.DRAWN,
        walls: pose.Room = pose.NOTHING_IN_THE_WAY,
    ) -> None:
        self._background = background
        self._film, self._manner = (view.width, view.height), manner
        self.skull = pose.skull(face, view.scale, view.origin, relief)
        self._room = pose.room(self.skull, *self._film).smaller(walls)
        self._tilt = tilt_of(face, view)
        if self._tilt is not None:
            self._there, self._back = self._tilt.matrix(), self._tilt.matrix(back=True)
            face, sheets = set_upright(face, sheets, view, self._tilt)
        self.mouth = Mouth(face, view.scale, view.origin)
        height = self.skull.face_height
        gives = GIVES if "lids" in sheets else 1.0
        between = apart(face) * view.scale * manner.brows
        self.right = EyeModel(face.right, "Right", view.scale, view.origin, height, gives, between)
        self.left = EyeModel(face.left, "Left", view.scale, view.origin, height, gives, between)
        cell = max(6, int(GRID * self.skull.unit) & ~1)
        shown = {name: sheets[name] for name in MOVING if name in sheets}
        own = {"head": OWN * height}
        self.parts = {name: Part.of(each, cell, own.get(name, 0.0)) for name, each in shown.items()}
        margin = int(MARGIN * self.skull.unit)
        around = [Box(each.x, each.y, each.width, each.height).around(margin, self._film) for each in shown.values()]
        self._grid = Grid.over(around or [Box(0, 0, 0, 0)], cell)
        self._middles = self._grid.middles()
        still = tracks.blank(1)[0]
        at_rest = self._moved(still, pose.lean(self.skull, still, self._room))
        self._cuts = {name: cuts(cells, self._grid) for name, (_, cells) in at_rest.items() if name != "head"}
        self._inside = MouthInside(self.mouth, sheets.get("teeth"), sheets.get("teeth_lower"), light)
        self._lids = [Lids(model, sheets["lids"]) for model in (self.right, self.left) if "lids" in sheets]
        self._eyes = [
            EyeInside(model, sheets["eyeballs"], sheets[iris])
            for model, iris in ((self.right, "iris_right"), (self.left, "iris_left"))
            if "eyeballs" in sheets and iris in sheets
        ]

    def performed(self, track: Track) -> Track:
        """The track as this view has it performed; rows of it are what `draw` and `landmarks` take."""
        return nearness.restrained(track, shown=self._film[1] / self.skull.unit, manner=self._manner)

    def _depths(self, points: Floats) -> Floats:
        """Depth of each layer's points (layers, k).

        Hair behind goes with the front hair at the crown, and lies flat further down.
        """
        unit, deep = self.skull.unit, pose.depth(self.skull, points)
        crown = np.clip((self.skull.centre_y - points[:, 1]) / (0.4 * unit), 0.0, 1.0)
        each = {"back": deep * crown, "head": deep, "front": np.maximum(deep, 0.10 * unit)}
        return np.stack([each[name] for name in self.parts]).astype(np.float32)

    def draw(self, row: Track) -> Planes:
        """The frame for one track row; the caller owns it."""
        frame, mouth = self._background.copy(), self.mouth.warp(row)
        lean = pose.lean(self.skull, row, self._room)
        moved = self._moved(row, lean, mouth.reach)
        for name in self.parts:
            if name not in moved:
                continue
            placed, cells = self._placed(self.parts[name], *moved[name]), moved[name][1]
            if name == "head":
                self._lay_head(frame, placed, mouth, row)
                continue
            for rectangle in rectangles(cells, self._cuts.get(name), self._grid, lean):
                box = self._grid.box(*rectangle).within(placed.box)
                frame.lay(box, sample(placed.part.sheet.pixels, placed.sources[box.inside(placed.box)]))
        return frame

    def _moved(self, row: Track, lean: Matrix, fallen: float = 0.0) -> dict[str, Moved]:
        """How each part moves that is seen; the chin has `fallen` by so many pixels at most."""
        if not self.parts:
            return {}
        points = pose.leant(pose.upright(lean), self._middles)
        z, weight = self._depths(points), pose.follow(self.skull, points[:, 1])
        fields = pose.sources(self.skull, row, points, z, weight, lean)
        free: Bytes = np.full((self._grid.rows, self._grid.columns), THERE, np.uint8)
        moved: dict[str, Moved] = {}
        for (name, part), way in zip(reversed(self.parts.items()), fields[::-1], strict=True):
            field = way.reshape(*free.shape, 2)
            cells = part.cells(field, fallen if name == "head" else 0.0)
            if (seen := cells & free).any():
                moved[name] = field, seen
            free &= (cells & SOLID) == 0
        return moved

    def _placed(self, part: Part, field: Floats, cells: Bytes) -> Placed:
        """The part where the field puts it, as far as these cells."""
        whole = self._grid.around(cells)
        box = whole.within(Box(0, 0, *self._film))
        fine = self._grid.fine(seen_from(field, part.sheet.x, part.sheet.y), whole)
        upright = field if self._tilt is None else mapped(field, self._back)
        return Placed(part, box, fine[box.inside(whole)], upright)

    def _lay_head(self, frame: Planes, placed: Placed, mouth: Warp, row: Track) -> None:
        for eye in self._eyes:
            patch = eye.draw(row)
            if (window := self._window(placed, patch.x, patch.y, patch.pixels.shape)) is not None:
                frame.lay(window[0], sample(patch.pixels, window[1]))
        warps = [mouth, self.right.warp(row), self.left.warp(row)]
        windows = [self._window(placed, local.x, local.y, local.shift.shape) for local in warps]
        hole = mouth.hole
        opening = None if hole is None else self._window(placed, hole.x, hole.y, hole.cover.shape)
        for local, window in zip(warps, windows, strict=True):
            if window is not None:
                self._warp(placed.sources[window[0].inside(placed.box)], sample(local.shift, window[1]))
        pixels = sample(placed.part.sheet.pixels, placed.sources)
        for lid in self._lids:
            if (skin := lid.draw(row)) is None:
                continue
            if (window := self._window(placed, lid.x, lid.y, lid.shape)) is not None:
                under = pixels[window[0].inside(placed.box)]
                under[:] = over(under, sample(skin, window[1]))
        if hole is not None and opening is not None:
            self._open(pixels[opening[0].inside(placed.box)], opening[1], hole, row)
        frame.lay(placed.box, pixels)

    def _warp(self, sources: Floats, shift: Floats) -> None:
        """Let pixels come from where they were before they were shifted."""
        way = first_two(shift)
        cv2.subtract(sources, way if self._tilt is None else mapped(way, self._there[:, :2]), dst=sources)

    def _window(self, placed: Placed, x: int, y: int, shape: tuple[int, ...]) -> tuple[Box, Floats] | None:
        """The part of the placed sheet in which a rectangle at rest shows up, and where in it each pixel lies."""
        slack = APART * self._grid.cell + SLACK
        low, high = (x - slack, y - slack, 0.0, 0.0), (x + shape[1] + slack, y + shape[0] + slack, 0.0, 0.0)
        cells = np.asarray(cv2.inRange(placed.upright, low, high), np.uint8)
        box, sheet = self._grid.around(cells).within(placed.box), placed.part.sheet
        if not box.width or not box.height:
            return None
        places = placed.sources[box.inside(placed.box)]
        if self._tilt is None:
            return box, seen_from(places, x - sheet.x, y - sheet.y)
        matrix = self._back.copy()
        matrix[:, 2] += matrix[:, :2] @ (sheet.x, sheet.y) - (x, y)
        return box, mapped(places, matrix)

    def _open(self, window: Bytes, places: Floats, hole: Hole, row: Track) -> None:
        """Show the mouth's inside through its hole in the head's pixels; `places` are those of `hole`."""
        inside = self._inside.through(row, hole)
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
