"""Where a film's poses come from: a video, a motion by name, or the speech itself. Knows no network that draws."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from avatar.artifacts import Blob, Utterance
from avatar.errors import BadRequest, Unavailable
from avatar.face import prosody
from avatar.face.noise import Grid
from avatar.face.tracks import Track
from avatar.media import video
from avatar.stage import Context
from stages.pose.brief import Brief
from stages.pose.driving import arms, bridging, gestures, heads, retarget, rig, templates, tracking
from stages.pose.driving.people import Poses
from stages.pose.driving.staging import Scene

PACE = (8.0, 12.0)
"""Frames a second that are diffused; those between are interpolated."""

Look = Callable[[], tuple[tracking.Detect, str]]
"""Gives a detector and a sentence on what it can't see. Raises `Unavailable` where there is none."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What is to be diffused: `poses` at their own rate, and the film's `track` whose head moves as they do."""

    poses: Poses
    track: Track
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Take:
    """What a shot is made of: the brief and its scene, the film's speaking `track` and what is said in it.

    `own` are the frames a second that the model makes best, where it is not few of them.
    """

    brief: Brief
    scene: Scene
    track: Track
    utterance: Utterance
    own: float | None = None

    @property
    def fps(self) -> int:
        """The film's rate."""
        return self.brief.clip.motion.fps

    @property
    def slow(self) -> float:
        """Frames a second that are diffused."""
        wanted = self.brief.shooting.fps
        return pace(self.fps, self.own if wanted is None else wanted)

    @property
    def frames(self) -> int:
        """Frames that are diffused: the last one is at the film's end or after it."""
        return max(1, int(np.ceil((len(self.track) - 1) * self.slow / self.fps - 1e-6)) + 1)


def pace(fps: int, wanted: float | None) -> float:
    """Frames a second to diffuse for a film of `fps`: a whole part of it, from 8 to 12 unless another is wanted.

    Raises `BadRequest` for a rate that no film has.
    """
    if wanted is not None:
        if not 1.0 <= wanted <= 60.0:
            raise BadRequest(f"{wanted:g} frames a second can't be diffused. Ask for 1 to 60; 8 to 12 are usual.")
        return float(min(wanted, fps))
    return next((fps / part for part in range(1, fps + 1) if PACE[0] <= fps / part <= PACE[1]), float(fps))


def directed(take: Take, context: Context, *, look: Look, step: Callable[[], None]) -> Shot:
    """The poses of a film: after a driving video, else a motion by name, else footage of before, else the speech.

    Raises `BadRequest` and `UnsupportedMedia` for a driving video that can't be used, `NotFound` for a motion that
    there is not, `Unavailable` where a driving video is given and there is no detector.
    """
    brief = take.brief
    if brief.driving.video is not None:
        return followed(take, brief.driving.video, context, look=look, step=step)
    if brief.clip.footage is None or brief.driving.motion:
        return spoken(take)
    try:
        return followed(take, brief.clip.footage.video, context, look=look, step=step)
    except (Unavailable, BadRequest) as wrong:
        shot = spoken(take)
        return replace(shot, notes=(*shot.notes, f"The footage's movement was not taken over. {wrong}"))


def followed(take: Take, blob: Blob, context: Context, *, look: Look, step: Callable[[], None]) -> Shot:
    """The movement of somebody in a video, fitted to the portrait."""
    path = context.path(blob)
    picture = video.contents(path).picture
    if picture is None:
        raise BadRequest("The driving video has no pictures. Give an MP4 that shows somebody moving.")
    detect, lack = look()
    frames = (frame for _, frame in video.colour(path))
    found = tracking.followed(frames, picture.fps or 25.0, detect, step=step)
    paced = bridging.paced(found, fps=take.slow, frames=take.frames)
    poses = retarget.retargeted(paced, take.scene.rest)
    track = heads.laid_over(take.track, take.fps, poses, take.scene.rest)
    return Shot(poses, track, (*paced.notes, *([lack] if lack else [])))


def spoken(take: Take) -> Shot:
    """Movement that goes with the speech, and a motion by name laid over it where one is wanted."""
    driving, grid = take.brief.driving, Grid(len(take.track), take.fps)
    track = take.track
    if driving.motion:
        template = templates.find(driving.motion)
        track = templates.laid_over(track, template, fps=take.fps)
        ways = templates.ways(template, frames=grid.frames, fps=take.fps)
    else:
        phrases = prosody.phrases(take.utterance)
        ways = gestures.speaking(grid, phrases, seed=take.brief.seed, amount=driving.gestures)
    track = rig.eased(track, take.fps)
    slow = rig.sampled(track, take.fps, at=take.slow, frames=take.frames)
    return Shot(rig.poses(take.scene.rest, slow, take.slow, _paced(ways, take)), track)


def _paced(ways: arms.Ways, take: Take) -> arms.Ways:
    """Ways at the diffused rate."""
    place = np.clip(np.arange(take.frames) * take.fps / take.slow, 0.0, len(take.track) - 1).round().astype(np.int64)
    return arms.Ways(ways.raised[place], ways.goal[place], ways.curl[place], ways.palm[place])
