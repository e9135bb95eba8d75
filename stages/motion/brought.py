"""Base life from a film of the person: it moves as it was filmed. Knows neither what is said nor how it is drawn.

A film that is shorter than what is said is played there and back again, so that nothing jumps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Clip, Footage, Motion
from avatar.errors import BadRequest
from avatar.face import tracks
from avatar.media import footage, playing
from avatar.stage import Context, Mode, Needs, Placement
from stages import facing, tracking
from stages.motion.brief import Brief

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

LARGEST = (1080, 1080)
"""Pixels of both sides that footage is made to fill at most."""
LONGEST = 300.0
"""Seconds of a film that are used; what is said after that is said over the way back."""
PIECE = 24
"""Frames that are held at once on the way back."""
LEAST_SEEN = 0.15
"""Share of the frames in which the face must be seen."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A film of the asker's own, the face in it followed by MediaPipe FaceLandmarker."""

    id: str = "filmed"
    version: str = "2"
    needs: Needs = Needs(weights=("face-landmarker",), packages=("mediapipe", "av", "cv2"), modes=(Mode(pace=0.8),))

    def takes(self, brief: Brief, /) -> bool:
        """Only briefs with a film."""
        return brief.video is not None

    def named(self, brief: Brief, /) -> bool:
        """Every film wants it: without it a still is made to talk."""
        return self.takes(brief)

    def load(self, placement: Placement, /) -> "Performer":
        """Read the model. Raises `Unavailable`."""
        return Performer(tracking.tracker(placement.weights["face-landmarker"]))


@dataclass(frozen=True, slots=True)
class Performer:
    """Lays a film under a portrait."""

    tracker: tracking.Tracker

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with its footage. Raises `BadRequest` for a film without a face, `Unavailable`, `StorageError`."""
        count = max(1, round(brief.seconds * brief.fps))
        shot, points = self._shot(brief, count, context)
        seen = ~np.isnan(points[:, 0, 0])
        if seen.mean() < LEAST_SEEN or not seen.any():
            raise BadRequest(
                f"A face is seen in {100.0 * seen.mean():.0f} % of the video only. Give one that shows it from the"
                " front, near and lit, with nothing before the mouth."
            )
        track = facing.moved(points, seen)[np.arange(count) % shot.frames]
        path = context.scratch() / "motion.npy"
        tracks.write(path, track)
        blob = context.keep(path, "application/x-npy")
        shot = replace(shot, faces=tracking.kept(points, context), filmed=True)
        return Clip(brief.portrait, Motion(blob, brief.fps, count), shot)

    def _shot(self, brief: Brief, count: int, context: Context) -> tuple[Footage, Floats]:
        """At most `count` frames of footage, there and back where it is shorter, and where the face is in each."""
        if brief.video is None:
            raise BadRequest("There is no video to be dubbed. Give one, or leave the choice of motion to the plan.")
        follower = self.tracker.follower(brief.fps, brief.face)
        small = tuple(map(min, brief.film or LARGEST, LARGEST))
        most = min(count, round(LONGEST * brief.fps))
        played = playing.played(context.path(brief.video), fps=brief.fps, fill=(small[0], small[1]))

        def looked() -> Iterator[Bytes]:
            for number, picture in enumerate(islice(played, most), start=1):
                follower.look(picture)
                context.step(number, count + 1)
                yield picture

        there = footage.keep(looked(), context, fps=brief.fps)
        points = follower.points()
        if there.frames == count or there.frames < 3:
            return there, points
        both = islice(_there_and_back(there, context), count)
        shot = footage.keep(both, context, fps=brief.fps, name="loop")
        order = np.concatenate([np.arange(len(points)), np.arange(len(points) - 2, 0, -1)])
        return shot, points[order[: shot.frames]]


def _there_and_back(there: Footage, context: Context) -> Iterator[Bytes]:
    """All frames and then those between, backwards, a piece at a time."""
    yield from footage.frames(there, context)
    for stop in range(there.frames - 1, 1, -PIECE):
        start = max(1, stop - PIECE)
        piece = [picture for _, picture in islice(footage.frames_from(there, context, start), stop - start)]
        yield from reversed(piece)
