"""Pictures made ready to be handed out: PNG, thumbnail, several side by side. Knows not what they show."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Blob, Take, Takes
from avatar.errors import BadOutput
from avatar.sampling import Diffusion
from avatar.stage import Context

Bytes = NDArray[np.uint8]

THUMBNAIL = 512
"""Pixels of a thumbnail's longer side at most."""
PAPER = (18, 18, 22)
TILE, GAP = 384, 8
"""Pixels of a picture's longer side on a contact sheet, and between two."""


def pictures(
    shown: Sequence[Bytes],
    context: Context,
    *,
    seeds: Sequence[int],
    notes: Sequence[tuple[str, ...]] = (),
    diffusion: Diffusion | None = None,
) -> Takes:
    """R'G'B' pictures (height, width, 3), one for each seed, as takes; `diffusion` made them. Raises `StorageError`."""
    told = notes or [()] * len(shown)
    takes = tuple(
        Take(
            file=png(picture, context, f"picture-{number}"),
            thumbnail=thumbnail(picture, context, f"thumbnail-{number}"),
            width=picture.shape[1],
            height=picture.shape[0],
            seed=seed,
            notes=said,
            diffusion=diffusion and replace(diffusion, seeds=(seed,)),
        )
        for number, (picture, seed, said) in enumerate(zip(shown, seeds, told, strict=True))
    )
    return Takes(takes, sheet(shown, context))


def remark(made: tuple[int, int], wanted: tuple[int, int]) -> tuple[str, ...]:
    """What is to be told of a picture of one (width, height) that is handed out at another."""
    return () if made == wanted else (f"It was scaled to {wanted[0]} x {wanted[1]}.",)


def png(picture: Bytes, context: Context, name: str) -> Blob:
    """The picture without loss."""
    return _kept(picture, context, f"{name}.png", "image/png", [])


def thumbnail(picture: Bytes, context: Context, name: str) -> Blob:
    """The picture as a small JPEG."""
    small = _within(picture, THUMBNAIL)
    return _kept(small, context, f"{name}.jpg", "image/jpeg", [cv2.IMWRITE_JPEG_QUALITY, 90])


def sheet(shown: Sequence[Bytes], context: Context) -> Blob | None:
    """Several pictures side by side, in rows as even as can be; none for a single one."""
    if len(shown) < 2:
        return None
    tiles = [_within(picture, TILE) for picture in shown]
    high, wide = (max(tile.shape[side] for tile in tiles) for side in (0, 1))
    columns = int(np.ceil(np.sqrt(len(tiles) * high / wide)))
    rows = -(-len(tiles) // columns)
    paper = np.full((rows * (high + GAP) + GAP, columns * (wide + GAP) + GAP, 3), PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        y = GAP + row * (high + GAP) + (high - tile.shape[0]) // 2
        x = GAP + column * (wide + GAP) + (wide - tile.shape[1]) // 2
        paper[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return png(paper, context, "sheet")


def fitted(picture: Bytes, width: int, height: int) -> Bytes:
    """The picture scaled so that it fills width x height, what is too much cut from both sides alike."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LANCZOS4
    scaled = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[y : y + height, x : x + width])


def _within(picture: Bytes, side: int) -> Bytes:
    scale = side / max(picture.shape[:2])
    if scale >= 1.0:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _kept(picture: Bytes, context: Context, name: str, media_type: str, options: list[int]) -> Blob:
    path = context.scratch() / name
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options):
        raise BadOutput(f"{name} could not be written. Free disk space, and ask again.")
    return context.keep(path, media_type)
