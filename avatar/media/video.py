"""Any film or sound file, read frame by frame, piece by piece. Knows no encoder and nothing of what is shown or said.

Only plain local files are opened: no network, no playlists, no references to other files. Memory does not grow with
the file's length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from avatar.errors import BadRequest, NotFound, TooLarge

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,wav,flac,mp3,aac,asf,gif,h264,hevc"
"""Demuxers that read one file and follow no link out of it."""
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
LARGEST_PICTURE = 8192 * 8192


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture stream as its headers tell it.

    `colours` are primaries, transfer and matrix, numbered as in ITU-T H.273; `range` is 1 for limited, 2 for full.
    """

    codec: str
    pixels: str
    width: int
    height: int
    fps: float
    colours: tuple[int, int, int]
    range: int


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound stream as its headers tell it."""

    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds; `index_first` is none for formats other than MP4."""

    picture: Picture | None
    sound: Sound | None
    index_first: bool | None


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A local media file, open for reading. Raises `NotFound`, and `BadRequest` for what is no film and no sound."""
    if not path.is_file():
        raise NotFound(f"There is no file {path.name}. Check its name.")
    try:
        container = av.open(str(path.absolute()), options=OPTIONS, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, UnicodeError) as error:
        raise BadRequest(
            f"{path.name} is not a film that can be read. Give an MP4, WebM, MOV, MKV or AVI file."
        ) from error
    with container:
        yield container


def contents(path: Path) -> Contents:
    """What the file's headers say. Raises `NotFound`, `BadRequest`, and `TooLarge` for pictures beyond 8192 x 8192."""
    with opened(path) as container:
        picture, sound = None, None
        if container.streams.video:
            picture = _picture(container.streams.video[0])
        if container.streams.audio:
            sound = _sound(container.streams.audio[0])
        is_mp4 = "mp4" in container.format.name
    if picture and picture.width * picture.height > LARGEST_PICTURE:
        raise TooLarge(
            f"The picture is {picture.width} x {picture.height} pixels. Scale it down to 8192 x 8192 or less."
        )
    return Contents(picture, sound, _index_first(path) if is_mp4 else None)


def _picture(stream: Any) -> Picture | None:
    """None for a cover picture and for a stream in which no decoder finds a size."""
    context = stream.codec_context
    if context is None or not context.width or stream.disposition & Disposition.attached_pic:
        return None
    rate = stream.average_rate or stream.guessed_rate or 0
    colours = (int(context.color_primaries), int(context.color_trc), int(context.colorspace))
    return Picture(
        context.name,
        context.pix_fmt or "",
        context.width,
        context.height,
        float(rate),
        colours,
        int(context.color_range),
    )


def _sound(stream: Any) -> Sound | None:
    """None for a stream that nothing can decode."""
    context = stream.codec_context
    if context is None or not context.sample_rate:
        return None
    return Sound(context.name, int(context.sample_rate), int(context.layout.nb_channels))


def _index_first(path: Path) -> bool:
    """Whether an MP4's index stands before its frames, so that it plays while it loads."""
    with path.open("rb") as file:
        size = path.stat().st_size
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4]), head[4:8]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if length == 1:
                length = int.from_bytes(head[8:16])
            if length < 8:
                return False
            at += length
    return False


def luma(path: Path) -> Iterator[tuple[float, Bytes]]:
    """Seconds and luma (h, w) of each frame in order; the array is the decoder's own and ends with the next frame.

    A damaged file ends early. Raises `NotFound` and `BadRequest`.
    """
    for frame in _frames(path):
        if frame.format.name[:4] in ("yuv4", "yuvj", "nv12", "nv21", "gray") and "10" not in frame.format.name:
            plane = frame.planes[0]
            lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            yield float(frame.time or 0.0), lines[: frame.height, : frame.width]
        else:
            yield float(frame.time or 0.0), frame.to_ndarray(format="gray")


def colour(path: Path) -> Iterator[tuple[float, Bytes]]:
    """Seconds and R'G'B' (h, w, 3) of each frame in order. A damaged file ends early. Raises as `luma` does."""
    for frame in _frames(path):
        yield float(frame.time or 0.0), frame.to_ndarray(format="rgb24")


def _frames(path: Path) -> Iterator[Any]:
    with opened(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = (
            1  # 250 frames of 512 x 512 take 0.1 s; more threads cost more than they gain
        )
        yield from _until_damaged(container.decode(stream))


def sound(path: Path, meter: "Meter | None" = None) -> Iterator[tuple[float, Floats]]:
    """Start in seconds and mono samples (n,) of each decoded piece, at the file's own rate; `meter` hears them all.

    A damaged file ends early. Raises `NotFound` and `BadRequest`.
    """
    with opened(path) as container:
        stream = container.streams.audio[0]
        resampler: Any = None
        for frame in _until_damaged(container.decode(stream)):
            if meter is not None:
                meter.hear(frame)
            if frame.format.name in ("flt", "fltp") and frame.layout.nb_channels == 1:
                yield float(frame.time or 0.0), frame.to_ndarray().reshape(-1)
                continue
            resampler = resampler or av.AudioResampler(format="flt", layout="mono", rate=frame.sample_rate)
            for piece in resampler.resample(frame):
                yield float(frame.time or 0.0), piece.to_ndarray().reshape(-1)


def samples(path: Path, rate: int) -> Iterator[Floats]:
    """The sound as mono samples (n,) in -1 to 1, `rate` a second, in blocks. Raises as `sound` does."""
    with opened(path) as container:
        resampler: Any = av.AudioResampler(format="flt", layout="mono", rate=rate)
        for frame in chain(container.decode(audio=0), (None,)):
            for piece in resampler.resample(frame):
                yield piece.to_ndarray().reshape(-1)


def _until_damaged(decoded: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from decoded
    except (av.error.FFmpegError, OSError):
        return


class Meter:
    """Loudness and true peak of a sound, by libavfilter's EBU R 128 meter (ITU-R BS.1770-4)."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._told: dict[str, str] = {}

    def hear(self, frame: Any) -> None:
        """Take in the next decoded frame."""
        if self._graph is None:
            self._graph = self._built(frame)
        self._graph.push(frame)
        while True:
            try:
                self._told = dict(self._graph.pull().metadata)
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def _built(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout.name, time_base=frame.time_base
        )
        meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
        sink = graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        return graph

    @property
    def loudness(self) -> float:
        """Integrated loudness in LUFS; not a number before 0.4 s or for silence."""
        value = float(self._told.get("lavfi.r128.I", "nan"))
        return value if value > -69.0 else float("nan")

    @property
    def true_peak(self) -> float:
        """True peak in dBTP; not a number for silence."""
        peak = float(self._told.get("lavfi.r128.true_peak", "nan"))
        return 20.0 * float(np.log10(peak)) if peak > 0.0 else float("nan")
