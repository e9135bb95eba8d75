"""The true line between the lips, and a mouth brought shut that the picture shows open. Knows no teeth, no motion."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face, Line
from avatar.face.aperture import stretch
from avatar.face.facemesh import line

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

PARTED = 0.009
"""Face heights between the lips from which a mouth counts as open."""
SEARCH = 0.016
"""Face heights above and below the landmarks' own line in which the line between shut lips is looked for."""
UPPER_SHARE = 0.42
"""Share of the gap that the upper lip closes; the lower lip and the jaw close the rest."""
WET = 0.012
"""Face heights of dark lip edge that closing takes in with the gap."""
PLUMP = 1.12
"""How much thicker lips become when they relax from being parted."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The picture (h, w, 3) and the face with its lips shut; `parted` tells how far, in pixels, they were apart."""

    pixels: Bytes
    face: Face
    parted: float


def shut(pixels: Bytes, face: Face, unit: float) -> Shut:
    """The face with its lips together, along the line where they truly meet."""
    upper, lower = (np.asarray(each, np.float32) for each in (face.upper_lip_inner, face.lower_lip_inner))
    parted = float(np.max(lower[:, 1] - upper[:, 1]))
    if parted > PARTED * unit and face.confidence >= 1.0:
        return _closed(pixels, face, unit, parted)
    middle = np.asarray((upper + lower) / 2, np.float32)
    search = SEARCH if face.confidence >= 1.0 else 2.5 * SEARCH
    seam = line(_meeting(pixels, middle, unit, search))
    return Shut(pixels, _with_seam(face, seam), 0.0)


def _with_seam(face: Face, seam: Line) -> Face:
    upper = tuple((x, min(y, s - 0.5)) for (x, y), (_, s) in zip(face.upper_lip_outer, seam, strict=True))
    lower = tuple((x, max(y, s + 0.5)) for (x, y), (_, s) in zip(face.lower_lip_outer, seam, strict=True))
    ends = (seam[0], *upper[1:-1], seam[-1]), (seam[0], *lower[1:-1], seam[-1])
    return replace(face, upper_lip_outer=ends[0], upper_lip_inner=seam, lower_lip_inner=seam, lower_lip_outer=ends[1])


def _meeting(pixels: Bytes, guess: Floats, unit: float, search: float) -> Floats:
    """The dark line near `guess` (n, 2), found by the cheapest path from corner to corner."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), max(0.6, 0.003 * unit)).astype(np.float32)
    columns = np.arange(int(guess[0, 0]), int(guess[-1, 0]) + 2, dtype=np.float32)
    middle = np.interp(columns, guess[:, 0], guess[:, 1])
    reach = max(2.0, search * unit)
    offsets = np.arange(-reach, reach + 0.25, 0.5, dtype=np.float32)
    x, y = np.broadcast_to(columns, (len(offsets), len(columns))), middle + offsets[:, None]
    seen = cv2.remap(
        grey, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    contrast = max(8.0, float(np.percentile(seen, 90) - np.percentile(seen, 10)))
    away = np.clip(np.abs(columns - guess[:, 0].mean()) / (0.5 * np.ptp(columns)), 0.0, 1.0)
    cost = seen / contrast + (0.45 + 1.5 * away**4) * (offsets[:, None] / reach) ** 2
    path = offsets[_cheapest(cost)]
    smooth = cv2.GaussianBlur(path[None], (0, 0), 0.012 * unit, borderType=cv2.BORDER_REPLICATE)[0]
    found = np.interp(guess[:, 0], columns, smooth).astype(np.float32)
    found[[0, -1]] = 0.0
    return np.stack([guess[:, 0], guess[:, 1] + found], axis=-1)


def _cheapest(cost: Floats) -> NDArray[np.intp]:
    """The row of each column on the cheapest path that climbs or falls by one row a column at most."""
    total, back = cost[:, 0].copy(), np.zeros(cost.shape, np.intp)
    rows = np.arange(len(total))
    for column in range(1, cost.shape[1]):
        padded = np.pad(total, 1, constant_values=np.inf)
        steps = np.stack([padded[:-2] + 0.03, padded[1:-1], padded[2:] + 0.03])
        best = steps.argmin(axis=0)
        back[:, column] = rows + best - 1
        total = steps.min(axis=0) + cost[:, column]
    path = np.empty(cost.shape[1], np.intp)
    path[-1] = int(total.argmin())
    for column in range(cost.shape[1] - 1, 0, -1):
        path[column - 1] = back[path[column], column]
    return path


def _closed(pixels: Bytes, face: Face, unit: float, parted: float) -> Shut:
    """Lips brought together over what they showed, the chin after them when the jaw was down."""
    lines = (face.upper_lip_outer, face.upper_lip_inner, face.lower_lip_inner, face.lower_lip_outer)
    jaw = np.asarray(face.jaw, np.float32)
    x0, x1 = int(jaw[:, 0].min()), int(jaw[:, 0].max()) + 1
    columns = np.arange(max(0, x0), min(pixels.shape[1], x1), dtype=np.float32)
    outer_up, up, low, outer_low = (np.interp(columns, *np.asarray(each, np.float32).T) for each in lines)
    wet = WET * unit * np.clip((low - up) / (0.02 * unit), 0.0, 1.0)
    up, low = up - 0.5 * wet, low + 0.5 * wet
    seam = up + UPPER_SHARE * (low - up)
    new_up, new_low = seam - PLUMP * (up - outer_up), seam + PLUMP * (outer_low - low)
    lift = min(0.0, 0.75 * (0.05 * unit - parted))
    half = np.ptp(jaw[:, 0]) / 2
    pull = 0.5 + 0.5 * np.cos(np.pi * np.clip(np.abs(columns - jaw[len(jaw) // 2, 0]) / half, 0.0, 1.0))
    order = np.argsort(jaw[:, 0])
    chin = np.maximum(np.interp(columns, jaw[order, 0], jaw[order, 1]), new_low + 0.04 * unit)
    nose = min(float(np.asarray(face.nose)[:, 1].max()), float(new_up.min()) - 3.0)
    foot = min(pixels.shape[0] - 1.0, float(jaw[:, 1].max()) + 0.3 * unit)
    flat, drop = np.zeros_like(columns), lift * pull
    knots = [flat + nose, new_up, seam, seam + 0.5, new_low, chin + drop, flat + foot]
    shifts = [flat, new_up - outer_up, seam - up, seam - low, new_low - outer_low, drop, flat]
    rows = np.arange(int(nose), int(foot) + 1, dtype=np.float32)[:, None]
    down = stretch(rows, [k.astype(np.float32) for k in knots], [s.astype(np.float32) for s in shifts])
    made = pixels.copy()
    sources = np.broadcast_to(columns, down.shape).astype(np.float32), (rows - down).astype(np.float32)
    moved = cv2.remap(pixels, *sources, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    depth = np.clip((low - up) / (0.02 * unit), 0.0, 1.0)
    made[int(nose) : int(foot) + 1, int(columns[0]) : int(columns[-1]) + 1] = _shadowed(
        np.asarray(moved, np.uint8), np.asarray(rows - seam, np.float32), np.asarray(depth, np.float32), unit
    )
    return Shut(made, _closed_face(face, lift), parted)


def _shadowed(moved: Bytes, away: Floats, depth: Floats, unit: float) -> Bytes:
    """The dark line where lips touch, `away` (h, w) pixels from it; it hides what the closing squeezed flat."""
    lips = np.abs(away) < 0.03 * unit
    weight = (lips & (np.abs(away) > 2.0)) * depth
    tone = (moved * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1.0)
    core = np.exp(-((away / max(0.8, 0.0042 * unit)) ** 2)) * 0.8
    soft = np.exp(-((away / (0.012 * unit)) ** 2)) * 0.14
    mix = (np.maximum(core, soft) * depth)[..., None]
    dark = tone * np.array([0.42, 0.32, 0.32])
    return np.asarray(np.rint(moved * (1.0 - mix) + dark * mix), np.uint8)


def _closed_face(face: Face, lift: float) -> Face:
    lines = (face.upper_lip_outer, face.upper_lip_inner, face.lower_lip_inner, face.lower_lip_outer)
    outer_up, up, low, outer_low = (np.asarray(each, np.float32) for each in lines)
    low_y = np.interp(up[:, 0], low[:, 0], low[:, 1])
    seam = np.stack([up[:, 0], up[:, 1] + UPPER_SHARE * (low_y - up[:, 1])], axis=-1)
    upper, lower = outer_up.copy(), outer_low.copy()
    at = np.interp(outer_up[:, 0], seam[:, 0], seam[:, 1])
    upper[:, 1] = at - PLUMP * (np.interp(outer_up[:, 0], up[:, 0], up[:, 1]) - outer_up[:, 1])
    at = np.interp(outer_low[:, 0], seam[:, 0], seam[:, 1])
    lower[:, 1] = at + PLUMP * (outer_low[:, 1] - np.interp(outer_low[:, 0], low[:, 0], low[:, 1]))
    jaw = np.asarray(face.jaw, np.float32)
    half = np.ptp(jaw[:, 0]) / 2
    pull = 0.5 + 0.5 * np.cos(np.pi * np.clip(np.abs(jaw[:, 0] - jaw[len(jaw) // 2, 0]) / half, 0.0, 1.0))
    jaw[:, 1] += lift * pull
    moved = replace(face, upper_lip_outer=line(upper), lower_lip_outer=line(lower), jaw=line(jaw))
    return _with_seam(moved, line(seam))
