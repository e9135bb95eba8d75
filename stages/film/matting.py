"""A photographed person cut out closely, for grounds other than the one in the picture. Knows no face but its height.

A portrait's own matte is generous: it takes a rim of background along, which nobody sees before that background. Here
coverage is found anew where it is unsure, by how far each colour lies on the way from the background's to the
person's, and colours are freed from the background that shines through them.
"""

import cv2
import numpy as np

from stages.film.pixels import Bytes, Floats

INSIDE, OUTSIDE = 0.09, 0.035
"""Face heights inside and outside of the portrait's matte between which coverage is unsure."""
GENEROUS = 0.03
"""Face heights by which the portrait's matte is wider than the person that was found."""
SOFT = 0.014
"""Half the width, in face heights, of an edge that colours tell nothing of."""
TELLING = 26.0
"""Distance between person and background, in CIE L*a*b*, at which colours tell as much as the outline."""
OTHER = (14.0, 34.0)
"""Distance from the way between both at which a colour begins to be the person's own, and surely is."""
SMOOTH, KEPT = 0.012, 2e-4
"""The guided filter's radius in face heights and its epsilon: He, Sun, Tang 2010."""
LOW, HIGH = 0.10, 0.93
"""Coverage below and above which nothing and everything is covered."""


def cut_out(person: Bytes, unit: float, mask: Bytes | None = None) -> Bytes:
    """The layer (h, w, 4), straight, with a close coverage and colours of the person's own; `unit` is a face height.

    `mask` (h, w), 0 or 255, is where the person is, `GENEROUS` wider; without it that is where the layer is solid.
    """
    cover = person[..., 3]
    mask = cover if mask is None else mask
    rim = max(4, round((INSIDE + OUTSIDE) * unit))
    padded = cv2.copyMakeBorder(mask, rim, 0, rim, rim, cv2.BORDER_CONSTANT, value=0)
    padded = np.pad(padded, ((0, rim), (0, 0)), mode="edge")
    matte = _whole(np.asarray(padded > 250, np.uint8))
    inner = cv2.distanceTransform(matte, cv2.DIST_L2, 5)[rim:-rim, rim:-rim]
    outer = cv2.distanceTransform(1 - matte, cv2.DIST_L2, 5)[rim:-rim, rim:-rim]
    depth = np.asarray((inner - outer) / unit, np.float32)
    colours = person[..., :3].astype(np.float32)
    found = _found(colours, depth)
    found = np.clip((_guided(found, colours / 255.0, max(1, round(SMOOTH * unit))) - LOW) / (HIGH - LOW), 0.0, 1.0)
    found = np.where(depth > INSIDE, 1.0, np.where(depth < -OUTSIDE, 0.0, found)).astype(np.float32)
    own = _own(colours, found, depth)
    holes = np.where(depth > INSIDE, cover, 255).astype(np.float32)
    return np.dstack([np.rint(own), np.rint(found * holes)]).astype(np.uint8)


def _whole(mask: Bytes) -> Bytes:
    """The mask without the holes inside of it, such as open eyes."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, -1), np.uint8)


def _found(colours: Floats, depth: Floats) -> Floats:
    """Coverage (h, w), 0 to 1, by colour where colours tell it, else by the outline."""
    lab = cv2.cvtColor(colours / 255.0, cv2.COLOR_RGB2LAB)
    person, ground = (spread(np.dstack([lab * sure[..., None], sure])) for sure in _sure(depth))
    way = person - ground
    length = np.maximum((way * way).sum(axis=2), 1e-3)
    along = np.clip(((lab - ground) * way).sum(axis=2) / length, 0.0, 1.0)
    aside = np.linalg.norm(lab - ground - along[..., None] * way, axis=2)
    near = _smooth(aside, *OTHER) * _smooth(depth, -0.5 * OUTSIDE, 0.5 * GENEROUS)
    by_colour = along + (1.0 - along) * near
    by_outline = _smooth(depth, GENEROUS - SOFT, GENEROUS + SOFT)
    trust = length / (length + TELLING * TELLING)
    fading = _smooth(depth, -OUTSIDE, 0.0)
    return np.asarray((trust * by_colour + (1.0 - trust) * by_outline) * fading, np.float32)


def _sure(depth: Floats) -> tuple[Floats, Floats]:
    """Where the person and where the background surely is."""
    return (depth > INSIDE).astype(np.float32), (depth < -OUTSIDE).astype(np.float32)


def _smooth(values: Floats, low: float, high: float) -> Floats:
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def _guided(cover: Floats, picture: Floats, radius: int) -> Floats:
    """Coverage smoothed along the picture's edges."""
    guide = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    size = (2 * radius + 1, 2 * radius + 1)
    mean, own = cv2.blur(guide, size), cv2.blur(cover, size)
    slope = (cv2.blur(guide * cover, size) - mean * own) / (cv2.blur(guide * guide, size) - mean * mean + KEPT)
    base = own - slope * mean
    return np.asarray(cv2.blur(slope, size) * guide + cv2.blur(base, size), np.float32)


def _own(colours: Floats, cover: Floats, depth: Floats) -> Floats:
    """The person's own colours: what covers fully lends its colour to what covers less."""
    sure = np.where(depth > -OUTSIDE, np.clip((cover - 0.9) / 0.08, 0.0, 1.0), 0.0).astype(np.float32)
    lent = spread(np.dstack([colours * sure[..., None], sure]))
    ground = spread(np.dstack([colours * (g := _sure(depth)[1])[..., None], g]))
    freed = (colours - (1.0 - cover[..., None]) * ground) / np.maximum(cover[..., None], 0.25)
    share = _smooth(cover, 0.35, 0.9)[..., None]
    mixed = np.clip(freed, 0.0, 255.0) * share + lent * (1.0 - share)
    return np.asarray(np.where(cover[..., None] >= 0.98, colours, mixed), np.float32)


def spread(weighted: Floats) -> Floats:
    """Colours everywhere from weighted ones (h, w, 3 + 1): known ones kept, the nearest ones spread over the others."""
    colours, weight = weighted[..., :3], weighted[..., 3:]
    own = colours / np.maximum(weight, 1e-4)
    if min(weight.shape[:2]) < 4 or weight.min() > 0.05:
        mean = colours.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-4)
        return np.asarray(np.where(weight > 1e-3, own, mean), np.float32)
    coarse = spread(np.asarray(cv2.pyrDown(weighted), np.float32))
    up = cv2.pyrUp(coarse, dstsize=(own.shape[1], own.shape[0]))
    share = np.clip(weight * 4.0, 0.0, 1.0)
    return np.asarray(own * share + up * (1.0 - share), np.float32)
