"""Footage as silent films to be handed out: at the size and pace that were asked for. Knows no model and no face."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from avatar.artifacts import Footage, Take, Takes
from avatar.media import encode, footage, handing, interpolation
from avatar.media.ahead import ahead
from avatar.media.publish import publish
from avatar.stage import Context
from stages.film.brief import Reel
from stages.film.frames import planes
from stages.film.label import Label
from stages.film.pixels import Bytes

FRAMES_AHEAD = 6
CRF = 18.0


def project(reel: Reel, context: Context, /) -> Takes:
    """A film of each shot. Raises `BadOutput` for footage that can't be read, `StorageError`, `Cancelled`."""
    shots = reel.footages.shots
    total = sum(_count(shot, reel.fps) for shot in shots)
    done = 0
    takes, shown = [], []
    for number, shot in enumerate(shots):
        growing, final = (context.scratch() / f"{name}-{number}.mp4" for name in ("growing", "film"))
        middle = _write(reel, shot, growing, context=context, progress=(done, total))
        done += _count(shot, reel.fps)
        publish(growing, final)
        growing.unlink()
        shown.append(middle)
        takes.append(_take(reel, shot, final, context=context, middle=middle, number=number))
    return Takes(tuple(takes), handing.sheet(shown, context))


def _take(reel: Reel, shot: Footage, film: Path, *, context: Context, middle: Bytes, number: int) -> Take:
    frames = _count(shot, reel.fps)
    return Take(
        context.keep(film, "video/mp4"),
        handing.thumbnail(middle, context, f"thumbnail-{number}"),
        reel.width,
        reel.height,
        shot.seed,
        reel.fps,
        frames,
        frames / reel.fps,
        (*shot.notes, *handing.remark((shot.width, shot.height), (reel.width, reel.height))),
        shot.diffusion,
    )


def _count(shot: Footage, fps: int) -> int:
    return max(1, round(shot.seconds * fps))


def _write(reel: Reel, shot: Footage, path: Path, *, context: Context, progress: tuple[int, int]) -> Bytes:
    """Encode one shot, and give the picture in its middle."""
    form = encode.Format(reel.width, reel.height, reel.fps, CRF)
    label = Label(reel.label, reel.width, reel.height) if reel.label else None
    count = _count(shot, reel.fps)
    middle = np.zeros((reel.height, reel.width, 3), np.uint8)
    told = progress[0] > 0  # one film of several can be watched while it is made
    with encode.Encoder(path, form) as encoder, closing(ahead(_shown(reel, shot, context), FRAMES_AHEAD)) as frames:
        for number, picture in enumerate(islice(frames, count)):
            if number == count // 2:
                middle = picture
            frame = planes(picture)
            if label:
                label.draw(frame)
            encoder.add(frame)
            if not told and encoder.playable:
                told = True
                context.playable(path)
            context.step(progress[0] + number + 1, progress[1])
    return middle


def _shown(reel: Reel, shot: Footage, context: Context) -> Iterator[Bytes]:
    """The shot's pictures at the film's pace: those of slow footage are made more, those of fast footage fewer."""
    pictures = footage.frames(shot, context)
    if reel.fps <= shot.fps:
        yield from (handing.fitted(each, reel.width, reel.height) for each in _fewer(pictures, shot, reel.fps))
    elif reel.width * reel.height < shot.width * shot.height:
        small = (handing.fitted(each, reel.width, reel.height) for each in pictures)
        yield from interpolation.raised(small, source_fps=shot.fps, target_fps=reel.fps)
    else:
        for each in interpolation.raised(pictures, source_fps=shot.fps, target_fps=reel.fps):
            yield handing.fitted(each, reel.width, reel.height)


def _fewer(pictures: Iterator[Bytes], shot: Footage, fps: int) -> Iterator[Bytes]:
    """Those that are due at a pace that is no faster; the last one once more where one is lacking."""
    due = 0
    for number, picture in enumerate(pictures):
        last = number == shot.frames - 1
        until = _count(shot, fps) if last else round((number + 1) * fps / shot.fps)
        for _ in range(until - due):
            yield picture
        due = max(due, until)
