"""A clip that has footage, drawn frame by frame: the footage as it is, its mouth saying the track. Knows no encoder.

Footage whose lips say the speech already is shown untouched.

Frames are read in order as they are wanted, so memory does not grow; footage that ends before its track is played
again from its start. Where the face is lost or covered a frame is shown as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face, Footage
from avatar.errors import BadOutput, BadRequest, Unavailable
from avatar.face import facemesh, heads, tracks
from avatar.face.tracks import Track
from avatar.media import footage as player
from avatar.stage import Context
from stages.film import dubbing, glimpse, scene
from stages.film.brief import PLAIN, Brief, Scenery
from stages.film.canvas import Planes
from stages.film.frames import MATRIX
from stages.film.pixels import Bytes, Floats
from stages.film.sheets import CLOSE, EYE_LINE, Sheet

CUT = 0.02
"""Share of a side of the footage beyond which it is told that it is cut off."""
TOLD = 6
"""Times that a note names."""
RAMP = 0.16
"""Seconds over which a mouth is taken over and left again around frames without a face."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What of the footage the film shows: `scale` film pixels a footage pixel, from `left`, `top` of the scaled one."""

    width: int
    height: int
    scale: float
    left: int
    top: int

    def shown(self, picture: Bytes) -> Bytes:
        """The film's picture."""
        if self.scale != 1.0:
            size = (round(picture.shape[1] * self.scale), round(picture.shape[0] * self.scale))
            how = cv2.INTER_AREA if self.scale < 1.0 else cv2.INTER_CUBIC
            picture = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
        cut = picture[self.top : self.top + self.height, self.left : self.left + self.width]
        return np.ascontiguousarray(cut)

    def placed(self, points: Floats) -> Floats:
        """Points of the footage in the film."""
        middles = (points + 0.5) * self.scale - 0.5
        return np.asarray(middles - np.array([self.left, self.top]), np.float32)


def fit(footage: Footage, points: Floats, film: tuple[int, int], scenery: Scenery = PLAIN) -> Fit:
    """The footage filling a film of (width, height), the face where it is best seen as far as there is a choice.

    A close view shows as much of the face as one of a portrait does; all others show the footage as it was filmed.
    """
    scale = max(film[0] / footage.width, film[1] / footage.height)
    if scenery.framing == "close":
        tall = float(np.median([facemesh.height(face) for face in points])) * scale
        scale *= max(1.0, min(film) / (CLOSE * tall))
    scale *= scenery.zoom
    whole = max(film[0], round(footage.width * scale)), max(film[1], round(footage.height * scale))
    eyes = np.median(points[:, [facemesh.RIGHT_LOWER[0], facemesh.LEFT_LOWER[-1]]].mean(axis=1), axis=0) * scale
    left = int(np.clip(eyes[0] - 0.5 * film[0], 0, whole[0] - film[0]))
    top = int(np.clip(eyes[1] - EYE_LINE * film[1], 0, whole[1] - film[1]))
    return Fit(film[0], film[1], scale, left, top)


class Dubbed:
    """One clip with footage in one film."""

    any_order = False  # footage is read as it was filmed

    def __init__(self, brief: Brief, context: Context) -> None:
        clip, footage = brief.clip, brief.clip.footage
        if footage is None or footage.faces is None:
            raise Unavailable("Nobody looked for the face in this clip's footage, so no mouth can be moved in it.")
        if brief.scenery.background == "clear":
            raise BadRequest("This film is footage, and nobody is cut out of that. Take it as it is, or as av1.mp4.")
        self.track: Track = tracks.read(context.path(clip.motion.tracks))
        found = read_faces(context.path(footage.faces), footage)
        self.good: NDArray[np.bool_] = np.asarray(~np.isnan(found).any(axis=(1, 2)), np.bool_)
        if not self.good.any():
            raise BadOutput("No face was found in this clip's footage, so no mouth can be moved in it.")
        self._fit = fit(footage, found[self.good], (brief.width, brief.height), brief.scenery)
        self._points = self._fit.placed(_bridged(found, self.good))
        first = int(np.argmax(self.good))
        rest, _ = heads.resting(self._points[self.good])
        self._heads = heads.fitted(rest, self._points)
        self._lasting = heads.lasting(self._heads, self._points, clip.motion.fps)
        self._spoken = footage.spoken
        self._amount = np.zeros(len(self.good)) if self._spoken else amounts(self.good, clip.motion.fps)
        self._frames = player.Player(footage, context)
        unit = facemesh.height(rest)
        self._behind = dubbing.Behind(clip.portrait, unit, scene.light_of(clip.portrait, context), context)
        self._behind.seen = self._glimpse()
        if self._behind.seen is None:  # what footage shows has its grain already
            self._behind.grain = dubbing.grain_of(self._codes(first)[..., 0], self._points[first])

        self.notes = tuple(notes(brief, self.good, clip.motion.fps))

    def draw(self, index: int) -> Planes:
        """A frame; the caller owns it."""
        place = index % len(self._points)
        codes = self._codes(place)
        height, width = codes.shape[:2]
        small = cv2.resize(codes, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        frame = Planes(np.ascontiguousarray(codes[..., 0]), np.ascontiguousarray(small[..., 1:]))
        amount = float(self._amount[place])
        if amount > 0.0:
            drawn = dubbing.redrawn(
                codes, self._lips(place), self.track[index], amount, behind=self._behind, index=index
            )
            if drawn is not None:
                dubbing.lay(frame.luma, frame.chroma, *drawn)
        return frame

    def _codes(self, place: int) -> Bytes:
        """One frame of the footage as the film shows it, Y'CbCr (height, width, 3)."""
        return np.asarray(cv2.transform(self._fit.shown(self._frames[place]), MATRIX), np.uint8)

    def _glimpse(self) -> Sheet | None:
        """The mouth's inside as the footage shows it where it is open widest; none where it never is."""
        place = glimpse.widest(self._points, self.good)
        if place is None:
            return None
        skull = self._heads.at_rest(place)
        return glimpse.inside(self._codes(place), self._points[place], skull, self._behind.mouth)

    def _lips(self, place: int) -> dubbing.Lips:
        """The mouth of one frame of the footage."""
        skull = self._heads.at_rest(place)
        return dubbing.Lips.of(self._points[place], heads.with_lasting(skull, self._lasting[place]), skull)

    def landmarks(self, start: int, stop: int) -> Floats:
        """Where the face is in these frames, (stop - start, POINTS, 2), as `avatar.face.landmarks` orders it."""
        return np.stack([self._marks(index) for index in range(start, stop)])

    def _marks(self, index: int) -> Floats:
        place = index % len(self._points)
        face = facemesh.face(self._points[place])
        eyes = [face.right.upper, face.right.lower, face.left.upper, face.left.lower, face.right.brow, face.left.brow]
        marks = _seen(face) if self._spoken else self._lips(place).marks(self.track[index])
        return np.concatenate([marks[:44], *(np.asarray(line, np.float32) for line in eyes), marks[44:]])


def _seen(face: Face) -> Floats:
    """The four rims (44, 2) and the jaw (17, 2) of a face as it is."""
    lips = (face.upper_lip_outer, face.upper_lip_inner, face.lower_lip_inner, face.lower_lip_outer)
    return np.concatenate([np.asarray(line, np.float32) for line in (*lips, face.jaw)])


def read_faces(path: Path, footage: Footage) -> Floats:
    """The points (frames, 478, 2) that came with footage. Raises `BadOutput` when they are no such thing."""
    try:
        found: Any = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as wrong:
        raise BadOutput(f"The footage's faces can't be read: {wrong}. Look for them again.") from wrong
    if found.shape != (footage.frames, 478, 2):
        raise BadOutput(f"The footage's faces are {found.shape}, not {(footage.frames, 478, 2)}. Look for them again.")
    return np.asarray(found, np.float32)


def notes(brief: Brief, good: NDArray[np.bool_], fps: float) -> Iterator[str]:
    """How the film differs from what was asked: frames that are shown as they were, and scenery that can't be had."""
    shown = good[np.arange(brief.clip.motion.frames) % len(good)]
    if not shown.all() and not (brief.clip.footage and brief.clip.footage.spoken):
        steps = np.flatnonzero(np.diff(np.concatenate([[0], (~shown).astype(np.int8), [0]]))) / fps
        times = [f"{start:.1f} to {stop:.1f} s" for start, stop in zip(steps[::2], steps[1::2], strict=True)]
        more = f" and {len(times) - TOLD} times more" if len(times) > TOLD else ""
        yield (
            f"In {int((~shown).sum())} of {len(shown)} frames the face is lost or its mouth is covered, so they are"
            f" shown as they were filmed: {', '.join(times[:TOLD])}{more}."
        )
    shot = brief.clip.footage
    if brief.scenery.framing == "whole" and shot is not None:
        seen = (brief.width / brief.height) / (shot.width / shot.height)
        if min(seen, 1.0 / seen) < 1.0 - CUT:
            cut = "above and below" if seen > 1.0 else "at both sides"
            yield f"Footage fills the film, so it is cut off {cut}. Ask for a film of its own shape to see all of it."
    if not brief.scenery.own:
        yield "Nobody is cut out of footage, so its own background is seen."
    yield from shot.notes if shot else ()


def _bridged(found: Floats, good: NDArray[np.bool_]) -> Floats:
    """Points in every frame: those of the nearest frames where there are none."""
    if good.all():
        return found
    frames, flat = np.arange(len(found)), found.reshape(len(found), -1)
    whole = np.stack([np.interp(frames, frames[good], column[good]) for column in flat.T], axis=1)
    return np.asarray(whole.reshape(found.shape), np.float32)


def amounts(good: NDArray[np.bool_], fps: float) -> NDArray[np.float64]:
    """How much of a mouth is taken over in each frame: none where no face is, all some frames away from that."""
    if good.all():
        return np.ones(len(good))
    bad = np.flatnonzero(~good)
    away = np.abs(np.arange(len(good))[:, None] - bad).min(axis=1)
    t = np.clip(away / (RAMP * fps), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))
