"""The gate for pictures and sounds of strangers: what a file is, by its bytes. Knows not what it will be used for.

A file that passes is of the kind that it seems to be, can be decoded, and is of bounded size once it is.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av.error

from avatar.errors import BadRequest, TooLarge, UnsupportedMedia
from avatar.media import kinds, video

LARGEST = 50_000_000
"""Pixels of a picture."""
SLIMMEST = 20
"""Times as long as short a picture may be."""
SHORTEST, LONGEST = 0.1, 7200.0
"""Seconds of a sound."""
FILM_LONGEST = 900.0
"""Seconds of footage."""
NARROWEST, BROADEST = 128, 4096
"""Pixels of a film's sides."""
RATES = (4000, 384_000)
MOST_CHANNELS = 8
FRAMES = 4
"""Decoded pieces that prove a sound to be one."""

_DEMUXERS = {
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/mp4": "mp4",
    "audio/aac": "aac",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
}
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/heic": "HEIF"}
"""Pillow's names."""
_DAMAGES = (OSError, SyntaxError, ValueError, IndexError, KeyError, struct.error, UserWarning)
"""What Pillow raises for files that are damaged."""
_PICTURES = "Send a PNG, JPEG or WebP picture."
_FILMS = "Send an MP4, MOV, WebM, MKV or AVI film."
_SOUNDS = "Send a WAV, FLAC, MP3, OGG, M4A or AAC sound, or a film that has one."


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """A still picture that can be decoded. Width and height are pixels as stored, before any turn by its EXIF."""

    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """A sound that can be decoded. `seconds` is counted from its packets, not taken from its header."""

    media_type: str
    seconds: float
    sample_rate: int
    channels: int


def inspect_image(path: Path) -> ImageFacts:
    """What the picture is. Raises `UnsupportedMedia` for what is no whole still picture, `TooLarge`."""
    from PIL import Image

    media_type = _kind(path, kinds.IMAGES, _PICTURES)
    if media_type == "image/heic":
        _open_heif()
    try:
        with Image.open(path, formats=[_FORMATS[media_type]]) as picture:
            return _still(picture, media_type)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # Pillow's own limit, above ours
        raise _too_many_pixels() from None
    except _DAMAGES:
        raise UnsupportedMedia(f"The picture is damaged or cut off. {_PICTURES}") from None


def _open_heif() -> None:
    """Let Pillow read HEIC. Raises `UnsupportedMedia` where the package for it is missing."""
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-not-found]  # may be there or not
    except ImportError:
        raise UnsupportedMedia(f"HEIC can't be read here: package pillow-heif is missing. {_PICTURES}") from None
    register_heif_opener()


def _still(picture: Any, media_type: str) -> ImageFacts:
    width, height = picture.size
    if width * height > LARGEST:
        raise _too_many_pixels()
    if max(width, height) > SLIMMEST * min(width, height):
        raise UnsupportedMedia(f"The picture is {width} x {height} pixels, too slim for a face. Cut it.")
    if picture.format != "MPO" and getattr(picture, "is_animated", False):  # a phone's JPEG may hold a spare one
        raise UnsupportedMedia("The picture moves. Send a still one.")
    picture.draft("RGB", (max(1, width // 8), max(1, height // 8)))  # a JPEG is then decoded small
    picture.load()
    return ImageFacts(media_type, width, height)


def _too_many_pixels() -> TooLarge:
    return TooLarge(f"The picture has more than {LARGEST // 10**6} million pixels. Scale it down.")


def inspect_sound(path: Path) -> SoundFacts:
    """What the sound is, or the sound in a film.

    Raises `UnsupportedMedia` for what holds no whole sound, `TooLarge` for more than two hours. All packets are read,
    but only the first few decoded: who decodes the rest must count samples, for packets may hold more than they say.
    """
    media_type = _kind(path, kinds.SOUNDS, _SOUNDS)
    with _confined(path) as container:
        _check(container, media_type)
        rate, channels = _heard(container)
    with _confined(path) as container:
        seconds = _seconds(container, rate)
    return SoundFacts(media_type, round(seconds, 3), rate, channels)


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """Footage that can be decoded. `seconds` is counted from its packets."""

    media_type: str
    seconds: float
    width: int
    height: int


def inspect_film(path: Path) -> FilmFacts:
    """What the film shows. Raises `UnsupportedMedia` for what holds no moving picture, `TooLarge`.

    All packets are read, but only the first few decoded.
    """
    media_type = _kind(path, kinds.FILMS, _FILMS)
    with _confined(path, _FILMS) as container:
        if _DEMUXERS[media_type] not in container.format.name.split(","):
            raise UnsupportedMedia(f"The film's file is of two kinds at once. {_FILMS}")
        if not container.streams.video:
            raise UnsupportedMedia(f"There is no picture in the file. {_FILMS}")
        sizes = {(frame.width, frame.height) for frame in islice(container.decode(video=0), FRAMES)}
    if not sizes:
        raise UnsupportedMedia(f"The film has no frame. {_FILMS}")
    width, height = max(sizes)
    if max(width, height) > BROADEST or min(width, height) < NARROWEST:
        raise UnsupportedMedia(
            f"The film is {width} x {height} pixels. Send one of {NARROWEST} to {BROADEST} on each side."
        )
    with _confined(path, _FILMS) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 0) or 25.0
        packets = sum(1 for packet in container.demux(stream) if packet.size)
    if packets / rate > FILM_LONGEST:
        raise TooLarge(f"The film is longer than {FILM_LONGEST / 60:g} minutes. Cut it.")
    return FilmFacts(media_type, round(packets / rate, 3), int(width), int(height))


@contextmanager
def _confined(path: Path, advice: str = _SOUNDS) -> Iterator[Any]:
    """The file, open as `video` confines it; whatever its reading stumbles over is the file's fault."""
    try:
        with video.opened(path) as container:
            yield container
    except (UnsupportedMedia, TooLarge):
        raise
    except (BadRequest, av.error.FFmpegError, ValueError, OSError):
        what = "film" if advice is _FILMS else "sound"
        raise UnsupportedMedia(f"The {what} is damaged or cut off. {advice}") from None


def _check(container: Any, media_type: str) -> None:
    if _DEMUXERS[media_type] not in container.format.name.split(","):
        raise UnsupportedMedia(f"The sound's file is of two kinds at once. {_SOUNDS}")
    if not container.streams.audio:
        raise UnsupportedMedia(f"There is no sound in the file. {_SOUNDS}")


def _heard(container: Any) -> tuple[int, int]:
    """Sample rate and channels of the first decoded pieces, which must agree."""
    stream = container.streams.audio[0]
    formats = {(frame.sample_rate, frame.layout.nb_channels) for frame in islice(container.decode(stream), FRAMES)}
    if not formats:
        raise UnsupportedMedia(f"The sound is empty. {_SOUNDS}")
    rate, channels = formats.pop()
    low, high = RATES
    if formats or not low <= rate <= high or not 1 <= channels <= MOST_CHANNELS:
        raise UnsupportedMedia(
            f"The sound has {rate} samples a second on {channels} channels. Send one with {low} to {high} on at most"
            f" {MOST_CHANNELS}."
        )
    return int(rate), int(channels)


def _seconds(container: Any, rate: int) -> float:
    """How long the packets last: as they say, or as many samples as their codec puts into one, whichever is more."""
    stream = container.streams.audio[0]
    each = (stream.codec_context.frame_size or 0) / rate
    said, counted = 0.0, 0.0
    for packet in container.demux(stream):
        if packet.size:
            said += float((packet.duration or 0) * packet.time_base)
            counted += each
        if max(said, counted) > LONGEST:
            raise TooLarge(f"The sound is longer than {LONGEST / 3600:g} hours. Cut it.")
    if max(said, counted) < SHORTEST:
        raise UnsupportedMedia(f"The sound is shorter than {SHORTEST:g} s. {_SOUNDS}")
    return max(said, counted)


def _kind(path: Path, taken: tuple[str, ...], advice: str) -> str:
    with path.open("rb") as file:
        head = file.read(kinds.ENOUGH)
    found = kinds.kind(head)
    if not head:
        raise UnsupportedMedia(f"The file is empty. {advice}")
    if found not in taken:
        what = f"The file holds {found}, which is not taken." if found else "The file is of no kind that is known."
        raise UnsupportedMedia(f"{what} {advice}")
    return found
