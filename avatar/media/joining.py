"""Films put one behind the other without a loss: packets are copied, never encoded again. Knows no job."""

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from avatar.errors import BadRequest
from avatar.media.encode import disk_errors

OPTIONS = {"movflags": "faststart", "fflags": "+bitexact"}


def join(films: Sequence[Path], joined: Path) -> None:
    """`films`, which are of one size, frame rate and kind, as one MP4. Raises `BadRequest`, `StorageError`."""
    if not films:
        raise BadRequest("There is nothing to join. Name some films.")
    with disk_errors(), ExitStack() as stack:
        opened = [stack.enter_context(av.open(str(film), options={"protocol_whitelist": "file"})) for film in films]
        kinds = {_kind(film) for film in opened}
        if len(kinds) > 1:
            raise BadRequest("Films of different size, frame rate or sound can't be joined. Take them one by one.")
        target = stack.enter_context(av.open(str(joined), "w", format="mp4", options=OPTIONS))
        streams = {each.type: target.add_stream_from_template(each) for each in _heard_and_seen(opened[0])}
        begin = Fraction(0)
        for film in opened:
            begin = _behind(film, streams, target, begin)


def _behind(film: Any, streams: dict[str, Any], target: Any, begin: Fraction) -> Fraction:
    """Copy a film from second `begin` on; when the next may begin."""
    end = begin
    for packet in film.demux(_heard_and_seen(film)):
        if packet.dts is None or (begin and packet.stream.type == "audio" and packet.pts < 0):
            continue  # what an encoder of sound says before it is in tune is said once
        shift = round(begin / packet.time_base)
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        end = max(end, (packet.pts + packet.duration) * packet.time_base)
        packet.stream = streams[packet.stream.type]
        target.mux(packet)
    return end


def _heard_and_seen(film: Any) -> list[Any]:
    return [*film.streams.video[:1], *film.streams.audio[:1]]


def _kind(film: Any) -> tuple[object, ...]:
    """What must be the same in films that are joined."""
    pictures = [(each.width, each.height, each.average_rate) for each in film.streams.video[:1]]
    sounds = [(each.codec_context.sample_rate, each.codec_context.layout.name) for each in film.streams.audio[:1]]
    codecs = [(each.codec_context.name, each.codec_context.extradata) for each in _heard_and_seen(film)]
    return (*pictures, *sounds, *codecs)
