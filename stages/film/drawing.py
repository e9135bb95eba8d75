"""Draws each frame of a clip once and encodes it at once, side by side in threads: the compositor's performer.

Knows nothing of how tracks came about. Memory does not grow with the film's length.
"""

import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from avatar import records
from avatar.artifacts import Film, Portrait, Utterance, blobs_of
from avatar.errors import Unavailable
from avatar.face import landmarks, tracks
from avatar.face.tracks import Track
from avatar.media import captions, encode
from avatar.media.ahead import abreast
from avatar.media.publish import publish
from avatar.stage import Context
from stages.film import company, scene, sidecars
from stages.film.brief import Brief, Scenery
from stages.film.canvas import Planes
from stages.film.company import Company
from stages.film.footage import Dubbed
from stages.film.label import Label
from stages.film.pixels import Floats
from stages.film.puppet import Puppet
from stages.film.sheets import View

FRAMES_AHEAD = 6
HANDS = 2
"""Threads that draw: on two cores a frame takes 0.7 x the time that one thread takes."""
TRIAL_FRAMES = 3
TRIAL_CRF = 22.0
TRIAL_POSES = tracks.blank(2)
TRIAL_POSES[1, [tracks.COLUMN[name] for name in ("headYaw", "jawOpen")]] = 5.0, 0.4
"""A face in which a single one is tried, so that what was found holds for all that it will ever say."""
CLEAR = "An MP4 can't be transparent, so it shows a light grey. Take alpha.webm or prores.mov for the person alone."
WORDLESS = "Nobody told the words of this recording, so its captions are empty. Give its text with it."
PUPPETS = 2
"""Faces kept ready."""
RIG_FRAMES = 250
"""Frames whose landmarks are worked out at once."""


class Picture(Protocol):
    """What can be drawn frame by frame: one face, several, or a clip's footage."""

    @property
    def track(self) -> Track:
        """The movement (frames, channels) of the face, or of whichever speaks."""
        ...

    @property
    def any_order(self) -> bool:
        """Whether frames may be drawn in any order, and several at once."""
        ...

    def draw(self, index: int) -> Planes:
        """A frame; the caller owns it."""
        ...

    def landmarks(self, start: int, stop: int) -> Floats:
        """Where that face is in these frames, (stop - start, POINTS, 2)."""
        ...


@dataclass(frozen=True, slots=True)
class Solo:
    """One face that is moved by one track."""

    puppet: Puppet
    track: Track
    any_order: bool = True

    def draw(self, index: int) -> Planes:
        """The frame for one row of the track."""
        return self.puppet.draw(self.track[index])

    def landmarks(self, start: int, stop: int) -> Floats:
        """Where the face is."""
        return self.puppet.landmarks(self.track[start:stop])


@dataclass(frozen=True, slots=True)
class Shot:
    """All that one film is made from, ready to be drawn."""

    picture: Picture
    utterance: Utterance
    form: encode.Format
    burned: captions.Burner | None
    label: Label | None = None

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return len(self.picture.track)


class Drawing:
    """The compositor at work. Keeps the last faces ready, so that one who goes on talking is not laid out anew.

    May be called by several threads at once: a puppet does not change when it is drawn.
    """

    def __init__(self) -> None:
        self._puppets: OrderedDict[tuple[Portrait, View, Scenery], Puppet] = OrderedDict()
        self._factors: WeakKeyDictionary[Puppet, dict[int, float]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def __call__(self, brief: Brief, context: Context, /) -> Film:
        """Draw and encode the film. Raises `Unavailable` for footage without faces, `StorageError` and `Cancelled`."""
        cv2.setNumThreads(1)  # threads of our own draw and encode; more would only get into their way
        shot = self.shot(brief, context)
        folder = context.scratch()
        growing, final, rig = folder / "growing.mp4", folder / "film.mp4", folder / "rig.npy"
        with encode.disk_errors(), rig.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, _rig_header(shot.frames))
            with closing(drawn(shot, range(shot.frames))) as frames:
                _encode(
                    shot, _marked(shot, frames, file), growing, sound=context.path(brief.speech.sound), context=context
                )
            np.save(file, shot.picture.track)
            np.save(file, np.frombuffer(records.dump(shot.utterance), np.uint8))
            if isinstance(shot.picture, Dubbed):
                np.save(file, np.ones(1, np.uint8))
        soft = captions.cues(shot.utterance) if brief.captions == "soft" else ()
        publish(growing, final, soft)
        growing.unlink()
        return _film(brief, shot, context, video=final, rig=rig)

    def shot(self, brief: Brief, context: Context, *, trial: bool = True) -> Shot:
        """All that the film is made from; its quality by a trial. Raises `BadOutput`, `BadRequest`, `StorageError`."""
        utterance = company.utterance(brief, context)
        picture = self._picture(brief, utterance, context)
        form = encode.Format(brief.width, brief.height, brief.clip.motion.fps, TRIAL_CRF)
        if trial:
            form = replace(form, crf=self._factor(picture, form))
        burned = captions.Burner(utterance, brief.width, brief.height) if brief.captions == "burned" else None
        label = Label(brief.label, brief.width, brief.height) if brief.label else None
        return Shot(picture, utterance, form, burned, label)

    def _factor(self, picture: Picture, form: encode.Format) -> float:
        """x264's rate factor for this picture, by a trial; a face is tried once."""
        if not isinstance(picture, Solo):
            tried = (picture.draw(round(at)) for at in np.linspace(0, len(picture.track) - 1, TRIAL_FRAMES))
            return encode.rate_factor(tried, form)
        with self._lock:
            found = self._factors.setdefault(picture.puppet, {})
        if form.fps not in found:
            found[form.fps] = encode.rate_factor(map(picture.puppet.draw, TRIAL_POSES), form)
        return found[form.fps]

    def _solo(self, brief: Brief, context: Context) -> Solo:
        clip = brief.clip
        seen = scene.view_of(clip.portrait, (brief.width, brief.height), brief.scenery)
        puppet = self._puppet(clip.portrait, seen, brief.scenery, context=context)
        return Solo(puppet, puppet.performed(tracks.read(context.path(clip.motion.tracks))))

    def _picture(self, brief: Brief, utterance: Utterance, context: Context) -> Picture:
        if not brief.others:
            return self._solo(brief, context) if brief.clip.footage is None else Dubbed(brief, context)
        if any(clip.footage is not None for clip in (brief.clip, *brief.others)):
            raise Unavailable("Several people are drawn from portraits; one of them is on footage of their own.")
        return self._company(brief, utterance, context)

    def _company(self, brief: Brief, utterance: Utterance, context: Context) -> Company:
        """Several faces, each in its own part of the film, or all in the whole of it."""
        clips, size = (brief.clip, *brief.others), (brief.width, brief.height)
        rooms = company.rooms(len(clips), brief.layout, size)
        views = company.views([clip.portrait for clip in clips], rooms, brief)
        ground = company.ground_of(brief, context)
        behind = [ground.part(room) if company.shared(brief.scenery) else None for room in rooms]
        puppets = [
            self._puppet(clip.portrait, seen, brief.scenery, context=context)
            if back is None
            else scene.puppet(clip.portrait, seen, context, brief.scenery, behind=back)
            for clip, seen, back in zip(clips, views, behind, strict=True)
        ]
        moved = [
            puppet.performed(tracks.read(context.path(clip.motion.tracks)))
            for puppet, clip in zip(puppets, clips, strict=True)
        ]
        return Company(brief, utterance, puppets, moved, rooms, ground=ground)

    def _puppet(self, portrait: Portrait, seen: View, scenery: Scenery, *, context: Context) -> Puppet:
        key = (portrait, seen, scenery)
        with self._lock:
            known = self._puppets.get(key)
        if known is None:
            known = scene.puppet(portrait, seen, context, scenery)
        with self._lock:
            self._puppets[key] = known
            self._puppets.move_to_end(key)
            while len(self._puppets) > PUPPETS:
                self._puppets.popitem(last=False)
        return known


def _rig_header(frames: int) -> dict[str, object]:
    return {"descr": "<f4", "fortran_order": False, "shape": (frames, landmarks.POINTS, 2)}


def drawn(shot: Shot, rows: range) -> Generator[Planes, None, None]:
    """These frames with what is written over them, in order. Close it when no more are wanted."""
    threads = HANDS if shot.picture.any_order else 1
    with closing(abreast(shot.picture.draw, rows, threads=threads, depth=FRAMES_AHEAD)) as frames:
        for index, frame in zip(rows, frames, strict=True):
            yield _lettered(shot, frame, index)


def _marked(shot: Shot, frames: Iterator[Planes], rig: BinaryIO) -> Iterator[Planes]:
    """The frames of a whole film, and after some of them their landmarks, so that the first one waits for none."""
    for done, frame in enumerate(frames, start=1):
        yield frame
        if done % RIG_FRAMES == 0 or done == shot.frames:
            points = shot.picture.landmarks((done - 1) // RIG_FRAMES * RIG_FRAMES, done)
            rig.write(points.astype("<f4").tobytes())


def _lettered(shot: Shot, frame: Planes, index: int) -> Planes:
    """The frame with what is written over it."""
    if shot.burned is not None:
        seconds = index / shot.form.fps
        shot.burned.draw(frame, seconds)
        caption = shot.burned.frame_at(seconds) if frame.cover is not None else None
        if caption is not None:
            frame.covered(*caption)
    if shot.label is not None:
        shot.label.draw(frame)
    return frame


def _encode(shot: Shot, frames: Iterator[Planes], growing: Path, *, sound: Path, context: Context) -> None:
    told = False
    with encode.Encoder(growing, shot.form, sound) as encoder:
        for done, frame in enumerate(frames, start=1):
            encoder.add(frame)
            if not told and encoder.playable:
                told = True
                context.playable(growing)
            context.step(done, shot.frames)


def _notes(brief: Brief, shot: Shot) -> Iterator[str]:
    for clip in (brief.clip, *brief.others):
        yield from clip.portrait.notes
    if isinstance(shot.picture, Dubbed):
        yield from shot.picture.notes
    elif brief.scenery.background == "transparent":
        yield CLEAR
    if not shot.utterance.words:
        yield WORDLESS


def _film(brief: Brief, shot: Shot, context: Context, *, video: Path, rig: Path) -> Film:
    folder, motion = context.scratch(), brief.clip.motion
    cues = captions.cues(shot.utterance)
    with encode.disk_errors():
        (folder / "captions.srt").write_text(captions.to_srt(cues), encoding="utf-8")
        (folder / "captions.vtt").write_text(captions.to_vtt(cues), encoding="utf-8")
        (folder / "words.json").write_text(captions.words_json(shot.utterance), encoding="utf-8")
        (folder / "recipe.json").write_bytes(records.dump(brief))
        track = shot.picture.track
        sidecars.write_motion_csv(folder / "motion.csv", track, motion.fps)
        best = shot.picture.draw(sidecars.best_row(track, motion.fps))
        if shot.label is not None:
            shot.label.draw(best)
        sidecars.write_thumbnail(folder / "thumbnail.jpg", best)
    return Film(
        video=context.keep(video, "video/mp4"),
        thumbnail=context.keep(folder / "thumbnail.jpg", "image/jpeg"),
        captions_srt=context.keep(folder / "captions.srt", "application/x-subrip"),
        captions_vtt=context.keep(folder / "captions.vtt", "text/vtt"),
        words=context.keep(folder / "words.json", "application/json"),
        motion_csv=context.keep(folder / "motion.csv", "text/csv"),
        rig=context.keep(rig, "application/x-npy"),
        width=brief.width,
        height=brief.height,
        fps=motion.fps,
        frames=shot.frames,
        seconds=shot.frames / motion.fps,
        recipe=context.keep(folder / "recipe.json", "application/json"),
        parts=tuple(sorted(set(blobs_of(brief)), key=lambda blob: blob.sha256)),
        notes=tuple(_notes(brief, shot)),
        diffusion=brief.diffusion,
    )
