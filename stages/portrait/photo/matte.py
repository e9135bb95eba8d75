"""Who is in the picture and what lies behind: a generous matte, and the background without the person.

Knows a face's outline only. The person takes a thin rim of background along and fades out where the background is the
picture's own; so at rest the picture is exactly itself. GrabCut: Rother, Kolmogorov, Blake 2004.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.face.facemesh import CHIN, FOREHEAD, OVAL
from stages.portrait.photo.frame import Framed

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

SMALL = 64
"""Pixels of the face's height at which the matte is found."""
GENEROUS, FEATHER = 0.03, 0.13
"""Face heights by which the matte is wider than what was found, and over which it fades out beyond that."""
STRAY, SHRUNK = 0.055, 4
"""Face heights around the matte that count as no background, and how much smaller those are looked for."""
REACH = SMALL // 3
"""Pixels beyond what is likely at which somebody else begins, at the small scale."""
SOMEBODY = 0.25
"""How sure a segmenter is from which on the matte takes a pixel along."""
ROUNDS = 4
RELAXED = 4
"""Rounds of relaxation on each level of a fill."""
UNLIKE = (10.0, 48.0)
"""Least and most distance in CIE L*a*b* from the background around from which a pixel is taken for the person's."""


def person(framed: Framed, seen: Floats | None = None) -> Bytes:
    """Where the person is, 0 or 255 for each pixel (h, w), `GENEROUS` wider than seen.

    `seen` is how surely somebody is at each pixel of the portrait, 0 to 1, where a segmenter could tell.
    """
    scale = SMALL / framed.unit
    small = shrunk(framed, scale)
    sure, likely = silhouettes(framed.here * scale, small.shape[:2])
    if seen is not None:
        return enlarged(segmented(framed, seen, likely, SOMEBODY), sure, framed)
    found = grabbed(small, sure, likely)
    return enlarged(np.maximum(found, unlike(small, np.maximum(found, likely))), sure, framed)


def shrunk(framed: Framed, scale: float) -> Bytes:
    """The picture at a smaller scale."""
    return np.asarray(cv2.resize(framed.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(found: Bytes, sure: Bytes, framed: Framed) -> Bytes:
    """What was found at the small scale, whole, `GENEROUS` wider and smooth, in the picture's own size."""
    wide = _wider(_whole(found, sure), max(1, round(GENEROUS * SMALL)))
    size = (framed.pixels.shape[1], framed.pixels.shape[0])
    smooth = cv2.GaussianBlur(cv2.resize(wide, size, interpolation=cv2.INTER_CUBIC), (0, 0), 0.012 * framed.unit)
    return np.where(smooth > 100, 255, 0).astype(np.uint8)


def silhouettes(points: Floats, shape: tuple[int, ...]) -> tuple[Bytes, Bytes]:
    """What is surely the person (face, neck, breast), and what is likely (hair, shoulders)."""
    up = points[FOREHEAD] - points[CHIN]
    middle, tall = (points[CHIN] + points[FOREHEAD]) / 2, float(np.hypot(*up))
    sure, likely = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    cv2.fillPoly(sure, [np.rint(points[list(OVAL)]).astype(np.int32)], 255)
    x, y = points[CHIN]
    foot = float(shape[0])
    neck = [(x - 0.2 * tall, y - 0.1 * tall), (x + 0.2 * tall, y - 0.1 * tall)]
    breast = [(x + 0.55 * tall, y + 0.75 * tall), (x + 0.6 * tall, foot), (x - 0.6 * tall, foot)]
    breast.append((x - 0.55 * tall, y + 0.75 * tall))
    cv2.fillPoly(sure, [np.rint([*neck, *breast]).astype(np.int32)], 255)
    crown = middle + 0.12 * up
    cv2.ellipse(
        likely, np.rint(crown).astype(int).tolist(), (round(0.62 * tall), round(0.82 * tall)), 0, 0, 360, 255, -1
    )
    shoulders = [(x - 0.3 * tall, y), (x + 0.3 * tall, y), (x + 1.3 * tall, y + 0.6 * tall), (x + 1.5 * tall, foot)]
    shoulders += [(x - 1.5 * tall, foot), (x - 1.3 * tall, y + 0.6 * tall)]
    cv2.fillPoly(likely, [np.rint(shoulders).astype(np.int32)], 255)
    return sure, np.maximum(sure, likely)


def segmented(framed: Framed, seen: Floats, likely: Bytes, least: float) -> Bytes:
    """Where a segmenter was at least so sure of somebody, near enough to be this one: 0 or 255, of `likely`'s shape."""
    whole = cv2.copyMakeBorder(seen, framed.rim, framed.rim, framed.rim, framed.rim, cv2.BORDER_REPLICATE)
    small = cv2.resize(whole, (likely.shape[1], likely.shape[0]), interpolation=cv2.INTER_AREA)
    return np.where((small >= least) & (_wider(likely, REACH) > 0), 255, 0).astype(np.uint8)


def grabbed(small: Bytes, sure: Bytes, likely: Bytes) -> Bytes:
    """Where GrabCut finds the person, 0 or 255."""
    far = _wider(likely, REACH)
    labels = np.full(sure.shape, cv2.GC_BGD, np.uint8)
    labels[far > 0] = cv2.GC_PR_BGD
    labels[likely > 0] = cv2.GC_PR_FGD
    labels[sure > 0] = cv2.GC_FGD
    if not np.isin(labels, (cv2.GC_BGD, cv2.GC_PR_BGD)).any():
        return np.full(sure.shape, 255, np.uint8)
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return np.where(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)), 255, 0).astype(np.uint8)


def unlike(small: Bytes, person: Bytes) -> Bytes:
    """What does not look like the background around `person` goes on behind it: hair that has the background's tone."""
    near = _wider(person, SMALL // 6)
    if (near > 0).all():
        return np.zeros_like(near)
    lab = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    expected = cv2.cvtColor(without(small, near).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    own = np.linalg.norm(lab - cv2.GaussianBlur(lab, (0, 0), 5.0), axis=2)[near == 0]
    apart = np.linalg.norm(lab - expected, axis=2)
    limit = float(np.clip(3.0 * np.percentile(own, 80), *UNLIKE))
    return np.where((apart > limit) & (near > 0), 255, 0).astype(np.uint8)


def _wider(mask: Bytes, radius: int) -> Bytes:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(mask, kernel), np.uint8)


def _whole(found: Bytes, sure: Bytes) -> Bytes:
    """What hangs together with the face, without holes and specks."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    tidy = cv2.morphologyEx(cv2.bitwise_or(found, sure), cv2.MORPH_OPEN, kernel)
    tidy = cv2.morphologyEx(cv2.bitwise_or(tidy, sure), cv2.MORPH_CLOSE, kernel, iterations=2)
    _, labels = cv2.connectedComponents(tidy)
    rows, columns = np.nonzero(sure)
    body = np.where(labels == labels[rows[0], columns[0]], 255, 0).astype(np.uint8)
    outlines, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(body), outlines, -1, 255, -1), np.uint8)


def cover(mask: Bytes, unit: float) -> Bytes:
    """The matte (h, w): 255 on the mask, fading to 0 outside of it."""
    away = cv2.distanceTransform(cv2.bitwise_not(mask), cv2.DIST_L2, 5)
    near = np.clip(1.0 - (away - 1.5) / (FEATHER * unit), 0.0, 1.0)
    return np.asarray(np.rint(255.0 * near * near * (3.0 - 2.0 * near)), np.uint8)


def behind(pixels: Bytes, mask: Bytes, unit: float) -> Bytes:
    """The background alone (h, w, 3): no hair that the mask missed must stay behind when the person leans away."""
    size = 2 * round(STRAY * unit / SHRUNK) + 1
    small = cv2.resize(mask, None, fx=1 / SHRUNK, fy=1 / SHRUNK, interpolation=cv2.INTER_AREA)
    wide = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    whole = cv2.resize(wide, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_LINEAR)
    return without(pixels, np.where(whole > 0, 255, 0).astype(np.uint8))


def without(pixels: Bytes, mask: Bytes) -> Bytes:
    """Pixels (h, w, 3) with what lies under the mask made from what lies around it, ever smoother further in."""
    if not (mask == 0).any():
        return pixels.copy()
    known = (mask == 0).astype(np.float32)
    filled = pulled(np.dstack([pixels.astype(np.float32) * known[..., None], known]))
    return np.asarray(np.where(mask[..., None] > 0, np.rint(np.clip(filled, 0.0, 255.0)), pixels), np.uint8)


def pulled(weighted: Floats) -> Floats:
    """Colours everywhere from weighted ones (h, w, 3 + 1): known ones kept, the others as even between them as can be.

    Laplace's equation, relaxed a little on each level of a pyramid.
    """
    colours, weight = weighted[..., :3], weighted[..., 3:]
    own = colours / np.maximum(weight, 1e-3)
    sure = np.clip(weight * 4.0, 0.0, 1.0)
    if min(weighted.shape[:2]) < 4 or weight.min() > 0.25:
        mean = colours.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-3)
        return np.asarray(own * sure + mean * (1.0 - sure), np.float32)
    coarse = pulled(np.asarray(cv2.pyrDown(weighted), np.float32))
    known = own * sure
    found = known + np.asarray(cv2.pyrUp(coarse, dstsize=(own.shape[1], own.shape[0]))) * (1.0 - sure)
    for _ in range(RELAXED):
        found = known + cv2.blur(found, (3, 3), borderType=cv2.BORDER_REPLICATE) * (1.0 - sure)
    return np.asarray(found, np.float32)
