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
