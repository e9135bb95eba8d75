"""A sound file of any kind as mono samples on the disk, and how it sounds. Knows no speech.

Lengths that headers promise are not believed: what counts is what can be decoded. Memory stays flat.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from avatar.disk import storage_errors
from avatar.errors import BadRequest, TooLarge, UnsupportedMedia
from avatar.media import sound, video
from avatar.media.sound import Samples

RATE: Final = 48_000
"""Samples a second that every recording is brought to: those of the film's sound, so that it is converted once."""
LONGEST: Final = 2 * 3600
SHORTEST: Final = 0.2
"""Seconds."""
RATES: Final = (4000, 384_000)
CHANNELS: Final = 32
"""What a header may say: one sample a second would become 48,000."""
SILENT: Final = 10.0 ** (-60.0 / 20.0)
"""A recording whose peak is below this holds nothing that could be lifted out of its noise."""
CANCELLED: Final = 0.1
"""Channels whose mean has less than this share of their power cancel each other out; then the loudest one is taken."""
KINDS = "Send WAV, FLAC, MP3, M4A, OGG, Opus or WebM, or a film with sound."

Step = Callable[[float], None]
Powers = NDArray[np.float64]


@dataclass(slots=True)
class Tally:
    """What was decoded: samples, their sum, the highest, those at full scale, and power, mixed and of each channel."""

    count: int = 0
    total: float = 0.0
    peak: float = 0.0
    full: int = 0
    mixed: float = 0.0
    channels: Powers | None = None
    damaged: bool = False

    def add(self, planes: Samples, mono: Samples) -> None:
        """Count the channels (c, n) of the next piece, and what became of them (n,)."""
        powers = np.einsum("cn,cn->c", planes, planes, dtype=np.float64)
        if self.channels is None or len(self.channels) != len(powers):
            self.channels = np.zeros(len(powers))
        self.channels += powers
        self.mixed += float(np.dot(mono, mono))
        self.count += len(mono)
        self.total += float(mono.sum(dtype=np.float64))
        size = np.abs(mono)
        self.peak = max(self.peak, float(size.max(initial=0.0)))
        self.full += int(np.count_nonzero(size > 0.999))

    @property
    def mean(self) -> float:
        """The constant that microphones and sound cards add."""
        return self.total / max(self.count, 1)

    @property
    def cancelling(self) -> bool:
        """Whether the channels undo each other."""
        return (
            self.channels is not None and len(self.channels) > 1 and self.mixed < CANCELLED * float(self.channels.max())
        )


def decode(path: Path, raw: Path, step: Step, *, longest: float = LONGEST) -> Tally:
    """Write the file's sound to `raw` as mono float32 at `RATE`; `step` is told the seconds that are done.

    `longest` is in seconds.

    Raises UnsupportedMedia for what is no sound, BadRequest for an empty or silent one, TooLarge for a long one,
    StorageError when the disk refuses.
    """
    found = _written(path, raw, step, longest=longest)
    if found.cancelling and found.channels is not None:
        found = _written(path, raw, step, longest=longest, channel=int(found.channels.argmax()))
    if found.count == 0:
        raise UnsupportedMedia(f"No sound in the recording can be decoded. {KINDS}")
    if found.count < SHORTEST * RATE:
        raise BadRequest(f"The recording lasts {found.count / RATE:.2f} s. Send at least {SHORTEST:g} s of speech.")
    if found.peak - abs(found.mean) < SILENT:
        raise BadRequest("The recording is silent. Check the microphone, and send one in which somebody speaks.")
    return found


def _written(path: Path, raw: Path, step: Step, *, longest: float, channel: int | None = None) -> Tally:
    tally = Tally()
    with storage_errors(raw), raw.open("wb") as file:
        for planes in _planes(path, tally):
            mono = planes.mean(axis=0) if channel is None or channel >= len(planes) else planes[channel]
            mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
            tally.add(planes, mono)
            file.write(mono.tobytes())
            step(tally.count / RATE)
            if tally.count > longest * RATE:
                raise TooLarge(f"The recording is longer than {longest / 60.0:g} minutes. Split it into several.")
    return tally


@contextmanager
def _sound_of(path: Path) -> Iterator[tuple[Any, Any]]:
    """The file and its first sound that can be decoded."""
    try:
        with video.opened(path) as container:
            yield container, _stream(container)
    except (UnsupportedMedia, TooLarge):
        raise
    except BadRequest as error:
        raise UnsupportedMedia(f"The recording can't be read. {KINDS}") from error


def _stream(container: Any) -> Any:
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    if not streams:
        raise UnsupportedMedia(f"The recording holds no sound. {KINDS}")
    return streams[0]


def _planes(path: Path, tally: Tally) -> Iterator[Samples]:
    """Channels (c, n) of each piece, at `RATE`. What can't be decoded is left out, and `tally` is told."""
    with _sound_of(path) as (container, stream):
        resampler, form = None, None
        for frame in _frames(container, stream, tally):
            if (shape := (frame.format.name, frame.layout.name, frame.sample_rate)) != form:
                yield from _pieces(resampler, None, tally)
                resampler, form = _resampler(frame), shape
            frame.pts = None
            yield from _pieces(resampler, frame, tally)
        yield from _pieces(resampler, None, tally)


def _resampler(frame: Any) -> Any:
    low, high = RATES
    if not low <= frame.sample_rate <= high or not 1 <= frame.layout.nb_channels <= CHANNELS:
        raise UnsupportedMedia(
            f"The recording has {frame.sample_rate} samples a second on {frame.layout.nb_channels} channels. Send one"
            f" with {low} to {high} on at most {CHANNELS}."
        )
    return av.AudioResampler(format="fltp", layout=frame.layout, rate=RATE)


def _frames(container: Any, stream: Any, tally: Tally) -> Iterator[Any]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError, ValueError):
            tally.damaged = True
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, OSError, ValueError):
            tally.damaged = True
            continue
        yield from frames


def _pieces(resampler: Any, frame: Any, tally: Tally) -> Iterator[Samples]:
    try:
        pieces = resampler.resample(frame) if resampler is not None else ()
    except (av.error.FFmpegError, ValueError):
        tally.damaged = True
        return
    for piece in pieces:
        yield piece.to_ndarray()


def blocks(raw: Path, *, mean: float = 0.0, start: int = 0, end: int | None = None) -> Iterator[Samples]:
    """Samples `start` to `end` of what `decode` wrote, less the constant `mean`, in blocks."""
    with raw.open("rb") as file:
        file.seek(4 * start)
        left = (raw.stat().st_size // 4 if end is None else end) - start
        while left > 0 and (data := file.read(4 * min(left, sound.BLOCK))):
            left -= len(data) // 4
            yield np.frombuffer(data, np.float32) - np.float32(mean)
