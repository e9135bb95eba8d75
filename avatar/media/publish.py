"""A finished film in its final form: index in front, captions to switch on. Knows nothing of encoding.

Packets are copied, never encoded again.
"""

import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from avatar.media.cues import Cue
from avatar.media.encode import disk_errors

MILLISECONDS = Fraction(1, 1000)
CAPTION_STYLE = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BackColour, Bold, Alignment
Style: Default,Sans-Serif,16,&Hffffff,&H0,0,2

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""The header that libav's 3GPP timed text encoder wants; players choose their own looks."""


def publish(growing: Path, final: Path, captions: Iterable[Cue] = (), language: str = "und") -> None:
    """The film in `growing` as a progressive MP4, with a track of 3GPP timed text when there are captions.

    Raises `StorageError`.
    """
    options = {"movflags": "faststart", "fflags": "+bitexact"}
    with (
        disk_errors(),
        av.open(str(growing), options={"protocol_whitelist": "file"}) as source,
        av.open(str(final), "w", format="mp4", options=options) as target,
    ):
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        waiting = list(captions)[::-1]
        text = _text_stream(target, language) if waiting else None
        for packet in source.demux():
            if packet.dts is None or packet.time_base is None:
                continue
            while waiting and waiting[-1].start <= packet.dts * packet.time_base:
                target.mux(_timed_text(waiting.pop(), text))
            packet.stream = streams[packet.stream.index]
            target.mux(packet)


def _text_stream(target: Any, language: str) -> Any:
    stream = target.add_stream("mov_text")
    stream.codec_context.subtitle_header = CAPTION_STYLE
    stream.time_base = MILLISECONDS
    stream.metadata["language"] = language
    return stream


def _timed_text(cue: Cue, stream: Any) -> Any:
    """A sample of 3GPP TS 26.245, section 5.17: the text's length in bytes, and the text."""
    content = "\n".join(cue.lines).encode()
    packet = av.Packet(struct.pack(">H", len(content)) + content)
    packet.stream, packet.time_base = stream, MILLISECONDS
    packet.pts = packet.dts = round(cue.start * 1000)
    packet.duration = round((cue.end - cue.start) * 1000)
    return packet
