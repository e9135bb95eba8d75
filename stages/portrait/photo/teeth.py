"""Teeth behind the lips: those the picture shows, else plain ones in its light. Knows no motion."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Eye, Face

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

WIDTHS = (8.5, 6.7, 7.6, 7.0, 6.6, 9.5)
"""Widths of upper teeth from the middle to the side in millimetres (Ash & Nelson, Dental Anatomy)."""
LOWER_WIDTHS = (5.3, 5.7, 6.8, 7.0, 7.1, 10.5)
ARCH = 27.0
"""Half width in millimetres of the dental arch that, seen from the front, fills a mouth from corner to corner."""
FINE = 6
SHOWN, TALL, WIDE = 0.4, 0.035, 0.6
"""Share of an open mouth that must be as light as teeth for its teeth to be kept; face heights that it must gape,
and share of the mouth's width over which they must show."""


@dataclass(frozen=True, slots=True)
class Row:
    """Straight-alpha RGBA (h, w, 4), its top left pixel at `x`, `y`."""

    pixels: Bytes
    x: int
    y: int


def light(pixels: Bytes, face: Face) -> Floats:
    """The colour that white has in this picture's light, (3,) 0..255, judged from the eyes' whites and the skin."""
    skin = np.percentile(_cheeks(pixels, face), 80, axis=0)
    whites = [_whites(pixels, eye) for eye in (face.right, face.left)]
    seen = np.vstack([each for each in whites if len(each)] or [skin[None]])
    white = np.percentile(seen, 85, axis=0)
    luma = np.array([0.2126, 0.7152, 0.0722])
    level = max(float(white @ luma), 1.0)
    bright = float(np.clip(max(1.08 * level, 1.0 * float(skin @ luma)), 60.0, 235.0))
    tint = 0.55 * white / level + 0.45
    return np.asarray(np.clip(bright * tint / float(tint @ luma), 0.0, 245.0), np.float32)


def _cheeks(pixels: Bytes, face: Face) -> NDArray[np.float64]:
    lip, nose = np.asarray(face.upper_lip_outer), np.asarray(face.nose)
    y0, y1 = int(nose[2, 1]), max(int(lip[:, 1].min()), int(nose[2, 1]) + 4)
    cut = pixels[max(0, y0) : y1, max(0, int(lip[0, 0])) : int(lip[-1, 0]) + 1]
    return np.asarray(cut.reshape(-1, 3) if cut.size else pixels.reshape(-1, 3), np.float64)


def _whites(pixels: Bytes, eye: Eye) -> NDArray[np.float64]:
    upper, lower = np.asarray(eye.upper), np.asarray(eye.lower)
    x = np.linspace(upper[1, 0], upper[-2, 0], 40)
    y = 0.5 * (np.interp(x, upper[:, 0], upper[:, 1]) + np.interp(x, lower[:, 0], lower[:, 1]))
    beside = np.abs(x - eye.iris[0]) > 1.2 * eye.iris_radius
    rows, columns = np.clip(y[beside], 0, len(pixels) - 1), np.clip(x[beside], 0, pixels.shape[1] - 1)
    return np.asarray(pixels[rows.astype(int), columns.astype(int)], np.float64)


def made(face: Face, unit: float, white: Floats, *, upper: bool) -> Row:
    """A plain row of teeth behind a shut mouth: the upper ones end just below the lips' line, the lower ones at it."""
    seam = np.asarray(face.upper_lip_inner, np.float32)
    middle = _middle(face)
    reach = max(middle - seam[0, 0], seam[-1, 0] - middle)
    x0, width = int(middle - reach), int(2 * reach) + 2
    level = float(np.interp(middle, seam[:, 0], seam[:, 1]))
    tall = 0.075 * unit if upper else 0.06 * unit
    edge = level + (0.016 * unit if upper else 0.004 * unit)
    y0, height = int(edge - tall - 4 if upper else edge - 4), int(tall + 8)
    x = (np.arange(width * FINE) + 0.5) / FINE + x0
    y = ((np.arange(height * FINE) + 0.5) / FINE + y0)[:, None]
    halves = np.where(x < middle, max(middle - seam[0, 0], 1.0), max(seam[-1, 0] - middle, 1.0))
    t = (x - middle) / halves
    tilt = np.interp(x, seam[[0, -1], 0], seam[[0, -1], 1]) - np.interp(middle, seam[[0, -1], 0], seam[[0, -1], 1])
    fine = _row(t.astype(np.float32), ((y - edge - tilt) / unit).astype(np.float32), white, upper=upper)
    small = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), max(0.5, 0.0022 * unit))
    cover = soft[..., 3:]
    straight = soft[..., :3] / np.maximum(cover, 1e-3)
    return Row(np.rint(np.clip(np.dstack([straight, cover * 255.0]), 0, 255)).astype(np.uint8), x0, y0)


def _middle(face: Face) -> float:
    """The column between the front teeth: below the nose, as far as the lips' middle agrees."""
    lips = np.asarray(face.upper_lip_outer)
    return float(0.5 * face.nose[-1][0] + 0.5 * lips[:, 0].mean())


def _row(t: Floats, down: Floats, white: Floats, *, upper: bool) -> Floats:
    """Premultiplied RGBA over places `t` (w,), -1 and 1 at the corners, `down` (h, w) face heights below the edge."""
    widths = np.cumsum((0.0, *(WIDTHS if upper else LOWER_WIDTHS)))
    angle = np.arcsin(np.clip(np.abs(t), 0.0, 0.999))
    along = angle * ARCH * 0.98
    index = np.clip(np.searchsorted(widths, along, side="right") - 1, 0, len(widths) - 2)
    within = np.clip((along - widths[index]) / (widths[index + 1] - widths[index]), 0.0, 1.0)
    side = np.abs(2.0 * within - 1.0)
    length = np.array(
        [0.0, -0.0022, 0.0, -0.003, -0.005, -0.008] if upper else [0, 0.0005, -0.0005, 0.002, 0.004, 0.006]
    )
    edge = np.interp(np.abs(t), [0, 1], [0.0, -0.006 if upper else 0.003]) + length[index]
    rounding = 0.0035 * side**4
    signed = (edge - rounding - down) if upper else (down - edge - rounding)
    cover = np.clip(signed / 0.0012 + 0.5, 0.0, 1.0) * np.clip((0.86 - np.abs(t)) / 0.08, 0.0, 1.0)
    fall = (1.0 - 0.55 * np.abs(t) ** 2.2) * (1.0 - 0.20 * side**6) * (1.0 if upper else 0.86)
    crown = 1.0 - 0.10 * np.clip(signed / 0.05, 0.0, 1.0)
    tone = np.array([0.97, 0.945, 0.90]) if upper else np.array([0.95, 0.92, 0.86])
    rgb = (fall * crown)[..., None] * tone * white
    return np.dstack([rgb * cover[..., None], cover]).astype(np.float32)


def shown(pixels: Bytes, face: Face, unit: float) -> Row | None:
    """The teeth that an open mouth shows, where they are; None when it shows hardly any. `face` is the open one."""
    up, low = (np.asarray(line, np.float32) for line in (face.upper_lip_inner, face.lower_lip_inner))
    rim = round(0.05 * unit)
    low_corner = np.floor(np.minimum(up.min(axis=0), low.min(axis=0))).astype(int) - rim
    high_corner = np.ceil(np.maximum(up.max(axis=0), low.max(axis=0))).astype(int) + rim
    cut = pixels[low_corner[1] : high_corner[1], low_corner[0] : high_corner[0]].astype(np.float32)
    x = np.arange(cut.shape[1], dtype=np.float32) + low_corner[0]
    y = (np.arange(cut.shape[0], dtype=np.float32) + low_corner[1])[:, None]
    top, bottom = np.interp(x, up[:, 0], up[:, 1]) + 0.7, np.interp(x, low[:, 0], low[:, 1]) - 0.7
    inside = (y > top) & (y < bottom)
    luma = cut @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    red = cut[..., 0] - cut[..., 1:].mean(axis=2)
    if inside.sum() < 30 or float((bottom - top).max()) < TALL * unit:
        return None
    tone = float(np.percentile(luma[inside], 85))
    light_enough = np.clip((luma / max(tone, 1.0) - 0.45) / 0.2, 0.0, 1.0) * np.clip((75.0 - red) / 25.0, 0.0, 1.0)
    across = (light_enough * inside).max(axis=0) > 0.8
    if light_enough[inside].mean() < SHOWN or tone < 70.0 or across.sum() < WIDE * (up[-1, 0] - up[0, 0]):
        return None
    return Row(_extended(cut, light_enough * inside, (x, y), (top, bottom)), int(low_corner[0]), int(low_corner[1]))


def _extended(cut: Floats, cover: Floats, at: tuple[Floats, Floats], rims: tuple[Floats, Floats]) -> Bytes:
    """Teeth go on behind the upper lip as they are at its rim."""
    x, y = at
    top, bottom = rims
    span = np.maximum(bottom - top, 1.0)
    source = np.where(y < top + 1.0, np.minimum(2.0 * top + 2.0 - y, top + 0.6 * span), y) - y[0]
    places = np.broadcast_to(x - x[0], source.shape).astype(np.float32), source.astype(np.float32)
    both = np.dstack([cut * cover[..., None], cover]).astype(np.float32)
    grown = cv2.remap(both, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grown[..., 3] *= (y < bottom + 0.5) & (bottom - top > 1.5)
    soft = cv2.GaussianBlur(grown, (0, 0), 0.6)
    straight = np.where(cover[..., None] > 0.9, cut, soft[..., :3] / np.maximum(soft[..., 3:], 1e-3))
    return np.asarray(np.rint(np.clip(np.dstack([straight, soft[..., 3] * 255.0]), 0, 255)), np.uint8)
