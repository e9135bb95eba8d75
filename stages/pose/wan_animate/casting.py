"""All that Wan-Animate is given of a film: skeletons, faces, and in a foreign video what stays of it.

Knows no network; needs Pillow.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar.artifacts import Blob
from avatar.errors import BadRequest
from avatar.face.tracks import Track
from avatar.media import video
from avatar.stage import Context
from stages.pose.driving import bridging, tracking
from stages.pose.driving.directing import Look, Take, directed
from stages.pose.driving.people import Figure, Poses
from stages.pose.wan_animate import stickman, windows

Bytes = NDArray[np.uint8]
Pictures = list[Image.Image]

OWN_FACE = "The face's expression was taken from the portrait: there is no video of a face to follow."


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """Pictures of equal number: skeletons and faces, and for a replacement the video's rest and white masks."""

    poses: Pictures
    faces: Pictures
    track: Track
    rest: Pictures | None = None
    masks: Pictures | None = None
    notes: tuple[str, ...] = ()

    @property
    def videos(self) -> dict[str, Pictures]:
        """As the pipeline's arguments are called."""
        given = {"pose_video": self.poses, "face_video": self.faces}
        return given | ({"background_video": self.rest, "mask_video": self.masks} if self.rest and self.masks else {})


def cast(take: Take, context: Context, *, look: Look, step: Callable[[], None]) -> Cast:
    """What a film is made of. Raises as `directing.directed` does."""
    driving, remembering = take.brief.driving, Remembering(look)
    if driving.replace:
        if driving.video is None:
            raise BadRequest("There is no video to put the portrait into. Give one that shows a person.")
        return replaced(take, driving.video, context, look=remembering, step=step)
    shot = directed(take, context, look=remembering, step=step)
    poses = [_drawn(shot.poses, frame, take.scene.size) for frame in range(shot.poses.frames)]
    source = driving.video or (take.brief.clip.footage.video if take.brief.clip.footage else None)
    if source is None or not remembering.known:
        own = Image.fromarray(windows.face(*_portrait(take)))
        return Cast(poses, [own] * len(poses), shot.track, notes=(*shot.notes, OWN_FACE))
    places = _places(remembering.many, _rate(source, context), take)
    shown = {}
    for number, frame in _frames(source, context, step=step):
        if number in places:
            shown[number] = Image.fromarray(windows.face(frame, remembering.near(number)))
    return Cast(poses, [shown[place] for place in places], shot.track, notes=shot.notes)


def replaced(take: Take, blob: Blob, context: Context, *, look: Look, step: Callable[[], None]) -> Cast:
    """The portrait's person in the place of somebody in a video, with their skeleton and their face as they are."""
    size, fps = take.scene.size, _rate(blob, context)
    detect, lack = look()
    filmed = (filling(frame, size) for _, frame in _frames(blob, context, step=step))
    found = tracking.followed(filmed, fps, detect, step=step)
    seen = bridging.paced(found, fps=take.slow, frames=take.frames)
    places = _places(found.frames, fps, take)
    shown = {number: filling(frame, size) for number, frame in _frames(blob, context, step=step) if number in places}
    masks = [windows.person(seen.at(frame), size) for frame in range(seen.frames)]
    around = [np.where(mask[..., None] > 0, 0, shown[at]) for at, mask in zip(places, masks, strict=True)]
    return Cast(
        [_drawn(seen, frame, size) for frame in range(seen.frames)],
        [Image.fromarray(windows.face(shown[at], seen.at(frame))) for frame, at in enumerate(places)],
        take.track,
        [Image.fromarray(each.astype(np.uint8)) for each in around],
        [Image.fromarray(mask) for mask in masks],
        (*seen.notes, *([lack] if lack else [])),
    )


class Remembering:
    """A detector that remembers whom it saw in each frame of the one video that it is shown."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: list[Figure | None] = []

    def __call__(self) -> tuple[tracking.Detect, str]:
        """The detector, and what it can't see."""
        detect, lack = self._look()

        def remembered(picture: Bytes) -> Figure | None:
            figure = detect(picture)
            self._seen.append(figure)
            return figure

        return remembered, lack

    @property
    def many(self) -> int:
        """Frames that it was shown."""
        return len(self._seen)

    @property
    def known(self) -> tuple[int, ...]:
        """Those in which somebody was."""
        return tuple(number for number, figure in enumerate(self._seen) if figure is not None)

    def near(self, number: int) -> Figure:
        """Who was in a frame, or in the nearest one where somebody was."""
        figure = self._seen[min(self.known, key=lambda each: abs(each - number))]
        if figure is None:
            raise LookupError(number)
        return figure


def _drawn(poses: Poses, frame: int, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(stickman.draw(poses.at(frame), size))


def _portrait(take: Take) -> tuple[Bytes, Figure]:
    """The portrait at the film's size, with its points."""
    picture = cv2.resize(take.scene.picture, take.scene.size, interpolation=cv2.INTER_AREA)
    return np.asarray(picture, np.uint8), take.scene.rest.figure


def _frames(blob: Blob, context: Context, *, step: Callable[[], None]) -> Iterator[tuple[int, Bytes]]:
    """The frames of a video with their numbers."""
    for number, (_, frame) in enumerate(video.colour(context.path(blob))):
        step()
        yield number, frame


def _rate(blob: Blob, context: Context) -> float:
    """Frames a second. Raises `BadRequest` for a file without pictures."""
    picture = video.contents(context.path(blob)).picture
    if picture is None:
        raise BadRequest("The driving video has no pictures. Give an MP4 that shows somebody moving.")
    return picture.fps or 25.0


def filling(frame: Bytes, size: tuple[int, int]) -> Bytes:
    """The middle of a frame that has the shape of (width, height), in that size."""
    height, width = frame.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    across, down = round(size[0] / scale), round(size[1] / scale)
    left, top = (width - across) // 2, (height - down) // 2
    part = frame[top : top + down, left : left + across]
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _places(many: int, fps: float, take: Take) -> list[int]:
    """Which of a video's `many` frames each diffused one is, to and fro as `bridging.paced` goes."""
    place, last = np.arange(take.frames) * fps / take.slow, many - 1
    if last > 0 and place[-1] > last + 0.5 * fps:
        place = np.abs((place + last) % (2.0 * last) - last)
    return [int(each) for each in np.clip(np.rint(place), 0, last)]
