"""Who films a photograph and lays idle life over it. Knows neither what is said nor how it is composed.

What a model films is the same for every text, so it is remembered: new words on the same face cost no diffusion. A film
that ends too early is played to and fro. Stable Video Diffusion can also slide over a longer one; it does where that
takes no more passes through its network than one window at its own steps (`PASSES`): 3.5 seconds usually, some 8 with
eight steps. All else is looped, which costs the same however long somebody talks.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Clip, Footage
from avatar.errors import BadOutput, Unavailable
from avatar.face.noise import Grid
from avatar.media import footage, interpolation, video
from avatar.media.interpolation import Draw
from avatar.media.looping import Swing
from avatar.sampling import Sampling
from avatar.stage import Context
from stages import pictures, rife, tracking
from stages.diffusion import controls, svd, windows, wishes
from stages.diffusion.filming import Crew
from stages.diffusion.shares import Share
from stages.diffusion.shots import Scene, Shot
from stages.motion import idle
from stages.motion.brief import Brief

Bytes = NDArray[np.uint8]

PASSES = 25
EVEN_GUIDANCE = 2.0
"""Guidance of a film of several windows where none was asked for: the middle of what rises from 1 to 3 in one."""
MOST_FRAMES = 6000
"""Frames of the longest footage: a lossless file of some gigabytes."""
REMEMBERED = 4
FILMED = 0.7
"""Share of the work that filming is counted as."""


LEAST_SEEN = 0.6
"""Share of the frames in which the face must be seen: less of it, and what was filmed is nobody."""


class Following(Protocol):
    """Who looks at frames one after the other and tells in the end where the face was in each."""

    def look(self, picture: Bytes, /) -> None:
        """The next frame."""
        ...

    def points(self) -> NDArray[np.float32]:
        """(frames, 478, 2) in pixels, NaN where no face was found."""
        ...


Follow = Callable[[float], Following]
"""Somebody new for a film of so many frames a second."""


@dataclass(frozen=True, slots=True)
class Playing:
    """A film at its pace. The first `own` frames differ; `place` tells which of them is shown at any number."""

    frames: Iterator[Bytes]
    own: int
    place: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Filmed:
    """A shot as it is remembered: its file's bytes."""

    shot: Shot
    data: bytes


class Mover:
    """Films photographs with a crew, and follows the face in what comes out where there is somebody to `follow` it.

    What lies between the crew's frames is drawn by `draw`, else by optical flow.

    Several threads may call it; the crew films one at a time.
    """

    def __init__(self, crew: Crew, follow: Follow | None = None, draw: Draw | None = None) -> None:
        self._crew = crew
        self._follow = follow
        self._draw = draw
        self._known: OrderedDict[tuple[object, ...], Filmed] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The photograph as a clip with footage of `round(seconds * fps)` frames, its head moved by the footage alone.

        Raises `BadRequest` for no length, `Unavailable` for too great a one, `OutOfMemory`, `BadOutput`.
        """
        context.step(0, 1)
        grid = idle.grid_of(brief)
        if grid.frames > MOST_FRAMES:
            raise Unavailable(
                f"Footage of {grid.frames} frames would fill the disk. Say less at once, or let the portrait move."
            )
        shot, path = self._shot(brief, Share(context, 0.0, FILMED))
        shown = playing(shot, path, grid, context, self._draw)
        told = (*shot.notes, *self._suited(brief)[1], *rife.told(self._draw))
        made = self._kept(shown, grid, Share(context, FILMED, 1.0), replace(shot, notes=told))
        return Clip(brief.portrait, idle.laid(brief, grid, context, head=0.0), footage=made)

    def _kept(self, shown: Playing, grid: Grid, context: Context, shot: Shot) -> Footage:
        follower = self._follow(float(grid.fps)) if self._follow else None

        def looked() -> Iterator[Bytes]:
            for number, frame in enumerate(shown.frames):
                context.step(number, grid.frames)
                if follower and number < shown.own:
                    follower.look(frame)
                yield frame

        made = footage.keep(looked(), context, fps=grid.fps, seed=shot.seed, notes=shot.notes, name="motion")
        made = replace(made, diffusion=shot.diffusion)
        if follower is None:
            return made
        points = follower.points()
        seen = float((~np.isnan(points[:, 0, 0])).mean())
        if seen < LEAST_SEEN:
            raise BadOutput(
                f"A face is seen in {100 * seen:.0f} % of what was filmed only. Try another seed or picture."
            )
        every = points[[shown.place(number) for number in range(grid.frames)]]
        return replace(made, faces=tracking.kept(every, context))

    def _shot(self, brief: Brief, context: Context) -> tuple[Shot, Path]:
        """The model's own film, from memory where it is known, and a file of it."""
        scene = self._scene(brief, context)
        told = (scene.width, scene.height, scene.conditioning)
        key = (brief.portrait.image, scene.prompt, scene.seeds, scene.seconds, scene.sampling, scene.lively, *told)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            path = context.scratch() / "known.mp4"
            path.write_bytes(known.data)
            return known.shot, path
        [shot] = self._crew(scene, context)
        with self._lock:
            self._known[key] = Filmed(shot, shot.path.read_bytes())
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return shot, shot.path

    def _scene(self, brief: Brief, context: Context) -> Scene:
        picture = pictures.read(context.path(brief.portrait.image))
        camera = self._crew.camera
        height, width = picture.shape[:2]
        sampling, _ = self._suited(brief)
        size = controls.settle(camera.limits, sampling, width=width, height=height)
        frames = camera.limits.frames
        if camera.id == "svd":
            frames = self._window_or_more(brief, steps=size.steps)
            if frames > svd.window(self._crew.model) and sampling.guidance is None:
                sampling = replace(sampling, guidance=EVEN_GUIDANCE)
        return Scene(
            prompt=brief.prompt if camera.tokens else "",
            seeds=(brief.seed,),
            seconds=frames / camera.fps,
            width=size.width,
            height=size.height,
            picture=picture,
            sampling=sampling,
            lively=brief.head,
            conditioning=brief.conditioning,
        )

    def _suited(self, brief: Brief) -> tuple[Sampling, tuple[str, ...]]:
        camera = self._crew.camera
        return wishes.suited(camera.limits, brief.sampling, only=camera.only)

    def _window_or_more(self, brief: Brief, *, steps: int) -> int:
        """Frames to film: one window, or as many as the film takes where that is not dear and guidance may be even."""
        size = svd.window(self._crew.model)
        if brief.conditioning.min_guidance is not None:
            return size
        needed = math.ceil(brief.seconds * self._crew.camera.fps) + 1
        passes = steps * len(windows.windows(needed, size=size, overlap=windows.OVERLAP))
        return needed if needed > size and passes <= PASSES else size


def playing(shot: Shot, path: Path, grid: Grid, context: Context, draw: Draw | None) -> Playing:
    """The film at the grid's pace, to and fro as often as it takes."""
    cv2.setNumThreads(1)
    frames = (frame for _, frame in video.colour(path))
    if shot.frames * grid.fps >= grid.frames * shot.fps and grid.fps >= shot.fps:
        raised = interpolation.raised(frames, source_fps=shot.fps, target_fps=grid.fps, draw=draw)
        return Playing(islice(raised, grid.frames), grid.frames, int)
    rates = {"source_fps": shot.fps, "target_fps": float(grid.fps)}
    swing = Swing(frames, context.scratch() / "swing.rgb", count=shot.frames, draw=draw, **rates)
    return Playing(swing.frames(grid.frames), swing.period // 2 + 1, swing.place)
