"""Pictures and sounds of every kind, honest and hostile."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

FORMATS = {"aac": "adts", "m4a": "ipod", "mkv": "matroska"}


def noise(width: int = 64, height: int = 48) -> Image.Image:
    """A picture that does not compress."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8))


def picture(kind: str, *, frames: int = 1) -> bytes:
    """A picture in a format of Pillow's; with more than one frame it moves."""
    out = io.BytesIO()
    more = [noise().rotate(90 * turn) for turn in range(1, frames)]
    noise().save(out, kind, **({"save_all": True, "append_images": more} if more else {}))
    return out.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG whose header claims this size, with any chunks behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    told = ((b"IHDR", header), *chunks, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in told
    )


def sound(
    folder: Path, suffix: str, codec: str, *, seconds: float = 1.0, rate: int = 48_000, picture: bool = False
) -> Path:
    """A mono tone in a container; with `picture` it is a film."""
    path = folder / f"tone.{suffix}"
    with av.open(str(path), "w", format=FORMATS.get(suffix)) as container:
        drawn: Any = container.add_stream("mpeg4", rate=25, width=64, height=48, pix_fmt="yuv420p") if picture else None
        heard: Any = container.add_stream(codec, rate=rate, layout="mono") if codec else None
        if picture:
            for index in range(round(25 * seconds)):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index % 255, np.uint8), format="rgb24")
                container.mux(drawn.encode(frame))
            container.mux(drawn.encode(None))
        if codec:
            tone = (9000 * np.sin(np.arange(1024) / 20)).astype(np.int16).reshape(1, -1)
            for index in range(round(rate * seconds / 1024)):
                piece = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
                piece.sample_rate, piece.pts = rate, 1024 * index
                container.mux(heard.encode(piece))
            container.mux(heard.encode(None))
    return path


def wav(
    data: bytes, *, rate: int = 48_000, channels: int = 1, claimed: int | None = None, tag: int = 1, bits: int = 16
) -> bytes:
    """A RIFF file whose header claims what a test wants."""
    size = len(data) if claimed is None else claimed
    frame = channels * bits // 8
    told = struct.pack("<HHIIHH", tag, channels, rate, (rate * frame) & 0xFFFFFFFF, frame, bits)
    return (
        b"RIFF"
        + struct.pack("<I", (size + 36) & 0xFFFFFFFF)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + told
        + (b"data" + struct.pack("<I", size) + data)
    )
