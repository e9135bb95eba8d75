"""A picture file as pixels, upright and in 8-bit R'G'B', whatever it came as. Knows no faces.

Pillow reads it; HEIC needs pillow-heif beside it.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avatar.errors import BadRequest, TooLarge, Unavailable, UnsupportedMedia

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]

MOST_PIXELS = 50_000_000
LEAST_SIDE = 64
WORKED_ON = 3000
"""Pixels of the longer side that are worked on; more would only be thrown away later."""
GROUND = (208, 208, 210)
"""What shows through a picture's clear parts, R'G'B'."""
KINDS = ("PNG", "JPEG", "MPO", "WEBP", "HEIF")
DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes with more than 8 bits, all of one channel."""


def read(path: Path) -> Bytes:
    """The picture (h, w, 3). Raises `UnsupportedMedia`, `TooLarge`, `BadRequest`, and `Unavailable` without Pillow."""
    try:
        from PIL import Image
    except ImportError as error:
        raise Unavailable("Pillow is not installed, so pictures can't be read. Install requirements.txt.") from error
    _heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own, smaller limit, and broken colour profiles or EXIF
            with Image.open(path) as picture:
                return _upright(picture)
    except Image.DecompressionBombError as error:
        raise _too_large("far more than") from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError) as error:
        # what Pillow's readers let through for files that are broken or lie
        raise UnsupportedMedia("The picture can't be read. Give a whole PNG, JPEG or WebP file.") from error


def _heif() -> None:
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-not-found]  # may be there or not
    except ImportError:
        return
    register_heif_opener()


def _upright(picture: "Image") -> Bytes:
    from PIL import ImageOps

    if picture.format not in KINDS:
        raise UnsupportedMedia(f"A picture can't be a {picture.format} file. Give a PNG, JPEG or WebP file.")
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise _too_large(f"{width * height / 1e6:,.0f}")
    if min(width, height) < LEAST_SIDE:
        raise BadRequest(f"The picture has {width}x{height} pixels. Give one of at least {LEAST_SIDE} on each side.")
    if picture.format == "JPEG":
        picture.draft("RGB", (WORKED_ON, WORKED_ON))
    turned = ImageOps.exif_transpose(picture)
    if turned.mode in DEEP:
        return _from_deep(np.asarray(turned, np.float64))
    turned.thumbnail((WORKED_ON, WORKED_ON))
    return _flat(turned)


def _too_large(pixels: str) -> TooLarge:
    return TooLarge(
        f"The picture has {pixels} million pixels, and {MOST_PIXELS // 10**6} are allowed. Make it smaller."
    )


def _from_deep(values: NDArray[np.float64]) -> Bytes:
    """Grey values of 16 bits or more as 8-bit colours."""
    most = 65535.0 if values.max() > 255.0 else 255.0
    grey = np.clip(values * (255.0 / most), 0.0, 255.0)
    step = -(-max(grey.shape) // WORKED_ON)
    return np.repeat(np.rint(grey[::step, ::step, None]), 3, axis=2).astype(np.uint8)


def _flat(picture: "Image") -> Bytes:
    """Colours over the ground, where the picture is clear."""
    clear = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info
    if not clear:
        return np.array(picture.convert("RGB"), np.uint8)
    rgba = np.asarray(picture.convert("RGBA"), np.float32)
    cover = rgba[..., 3:] / 255.0
    over = rgba[..., :3] * cover + np.array(GROUND, np.float32) * (1.0 - cover)
    return np.asarray(np.rint(over), np.uint8)
