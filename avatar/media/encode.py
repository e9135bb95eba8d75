"""Frames and sound into an MP4: H.264 and AAC, growing in fragments that play at once.

Knows nothing of what the frames show. Frames are NV12 planes, BT.709 limited range, so that nothing is converted on
the way.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from avatar.disk import DATA, advice
from avatar.errors import BadOutput, StorageError

Bytes = NDArray[np.uint8]

PRESET = "faster"
THREADS = 2
"""Fixed, since x264's output depends on it and the same request must give the same bytes on every machine."""
LOOKAHEAD = 6
"""Frames that x264 looks ahead: as good for its bits as 12 with these pictures, and six frames sooner."""
SOUND_RATE = 48_000
SOUND_BITS = 128_000
SOUND_OPTIONS = {"flags": "+bitexact", "aac_coder": "fast"}
"""At this rate speech comes 10 dB closer to its original than by libav's usual coder, in half the time."""
FRAGMENT_SECONDS = 0.12
"""Short, since browsers wait for about seven frames before they play."""
INDEX_BYTES = 2048
"""More than the index at the front of a fragmented file takes; what lies beyond is film."""
REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR}
"""What libav says when it is the disk that refuses."""
BT709 = 1
LIMITED_RANGE = 1


class Picture(Protocol):
    """A frame in NV12: `luma` (h, w) and interleaved `chroma` (h/2, w/2, 2)."""

    @property
    def luma(self) -> Bytes:
        """Y'."""
        ...

    @property
    def chroma(self) -> Bytes:
        """Cb and Cr."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """Size in pixels, both even, frames a second, and x264's constant rate factor."""

    width: int
    height: int
    fps: int
    crf: float


@contextmanager
def disk_errors() -> Iterator[None]:
    """What libav and the system say of a disk becomes a `StorageError`, what libav says of data a `BadOutput`."""
    try:
        yield
    except av.error.FFmpegError as error:
        if error.errno in REFUSALS:
            raise StorageError(advice(OSError(error.errno, error.strerror), DATA)) from error
        raise BadOutput(f"The film could not be encoded ({error.strerror or error}); make it again.") from error
    except OSError as error:
        raise StorageError(advice(error, DATA)) from error


class Encoder:
    """One film being written; silent without `sound`.

    Use as a context manager; an exception inside leaves a file that is merely too short.
    """

    def __init__(self, path: Path, form: Format, sound: Path | None = None) -> None:
        self._form, self._path = form, path
        with disk_errors():
            self._sound = SoundTrack(sound) if sound else None
        self._file = av.open(
            str(path),
            "w",
            format="mp4",
            options={
                "movflags": "empty_moov+default_base_moof+delay_moov+skip_trailer",
                "frag_duration": str(int(FRAGMENT_SECONDS * 1e6)),
                "flush_packets": "1",
                "fflags": "+bitexact",
            },
        )
        self._video = self._add_video(form)
        self._audio = self._add_audio() if sound else None
        self._count = 0

    def _add_video(self, form: Format) -> Any:
        stream: Any = self._file.add_stream("libx264", rate=form.fps)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, "nv12"
        stream.options = video_options(form)
        context = stream.codec_context
        context.thread_count = THREADS
        context.time_base = stream.time_base = Fraction(1, form.fps)
        context.color_range, context.colorspace = LIMITED_RANGE, BT709
        context.color_primaries, context.color_trc = BT709, BT709
        return stream

    def _add_audio(self) -> Any:
        stream: Any = self._file.add_stream("aac", rate=SOUND_RATE, layout="mono", options=SOUND_OPTIONS)
        stream.bit_rate = SOUND_BITS
        return stream

    @property
    def playable(self) -> bool:
        """Whether the file holds a whole fragment already."""
        return self._path.exists() and self._path.stat().st_size > INDEX_BYTES

    def __enter__(self) -> "Encoder":
        return self

    def add(self, picture: Picture) -> None:
        """Encode the next frame, and the sound that goes with it. Raises `StorageError`."""
        frame = video_frame(picture, self._form)
        frame.pts, frame.time_base = self._count, Fraction(1, self._form.fps)
        self._count += 1
        with disk_errors():
            self._file.mux(self._video.encode(frame))
            self._add_sound(self._count / self._form.fps)

    def _add_sound(self, until: float) -> None:
        if self._sound and self._audio:
            for frame in self._sound.frames(until):
                self._file.mux(self._audio.encode(frame))

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                with disk_errors():
                    self._file.mux(self._video.encode(None))
                    self._file.mux(self._audio.encode(None) if self._audio else [])
        finally:
            if self._sound:
                self._sound.close()
            with disk_errors():
                self._file.close()


def video_options(form: Format) -> dict[str, str]:
    """x264's private options for a format."""
    return {
        "preset": PRESET,
        "crf": f"{form.crf:.1f}",
        "g": str(2 * form.fps),
        "x264-params": f"log-level=error:rc-lookahead={LOOKAHEAD}",
    }


def video_frame(picture: Picture, form: Format) -> av.VideoFrame:
    """The picture as libav's frame, copied row by row where libav pads its lines."""
    frame = av.VideoFrame(form.width, form.height, "nv12")
    for plane, data in zip(
        frame.planes, (picture.luma, picture.chroma.reshape(form.height // 2, form.width)), strict=True
    ):
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        lines[: data.shape[0], : data.shape[1]] = data
    frame.colorspace, frame.color_range = BT709, LIMITED_RANGE
    return frame


class SoundTrack:
    """A WAV as AAC-sized frames at the film's rate, cut or filled with silence to whatever length is asked."""

    def __init__(self, path: Path) -> None:
        self._file = av.open(str(path), options={"protocol_whitelist": "file"})
        self._decoded = self._file.decode(audio=0)
        self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
        self._fifo = av.AudioFifo()
        self._ended = False
        self._sent = 0

    def frames(self, until: float) -> Iterator[av.AudioFrame]:
        """The frames that sound up to `until` seconds, since the last call."""
        end = round(until * SOUND_RATE)
        while self._sent < end:
            wanted = min(1024, end - self._sent)
            if wanted < 1024 and not self._ended:
                return
            frame = self._frame(wanted)
            frame.pts, frame.time_base = self._sent, Fraction(1, SOUND_RATE)
            self._sent += wanted
            yield frame

    def _frame(self, count: int) -> av.AudioFrame:
        while self._fifo.samples < count and not self._ended:
            source = next(self._decoded, None)
            self._ended = source is None
            for frame in self._resampler.resample(source):
                frame.pts = None
                self._fifo.write(frame)
        whole = self._fifo.read(count) if self._fifo.samples >= count else None
        return whole or self._filled(count)

    def _filled(self, count: int) -> av.AudioFrame:
        """The last samples, and silence up to the frame's end."""
        samples = np.zeros((1, count), np.float32)
        rest = self._fifo.read()
        if rest is not None:
            samples[:, : rest.samples] = rest.to_ndarray()
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = SOUND_RATE
        return frame

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def rate_factor(samples: Iterable[Picture], form: Format, wanted_db: float = 42.5) -> float:
    """The constant rate factor at which these frames come out near `wanted_db` of luma PSNR.

    One trial of single pictures at `form.crf`, where x264 loses about half a decibel a step; a film of them comes out
    some 3 dB better, since what stands still in it is refined from frame to frame. Kept within 17 to 27.
    """
    pictures = list(samples)
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = form.width, form.height, "nv12", Fraction(1, form.fps)
    codec.options = {**video_options(form), "tune": "zerolatency", "g": "1"}
    codec.thread_count = THREADS
    decoder: Any = av.CodecContext.create("h264", "r")
    packets = [packet for picture in pictures for packet in codec.encode(video_frame(picture, form))]
    packets += codec.encode(None)
    decoded = [frame for packet in packets for frame in decoder.decode(packet)] + list(decoder.decode(None))
    if len(decoded) != len(pictures):
        raise BadOutput("The encoder's trial lost a frame; the film can't be encoded here.")
    errors = [_squared_error(frame, picture) for frame, picture in zip(decoded, pictures, strict=True)]
    decibel = 10.0 * np.log10(255.0**2 / max(float(np.mean(errors)), 1e-3))
    return float(np.clip(round((form.crf + (decibel - wanted_db) / 0.5) * 2) / 2, 17.0, 27.0))


def _squared_error(frame: av.VideoFrame, picture: Picture) -> float:
    plane = frame.planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    return float(np.mean((lines.astype(np.float32) - picture.luma) ** 2))
