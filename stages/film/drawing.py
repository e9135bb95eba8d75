"""Draws each frame of a clip once and encodes it at once, side by side in two threads: the compositor's performer.

Knows nothing of how tracks came about. Memory does not grow with the film's length.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from avatar import records
from avatar.artifacts import Film, Utterance
from avatar.errors import Unavailable
from avatar.face import landmarks, tracks
from avatar.face.tracks import Track
from avatar.media import captions, encode
from avatar.media.ahead import ahead
from avatar.stage import Context
from stages.film import sidecars
from stages.film.brief import Brief
from stages.film.canvas import Planes
from stages.film.puppet import Puppet
from stages.film.scene import assemble
from stages.film.sheets import view

FRAMES_AHEAD = 6
TRIAL_FRAMES = 4
TRIAL_CRF = 22.0


def perform(brief: Brief, context: Context) -> Film:
    """Draw and encode the film. Raises `Unavailable` for clips with footage, `StorageError` and `Cancelled`."""
    if brief.clip.footage is not None:
        raise Unavailable("The compositor animates portraits; this clip has footage of its own.")
    motion = brief.clip.motion
    track = tracks.read(context.path(motion.tracks))
    utterance = records.load(Utterance, context.path(brief.speech.utterance).read_bytes())
    puppet = _puppet(brief, context)
    folder = context.scratch()
    form = encode.Format(brief.width, brief.height, motion.fps, TRIAL_CRF)
    trial = (puppet.draw(track[round(at)]) for at in np.linspace(0, motion.frames - 1, TRIAL_FRAMES))
    form = encode.Format(brief.width, brief.height, motion.fps, encode.rate_factor(trial, form))
    burned = captions.Burner(utterance, brief.width, brief.height) if brief.captions == "burned" else None
    growing, rig = folder / "growing.mp4", folder / "rig.npy"
    with rig.open("wb") as file:
        _write_rig_header(file, motion.frames)
        frames = ahead(_drawn(puppet, track, file), FRAMES_AHEAD)
        _encode(frames, growing, form, context.path(brief.speech.sound), burned, context, motion.frames)
    final = folder / "film.mp4"
    encode.publish(growing, final)
    return _film(brief, context, final, rig, puppet, track, utterance)


def _drawn(puppet: Puppet, track: Track, rig: BinaryIO) -> Iterator[Planes]:
    for row in track:
        frame = puppet.draw(row)
        rig.write(puppet.landmarks(row).astype("<f4").tobytes())
        yield frame


def _write_rig_header(file: BinaryIO, frames: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (frames, landmarks.POINTS, 2)}
    np.lib.format.write_array_header_1_0(file, header)


def _encode(
    frames: Iterator[Planes],
    growing: Path,
    form: encode.Format,
    sound: Path,
    burned: captions.Burner | None,
    context: Context,
    total: int,
) -> None:
    told = False
    with encode.Encoder(growing, form, sound) as encoder:
        for done, frame in enumerate(frames, start=1):
            if burned is not None:
                burned.draw(frame, (done - 1) / form.fps)
            encoder.add(frame)
            if not told and encoder.playable:
                told = True
                context.playable(growing)
            context.step(done, total)


def _puppet(brief: Brief, context: Context) -> Puppet:
    portrait = brief.clip.portrait
    seen = view((portrait.width, portrait.height), (brief.width, brief.height), portrait.face)
    sheets, background = assemble(portrait, seen, context)
    return Puppet(portrait.face, sheets, background, seen)


def _film(
    brief: Brief, context: Context, video: Path, rig: Path, puppet: Puppet, track: Track, utterance: Utterance
) -> Film:
    folder, motion = context.scratch(), brief.clip.motion
    cues = captions.cues(utterance)
    texts = {
        "srt": captions.to_srt(cues),
        "vtt": captions.to_vtt(cues),
        "json": captions.words_json(utterance),
    }
    for name, text in texts.items():
        (folder / f"words.{name}").write_text(text, encoding="utf-8")
    sidecars.write_motion_csv(folder / "motion.csv", track, motion.fps)
    sidecars.write_thumbnail(folder / "thumbnail.jpg", puppet.draw(track[sidecars.best_row(track, motion.fps)]))
    return Film(
        video=context.keep(video, "video/mp4"),
        thumbnail=context.keep(folder / "thumbnail.jpg", "image/jpeg"),
        captions_srt=context.keep(folder / "words.srt", "application/x-subrip"),
        captions_vtt=context.keep(folder / "words.vtt", "text/vtt"),
        words=context.keep(folder / "words.json", "application/json"),
        motion_csv=context.keep(folder / "motion.csv", "text/csv"),
        rig=context.keep(rig, "application/x-npy"),
        width=brief.width,
        height=brief.height,
        fps=motion.fps,
        frames=motion.frames,
        seconds=motion.frames / motion.fps,
    )
