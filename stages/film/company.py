"""Several people drawn into one film: side by side, or by cuts to whoever speaks. Knows no encoder and no caption.

Where all have one ground behind them, a colour or a picture, it goes through from side to side.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Phone, Portrait, Speech, Utterance
from avatar.face.tracks import Track
from avatar.media import speakers
from avatar.stage import Context
from stages.film import ground, scene, seats
from stages.film.brief import Brief, Layout, Scenery
from stages.film.canvas import Box, Planes
from stages.film.pixels import Floats
from stages.film.puppet import Puppet
from stages.film.sheets import View, tall, to_ycbcr

NEARER, FILLS = 1.35, 0.8
"""How much nearer than alone somebody is seen at most, beside others whose picture shows little but the head; and how
tall their face becomes at most, as a share of the shorter side of their part of the film."""
LINE = (0.07, 0.07, 0.08)
"""Colour of the line between two parts, R'G'B'."""


class Company:
    """People who talk with each other, each a puppet with a track of its own, in a room of the film each."""

    any_order = True

    def __init__(
        self,
        brief: Brief,
        utterance: Utterance,
        puppets: Sequence[Puppet],
        moved: Sequence[Track],
        rooms: Sequence[Box],
        *,
        ground: Planes,
    ) -> None:
        frames = min(map(len, moved))
        times = (index / brief.clip.motion.fps for index in range(frames))
        self._who: NDArray[np.int64] = np.asarray(speakers.speaking(utterance, times), np.int64)
        self._puppets, self._moved, self._rooms = puppets, moved, rooms
        self._cuts = brief.layout == "cut"
        self._ground = ground
        self.track: Track = np.stack([track[:frames] for track in moved])[self._who, np.arange(frames)]

    def draw(self, index: int) -> Planes:
        """A frame; the caller owns it."""
        if self._cuts:
            shown = self._puppets[int(self._who[index])]
            return shown.draw(self.track[index])
        frame = self._ground.copy()
        for puppet, track, room in zip(self._puppets, self._moved, self._rooms, strict=True):
            frame.put(room, puppet.draw(track[index]))
        return frame

    def landmarks(self, start: int, stop: int) -> Floats:
        """Where the face of whoever speaks is in these frames."""
        who = self._who[start:stop]
        found: Floats | None = None
        for number, (puppet, room) in enumerate(zip(self._puppets, self._rooms, strict=True)):
            if not (who == number).any():
                continue
            points = puppet.landmarks(self.track[start:stop]) + np.array([room.x, room.y], np.float32)
            found = points if found is None else np.where((who == number)[:, None, None], points, found)
        return np.asarray(found, np.float32)


def rooms(count: int, layout: Layout, size: tuple[int, int]) -> tuple[Box, ...]:
    """The part of a film of (width, height) that each person has: all of it, when cuts are made."""
    if layout == "cut":
        return (Box(0, 0, *size),) * count
    return tuple(Box(x, y, width, height) for (x, width), (y, height) in seats.parts(count, size))


def views(portraits: Sequence[Portrait], rooms: Sequence[Box], brief: Brief) -> list[View]:
    """What of each person is seen. Side by side, heads are as large as the largest, as far as `NEARER` brings them."""
    sizes, scenery = [(room.width, room.height) for room in rooms], brief.scenery
    plain = [scene.view_of(each, size, scenery) for each, size in zip(portraits, sizes, strict=True)]
    if brief.layout == "cut" or scenery.framing == "whole":
        return plain
    heads = [tall(each.face) * seen.scale for each, seen in zip(portraits, plain, strict=True)]
    wanted = min(max(heads), *(FILLS * min(size) for size in sizes))
    nearer = [float(np.clip(wanted / head, 1.0, NEARER)) for head in heads]
    closer = [replace(scenery, zoom=scenery.zoom * zoom) for zoom in nearer]
    return [scene.view_of(*each) for each in zip(portraits, sizes, closer, strict=True)]


def ground_of(brief: Brief, context: Context) -> Planes:
    """What is seen between the parts of a film: a line, or what stands behind all of them. Raises `BadRequest`."""
    if shared(brief.scenery):
        view = View(brief.width, brief.height, 1.0, 0.0, 0.0)
        return ground.behind(brief.scenery, Planes.blank(brief.width, brief.height), view, context)
    return Planes.plain(brief.width, brief.height, to_ycbcr(np.asarray(LINE, np.float32)))


def shared(scenery: Scenery) -> bool:
    """Whether the same stands behind everybody."""
    return scenery.backdrop is not None or scenery.background not in ("scene", "blur")


def utterance(brief: Brief, context: Context) -> Utterance:
    """What is said in the film, at the times that lips have found out where they have."""
    said = _read(brief.speech, context)
    clips = (brief.clip, *brief.others)
    if not brief.others or not any(clip.speech for clip in clips):
        return said
    own = [_read(clip.speech, context) if clip.speech else None for clip in clips]
    if any(one is None for one in own):
        return said
    parts = [one for one in own if one is not None]
    words = sorted((word for one in parts for word in one.words), key=lambda word: word.start)
    heard = sorted((phone for one in parts for phone in one.phones if phone.ipa), key=lambda phone: phone.start)
    return replace(said, words=tuple(words), phones=tuple(_filled(heard, said.seconds)))


def _filled(heard: list[Phone], seconds: float) -> list[Phone]:
    """The sounds with the silence between them, none over another."""
    filled: list[Phone] = []
    until = 0.0
    for phone in heard:
        start = max(phone.start, until)
        if phone.end <= start:
            continue
        if start > until:
            filled.append(Phone("", until, start))
        filled.append(replace(phone, start=start))
        until = phone.end
    return [*filled, Phone("", until, seconds)] if until < seconds else filled


def _read(speech: Speech, context: Context) -> Utterance:
    return records.load(Utterance, context.path(speech.utterance).read_bytes())
