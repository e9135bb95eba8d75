"""Base life of somebody who sits and looks at the viewer. Knows neither what is said nor how it is drawn."""

from dataclasses import dataclass
from math import isfinite

from avatar.artifacts import Clip, Motion
from avatar.errors import BadRequest
from avatar.face import blinks, gaze, life, tracks
from avatar.face.noise import Grid
from avatar.face.tracks import COLUMN, Track
from avatar.stage import Context, Mode, Needs, Placement
from stages.motion.brief import Brief


@dataclass(frozen=True, slots=True)
class Idle:
    """The floor: a motion track from nothing but a seed."""

    id: str = "idle"
    version: str = "3"
    needs: Needs = Needs(modes=(Mode(pace=0.002),))

    def load(self, _placement: Placement, /) -> "Performer":
        """There is nothing to load."""
        return Performer()


class Performer:
    """Lays idle life over a portrait."""

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The portrait as a clip of `round(seconds * fps)` frames, at least one. Raises `BadRequest` for no length."""
        context.step(0, 1)
        grid = grid_of(brief)
        motion = laid(brief, grid, context, head=brief.head)
        context.step(1, 1)
        return Clip(brief.portrait, motion)


def grid_of(brief: Brief) -> Grid:
    """The film's frames. Raises `BadRequest` for no length."""
    if not (isfinite(brief.seconds) and brief.seconds > 0.0 and brief.fps > 0):
        raise BadRequest(f"A clip of {brief.seconds} s at {brief.fps} frames a second can't be made. Ask for more.")
    return Grid(max(1, round(brief.seconds * brief.fps)), brief.fps)


def laid(brief: Brief, grid: Grid, context: Context, *, head: float) -> Motion:
    """Idle life as the brief wants it, but for the amount of the head's own, in the store."""
    path = context.scratch() / "motion.npy"
    tracks.write(path, living(grid, seed=brief.seed, head=head, blink=brief.blink, look=brief.gaze))
    return Motion(tracks=context.keep(path, "application/x-npy"), fps=brief.fps, frames=grid.frames)


def living(grid: Grid, *, seed: int, head: float, blink: float, look: float) -> Track:
    """The track of somebody at rest. Amounts: 0 none, 1 natural, 2 twice; at `look` 0 the eyes stay on the viewer."""
    track = tracks.blank(grid.frames)
    life.breathe(track, grid, seed=seed)
    life.sway(track, grid, seed=seed, amount=head)
    life.express(track, grid, seed=seed)
    eyes = gaze.living(grid, seed=seed, amount=look)
    track[:, COLUMN["headYaw"]] += head * eyes.head[:, 0]
    track[:, COLUMN["headPitch"]] += head * eyes.head[:, 1]
    gaze.write(track, eyes.look)
    blinks.draw(track, blinks.spontaneous(grid, seed=seed, amount=blink, moments=eyes.blinks), grid, seed=seed)
    return track
