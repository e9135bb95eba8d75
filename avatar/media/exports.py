"""Finished films in other forms: clear ones for editors and pages, other codecs, small loops. Knows nothing of drawing.

Which encoders there are depends on the PyAV that is installed; one that is missing is refused by its name.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import av.codec
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import ExportKind
from avatar.errors import UnsupportedMedia
from avatar.media.encode import (
    BT709,
    LIMITED_RANGE,
    SOUND_OPTIONS,
    SOUND_RATE,
    THREADS,
    Format,
    SoundTrack,
    disk_errors,
)
from avatar.media.palette import with_palette

Bytes = NDArray[np.uint8]

LOOP_SECONDS, LOOP_FPS, LOOP_SIDE = 4.0, 12.5, 320
"""A preview's length, its frames a second at most, and its longer side in pixels."""
EMPTY = (16, 128, 128)
"""Y'CbCr of what nothing covers, far from anything."""


class Picture(Protocol):
    """A frame in NV12; with `cover` (h, w) its colours are premultiplied by that."""

    @property
    def luma(self) -> Bytes:
        """Y'."""
        ...

    @property
    def chroma(self) -> Bytes:
        """Cb and Cr."""
        ...

    @property
    def cover(self) -> Bytes | None:
        """Coverage; none where all is covered."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of export is written. `ending` is the file's, `clear` whether nothing stands behind the person."""

    media_type: str
    ending: str
    container: str
    codec: str
    pixels: str
    options: dict[str, str]
    sound: str | None = None
    clear: bool = False
    loop: bool = False
    tag: str = ""
    muxing: dict[str, str] = field(default_factory=dict)


VP9 = {
    "deadline": "realtime", "cpu-used": "7", "row-mt": "1", "crf": "22", "b": "0", "auto-alt-ref": "0",
    "lag-in-frames": "0",
}  # fmt: skip
FRONT = {"movflags": "faststart"}
RECIPES: dict[ExportKind, Recipe] = {
    "alpha.webm": Recipe(
        "video/webm", ".alpha.webm", "webm", "libvpx-vp9", "yuva420p", VP9, sound="libopus", clear=True
    ),
    "prores.mov": Recipe(
        "video/quicktime", ".prores.mov", "mov", "prores_ks", "yuva444p10le",
        {"profile": "4", "alpha_bits": "16", "vendor": "apl0", "qscale": "9"},
        sound="pcm_s16le", clear=True, tag="ap4h",
    ),
    "av1.mp4": Recipe(
        "video/mp4", ".av1.mp4", "mp4", "libsvtav1", "yuv420p", {"preset": "9", "crf": "28"}, sound="aac", muxing=FRONT
    ),
    "hevc.mp4": Recipe(
        "video/mp4", ".hevc.mp4", "mp4", "libx265", "yuv420p",
        {"preset": "fast", "crf": "23", "x265-params": "log-level=error:pools=2:frame-threads=1"},
        sound="aac", tag="hvc1", muxing=FRONT,
    ),
    "preview.gif": Recipe("image/gif", ".gif", "gif", "gif", "pal8", {}, loop=True, muxing={"loop": "0"}),
    "preview.webp": Recipe(
        "image/webp", ".webp", "webp", "libwebp_anim", "yuva420p", {"quality": "72", "compression_level": "4"},
        loop=True, muxing={"loop": "0"},
    ),
}  # fmt: skip


def check(kind: ExportKind, recipe: Recipe | None = None) -> None:
    """Raises `UnsupportedMedia` when an encoder that `kind`, or another recipe for it, takes is missing here."""
    recipe = recipe or RECIPES[kind]
    for name in filter(None, (recipe.codec, recipe.sound)):
        try:
            av.codec.Codec(name, "w")
        except av.codec.codec.UnknownCodecError:
            raise UnsupportedMedia(
                f"{kind} can't be made here: the encoder {name} is not in this PyAV. Install the pinned PyAV, or take"
                " another format."
            ) from None


def every(fps: int) -> int:
    """Which frames a preview shows: one in so many."""
    return max(1, -(-fps * 2 // int(LOOP_FPS * 2)))


def write(path: Path, kind: ExportKind, frames: Iterable[Picture], *, form: Format, sound: Path) -> None:
    """Write frames, as long as they come, in the form of `kind`; previews take what `every` says, without sound.

    Memory does not grow with the length. Raises `UnsupportedMedia`, `StorageError`, `BadOutput`.
    """
    check(kind)
    recipe = RECIPES[kind]
    with disk_errors():
        if recipe.loop:
            _write_loop(path, recipe, frames, form)
        else:
            _write_film(path, recipe, frames, form=form, sound=sound)


def _write_film(path: Path, recipe: Recipe, frames: Iterable[Picture], *, form: Format, sound: Path) -> None:
    track = SoundTrack(sound)
    options = {"fflags": "+bitexact", **recipe.muxing}
    try:
        with av.open(str(path), "w", format=recipe.container, options=options) as file:
            video = _video(file, recipe, (form.width, form.height), Fraction(form.fps))
            codec = recipe.sound or "aac"
            coding = SOUND_OPTIONS if codec == "aac" else {}
            audio: Any = file.add_stream(codec, rate=SOUND_RATE, layout="mono", options=coding)
            audio.codec_context.flags |= av.codec.context.Flags.bitexact
            if recipe.sound != "pcm_s16le":
                audio.bit_rate = 96_000
            for index, picture in enumerate(frames):
                frame = _frame(picture, recipe.pixels)
                frame.pts, frame.time_base = index, Fraction(1, form.fps)
                file.mux(video.encode(frame))
                for piece in track.frames((index + 1) / form.fps):
                    file.mux(audio.encode(piece))
            file.mux(video.encode(None))
            file.mux(audio.encode(None))
    finally:
        track.close()


def _video(file: Any, recipe: Recipe, size: tuple[int, int], rate: Fraction) -> Any:
    if recipe.codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only: it prints its settings otherwise, and has no other switch
    stream: Any = file.add_stream(recipe.codec, rate=rate)
    (stream.width, stream.height), stream.pix_fmt = size, recipe.pixels
    stream.options = dict(recipe.options)
    context = stream.codec_context
    context.thread_count = THREADS
    context.time_base = stream.time_base = 1 / rate
    if recipe.tag:
        context.codec_tag = recipe.tag
    if recipe.container == "webm" and recipe.clear:
        stream.metadata["alpha_mode"] = "1"
    if not recipe.loop:
        context.color_range, context.colorspace = LIMITED_RANGE, BT709
        context.color_primaries, context.color_trc = BT709, BT709
    return stream


def straight(picture: Picture) -> tuple[Bytes, Bytes, Bytes]:
    """Luma, chroma and coverage of a frame, not premultiplied; colours go on a little beyond what is covered.

    So neither chroma at half resolution nor an encoder draws a dark line around the person.
    """
    if picture.cover is None:
        return picture.luma, picture.chroma, np.full_like(picture.luma, 255)
    height, width = picture.luma.shape
    small = np.asarray(cv2.resize(picture.cover, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
    luma = _freed(picture.luma[..., None], picture.cover, EMPTY[:1])[..., 0]
    return luma, _freed(picture.chroma, small, EMPTY[1:]), picture.cover


def _freed(values: Bytes, cover: Bytes, empty: tuple[int, ...]) -> Bytes:
    whole = cover.astype(np.float32)[..., None]
    given = values.astype(np.float32)
    both = np.dstack([given, whole])
    if both.shape[2] < 3:
        both = np.dstack([both, whole])
    wide = np.asarray(cv2.blur(both, (9, 9)), np.float32)
    count = values.shape[2]
    near = np.asarray(empty, np.float32) + (
        wide[..., :count] * 255.0 - np.asarray(empty, np.float32) * wide[..., -1:]
    ) / (np.maximum(wide[..., -1:], 1.0))
    near = np.where(wide[..., -1:] < 1.0, np.asarray(empty, np.float32), near)
    own = given * 255.0 / np.maximum(whole, 1.0)
    share = np.clip(whole / 48.0, 0.0, 1.0)
    mixed = np.clip(own, 0.0, 255.0) * share + near * (1.0 - share)
    return np.asarray(np.where(whole == 255.0, given, np.rint(np.clip(mixed, 0.0, 255.0))), np.uint8)


def _frame(picture: Picture, pixels: str) -> av.VideoFrame:
    luma, chroma, cover = straight(picture)
    height, width = luma.shape
    planes: list[NDArray[Any]]
    if pixels == "yuva444p10le":
        full = np.asarray(cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR), np.uint16)
        clear = (cover.astype(np.uint32) * 1023 + 127) // 255
        planes = [luma.astype(np.uint16) << 2, full[..., 0] << 2, full[..., 1] << 2, clear.astype(np.uint16)]
    else:
        planes = [luma, chroma[..., 0], chroma[..., 1], cover][: 4 if pixels == "yuva420p" else 3]
    frame = av.VideoFrame(width, height, pixels)
    for plane, data in zip(frame.planes, planes, strict=True):
        lines = np.frombuffer(memoryview(plane), data.dtype).reshape(-1, plane.line_size // data.dtype.itemsize)
        lines[: data.shape[0], : data.shape[1]] = data
    frame.colorspace, frame.color_range = BT709, LIMITED_RANGE
    return frame


def _write_loop(path: Path, recipe: Recipe, frames: Iterable[Picture], form: Format) -> None:
    rate = Fraction(form.fps, every(form.fps))
    scale = min(1.0, LOOP_SIDE / max(form.width, form.height))
    size = (max(2, round(form.width * scale / 2) * 2), max(2, round(form.height * scale / 2) * 2))
    small = [_small(picture, size) for picture in _first(frames, round(LOOP_SECONDS * rate))]
    with av.open(str(path), "w", format=recipe.container, options=dict(recipe.muxing)) as file:
        shown = with_palette(small) if recipe.pixels == "pal8" else small
        stream = _video(file, recipe, size, rate)
        for index, frame in enumerate(shown):
            fit = frame if recipe.pixels == "pal8" else frame.reformat(format=recipe.pixels, dst_colorspace="ITU601")
            fit.pts, fit.time_base = index, 1 / rate
            file.mux(stream.encode(fit))
        file.mux(stream.encode(None))


def _first(frames: Iterable[Picture], count: int) -> Iterator[Picture]:
    for _, picture in zip(range(count), frames, strict=False):
        yield picture


def _small(picture: Picture, size: tuple[int, int]) -> av.VideoFrame:
    """The frame as R'G'B'A, scaled by area."""
    luma, chroma, cover = straight(picture)
    height, width = luma.shape
    full = cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    light = (luma.astype(np.float32) - 16.0) / 219.0
    blue, red = light + (full[..., 0] - 128.0) / 224.0 * 1.8556, light + (full[..., 1] - 128.0) / 224.0 * 1.5748
    green = (light - 0.2126 * red - 0.0722 * blue) / 0.7152
    whole = np.dstack([red, green, blue, cover.astype(np.float32) / 255.0])
    shrunk = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    return av.VideoFrame.from_ndarray(np.clip(np.rint(shrunk * 255.0), 0, 255).astype(np.uint8), format="rgba")
