"""Moving pictures as they travel between stages: every pixel as it was made. Knows nothing of what they show.

The file is an MP4 of H.264 in R'G'B' with quantiser 0, which is lossless; the same frames give the same bytes.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Footage
from avatar.errors import BadOutput
from avatar.media import video
from avatar.media.encode import THREADS, disk_errors
from avatar.stage import Context

Bytes = NDArray[np.uint8]
MEDIA_TYPE = "video/mp4"
FASTEST = {"preset": "ultrafast", "qp": "0", "x264-params": "log-level=error"}


JUMP = 40
"""Frames from which it is worth to look for a place anew instead of reading on to it."""


class Reel:
    """Footage being written, frame by frame. Use as a context manager; `frames` counts what was added."""

    def __init__(self, path: Path, *, width: int, height: int, fps: float) -> None:
        self.width, self.height, self.fps, self.frames = width, height, fps, 0
        self._rate = Fraction(fps).limit_denominator(1001)
        with disk_errors():
            self._file = av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"})
        stream: Any = self._file.add_stream("libx264rgb", rate=self._rate)
        stream.width, stream.height, stream.pix_fmt, stream.options = width, height, "rgb24", dict(FASTEST)
        stream.codec_context.thread_count = THREADS
        stream.codec_context.time_base = stream.time_base = 1 / self._rate
        self._stream = stream

    def __enter__(self) -> "Reel":
        return self

    def add(self, frame: Bytes) -> None:
        """The next frame, R'G'B' (height, width, 3). Raises `BadOutput` for another size, `StorageError`."""
        if frame.shape != (self.height, self.width, 3):
            raise BadOutput(
                f"A frame of {frame.shape[1]}x{frame.shape[0]} came in footage of {self.width}x{self.height}."
            )
        shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        shown.pts, shown.time_base = self.frames, 1 / self._rate
        self.frames += 1
        with disk_errors():
            self._file.mux(self._stream.encode(shown))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self.frames:
                with disk_errors():
                    self._file.mux(self._stream.encode(None))
        finally:
            with disk_errors():
                self._file.close()


def keep(
    frames: Iterable[Bytes],
    context: Context,
    *,
    fps: float,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    name: str = "shot",
) -> Footage:
    """Footage of these frames, all of one size, written as they come. Raises `BadOutput` for none, `StorageError`."""
    coming = iter(frames)
    first = next(coming, None)
    if first is None:
        raise BadOutput("No frame came. Ask for a longer film.")
    path = context.scratch() / f"{name}.footage.mp4"
    with Reel(path, width=first.shape[1], height=first.shape[0], fps=fps) as reel:
        reel.add(first)
        for frame in coming:
            reel.add(frame)
    return Footage(context.keep(path, MEDIA_TYPE), reel.width, reel.height, fps, reel.frames, seed=seed, notes=notes)


def frames(footage: Footage, context: Context) -> Iterator[Bytes]:
    """Its frames, R'G'B' (height, width, 3), in order. Raises `BadOutput` where one is missing, `CorruptBlob`."""
    found = 0
    for _, frame in video.colour(context.path(footage.video)):
        found += 1
        yield frame
    if found != footage.frames:
        raise BadOutput(f"Footage of {footage.frames} frames has {found}. Make it again.")


def frames_from(footage: Footage, context: Context, index: int) -> Iterator[tuple[int, Bytes]]:
    """Its frames from number `index` on, each with its number. Raises `CorruptBlob`."""
    with video.opened(context.path(footage.video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if index:
            container.seek(round(index / footage.fps / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            number = round(float(frame.time) * footage.fps)
            if number >= index:
                yield number, frame.to_ndarray(format="rgb24")


class Player:
    """Footage read at any place; quickly in order."""

    def __init__(self, footage: Footage, context: Context) -> None:
        self._footage, self._context = footage, context
        self._coming: Iterator[tuple[int, Bytes]] = iter(())
        self._at, self._shown = -1, np.zeros((0, 0, 3), np.uint8)

    def __getitem__(self, index: int) -> Bytes:
        """One frame, R'G'B' (height, width, 3). Raises `BadOutput` where the footage has fewer than it says."""
        if index < self._at or index > self._at + JUMP or self._at < 0:
            self._coming, self._at = frames_from(self._footage, self._context, index), -1
        while self._at < index:
            found = next(self._coming, None)
            if found is None:
                raise BadOutput(f"Footage of {self._footage.frames} frames has no frame {index}. Make it again.")
            self._at, self._shown = found
        return self._shown
