"""Eyes that can look and blink: openings in the skin, eyeballs without irises, irises, bare lids. Knows no face."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Eye, Face
from stages.portrait.photo.matte import pulled

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

INSET = (0.07, 0.05)
"""How far inside of both lids' lines the skin ends, in shares of the eye's opening: so lashes stay skin."""
IRIS = (1.14, 1.34)
"""Iris radii within which a sheet shows the iris in full, and at which it has faded into the white of the eye."""
LASHES = (0.055, 0.028)
"""Face heights above the upper and below the lower lid's line that lashes and their shadow take."""
SKIN_AT_LEAST = 0.68
"""How light, against the skin around an eye, a pixel must be to count as skin."""
BEYOND = 0.22
"""Eye widths by which lashes reach beyond the outer corner."""
EDGE = 0.010
"""Face heights over which a lid fades into the skin around it."""
TONE = 85.0
"""Percentile of what shows above an eye that is bare skin: lashes and their shadow are darker."""
LIGHT = (0.82, 1.03)
"""How much darker or lighter a lid may be than the skin below the eye, of which it is made."""
HAIR = (0.42, 0.66)
"""How light, against skin, hair beside an eye is at most, and skin at least."""
WINDOW = 0.4
"""Eye widths by which an eye's sheets reach beyond its corners."""


def lids(pixels: Bytes, face: Face, unit: float) -> tuple[Bytes, int, int]:
    """The bare skin over both eyes, without eye and lash: straight-alpha RGBA (h, w, 4), and its top left corner."""
    outlines = [_lid(face.right, unit, outer=0), _lid(face.left, unit, outer=-1)]
    hidden = np.zeros(pixels.shape[:2], np.uint8)
    for outline in outlines:
        cv2.fillPoly(hidden, [np.rint(outline).astype(np.int32)], 255)
    places = np.argwhere(hidden)
    rim = round(0.1 * unit)
    low, high = np.maximum(places.min(axis=0) - rim, 0), places.max(axis=0) + rim
    cut, mask = (each[low[0] : high[0], low[1] : high[1]] for each in (pixels, hidden))
    known = _skin(cut, mask).astype(np.float32)
    bare = pulled(np.dstack([cut.astype(np.float32) * known[..., None], known]))
    soft: Floats = np.asarray(cv2.GaussianBlur(np.clip(bare, 0, 255), (0, 0), 0.012 * unit), np.float32)
    corner = low[::-1].astype(np.float32)
    for eye, outline in zip((face.right, face.left), outlines, strict=True):
        _toned(soft, cut, np.asarray(outline - corner, np.float32), np.asarray(eye.upper, np.float32) - corner)
    grain = (cut.astype(np.float32) - cv2.GaussianBlur(cut, (0, 0), 1.5))[known > 0].std() if known.any() else 0.0
    noise = np.random.default_rng(3).normal(0.0, min(0.5 * float(grain), 3.0), mask.shape)
    cover = cv2.GaussianBlur(mask, (0, 0), EDGE * unit) * _free(cut, face, low, known, unit)
    rgba = np.dstack([np.clip(soft + noise[..., None], 0, 255), cover])
    return np.rint(rgba).astype(np.uint8), int(low[1]), int(low[0])


def _lid(eye: Eye, unit: float, *, outer: int) -> Floats:
    """The outline (k, 2) of what a lid hides when it is shut: the eye, and its lashes beyond the `outer` corner too."""
    upper, lower = np.asarray(eye.upper, np.float32), np.asarray(eye.lower, np.float32)
    t = np.linspace(-1.0, 1.0, len(upper))
    upper[:, 1] -= LASHES[0] * unit * (0.45 + 0.55 * (1.0 - t * t))
    lower[:, 1] += LASHES[1] * unit
    across = upper[-1] - upper[0]
    upper[0] -= 0.10 * across
    upper[-1] += 0.10 * across
    out = -across if outer == 0 else across
    tip, under = upper[outer] + BEYOND * out, lower[outer] + 0.5 * BEYOND * out
    upper = np.vstack([tip, upper]) if outer == 0 else np.vstack([upper, tip])
    lower = np.vstack([under, lower]) if outer == 0 else np.vstack([lower, under])
    upper[outer, 1] -= 0.3 * LASHES[0] * unit
    brow = np.interp(upper[:, 0], *np.asarray(eye.brow, np.float32).T) + 0.028 * unit
    rim = np.interp(upper[:, 0], *np.asarray(eye.upper, np.float32).T)
    upper[:, 1] = np.maximum(upper[:, 1], np.minimum(brow, rim - 0.022 * unit))
    return np.asarray(np.vstack([upper, lower[::-1]]), np.float32)


def _toned(soft: Floats, cut: Bytes, outline: Floats, rim: Floats) -> None:
    """Give what is painted within the outline the light of the skin that shows there above the eye's upper `rim`."""
    inside = np.zeros(cut.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], 1)
    rows, columns = np.mgrid[: cut.shape[0], : cut.shape[1]].astype(np.float32)
    within = (columns > rim[0, 0]) & (columns < rim[-1, 0])
    above = (inside > 0) & within & (rows < np.interp(columns, rim[:, 0], rim[:, 1]))
    if above.sum() < 20:
        return
    shown = float(np.percentile(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)[above], TONE))
    painted = float(cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY)[above].mean())
    share = min(max(shown / max(painted, 1.0), LIGHT[0]), LIGHT[1])
    feather = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2.0)[..., None]
    soft *= 1.0 + (share - 1.0) * feather


def _free(cut: Bytes, face: Face, low: NDArray[np.int64], known: Floats, unit: float) -> Floats:
    """Where no hair hangs beside the eyes, 0 to 1: it is darker than skin over more than a lash's width."""
    luma = cv2.cvtColor(cv2.GaussianBlur(cut, (0, 0), 0.02 * unit), cv2.COLOR_RGB2GRAY).astype(np.float32)
    usual = float(np.median(luma[known > 0])) if known.any() else 255.0
    light = np.clip((luma / max(usual, 1.0) - HAIR[0]) / (HAIR[1] - HAIR[0]), 0.0, 1.0)
    x = np.arange(cut.shape[1], dtype=np.float32) + low[1]
    beside = np.maximum(face.right.upper[0][0] - x, x - face.left.upper[-1][0])
    out = np.clip(beside / (0.03 * unit), 0.0, 1.0)
    return np.asarray(1.0 - out * (1.0 - light), np.float32)


def _skin(cut: Bytes, mask: Bytes) -> NDArray[np.bool_]:
    """Where skin shows around the eyes: not under the mask, and no brow, no lash, no hair."""
    luma = cv2.cvtColor(cv2.GaussianBlur(cut, (0, 0), 1.0), cv2.COLOR_RGB2GRAY)
    below = np.cumsum(mask > 0, axis=0) > 0  # no brows, no fringe
    usual = float(np.percentile(luma[below & (mask == 0)], 50))
    return np.asarray((mask == 0) & (luma > SKIN_AT_LEAST * usual), np.bool_)


@dataclass(frozen=True, slots=True)
class EyeSheets:
    """Straight-alpha RGBA (h, w, 4) of the eyeball and of the iris, their top left pixel at `x`, `y`."""

    ball: Bytes
    iris: Bytes
    x: int
    y: int


def opening(eye: Eye, shape: tuple[int, int], *, fine: int = 8) -> Bytes:
    """How much of each pixel of a picture (h, w) is eyeball, 0..255."""
    upper, lower = (np.asarray(line, np.float32) for line in (eye.upper, eye.lower))
    x = np.linspace(upper[0, 0], upper[-1, 0], 41, dtype=np.float32)
    top, bottom = (np.interp(x, line[:, 0], line[:, 1]) for line in (upper, lower))
    span = np.maximum(bottom - top, 0.0)
    high, low = top + INSET[0] * span, bottom - INSET[1] * span
    outline = np.vstack([np.stack([x, high], axis=-1), np.stack([x, low], axis=-1)[::-1]])
    left, above = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
    right, below = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 3, (shape[1], shape[0]))
    samples = np.zeros(((below - above) * fine, (right - left) * fine), np.uint8)
    cv2.fillPoly(samples, [np.rint((outline + 0.5 - (left, above)) * fine - 0.5).astype(np.int32)], 255)
    whole = np.zeros(shape, np.uint8)
    whole[above:below, left:right] = cv2.resize(samples, (right - left, below - above), interpolation=cv2.INTER_AREA)
    return whole


def sheets(pixels: Bytes, eye: Eye) -> EyeSheets:
    """The eyeball and the iris of one eye in a picture (h, w, 3)."""
    corners = np.asarray([*eye.upper, *eye.lower], np.float32)
    wide = float(np.ptp(corners[:, 0]))
    low = np.maximum(np.floor(corners.min(axis=0) - WINDOW * wide), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0) + WINDOW * wide), pixels.shape[1::-1]).astype(int)
    cut = pixels[low[1] : high[1], low[0] : high[0]]
    seen = opening(eye, (pixels.shape[0], pixels.shape[1]))[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    far = np.hypot(x - eye.iris[0], y - eye.iris[1]) / max(eye.iris_radius, 1.0)
    ball = _ball(cut, seen, far)
    full = np.full(seen.shape, 255, np.uint8)
    fade = np.clip((IRIS[1] - far) / (IRIS[1] - IRIS[0]), 0.0, 1.0)
    cover = np.rint(255.0 * fade * fade * (3.0 - 2.0 * fade)).astype(np.uint8)
    return EyeSheets(np.dstack([ball, full]), np.dstack([_iris(cut, seen, far), cover]), int(low[0]), int(low[1]))


def _ball(cut: Bytes, seen: Bytes, far: Floats) -> Bytes:
    """The picture within the opening, the iris painted over with the white around it."""
    white = (seen > 250) & (far > IRIS[0])
    if white.sum() < 12:  # an eye that shows no white: a little lighter than its lightest
        bright = np.percentile(cut[seen > 128], 90, axis=0) if (seen > 128).any() else np.array([190, 180, 175])
        made = np.broadcast_to(np.clip(1.1 * bright, 0, 235), cut.shape).astype(np.float32)
    else:
        known = white.astype(np.float32)
        colours = cv2.GaussianBlur(cut, (0, 0), 0.7).astype(np.float32)
        made = pulled(np.dstack([colours * known[..., None], known]))
    kept = ((seen > 0) & (far > IRIS[0]))[..., None]
    return np.where(kept, cut, np.clip(np.rint(made), 0, 255)).astype(np.uint8)


def _iris(cut: Bytes, seen: Bytes, far: Floats) -> Bytes:
    """The picture within the opening; what lids hide of the iris is made from what shows at the same radius."""
    visible = (seen > 200) & (far < IRIS[1])
    if visible.sum() < 8:
        return cut
    rings = np.minimum((far * 12.0).astype(int), 40)
    count = np.bincount(rings[visible], minlength=41).astype(np.float64)
    means = np.stack(
        [np.bincount(rings[visible], cut[..., c][visible].astype(np.float64), 41) for c in range(3)], axis=-1
    )
    filled = np.flatnonzero(count > 0)
    profile = means[filled] / count[filled, None]
    at = np.clip(far * 12.0 - 0.5, 0.0, 40.0)
    made = np.stack([np.interp(at, filled, profile[:, c]) for c in range(3)], axis=-1)
    return np.where((seen > 0)[..., None], cut, np.rint(made)).astype(np.uint8)
