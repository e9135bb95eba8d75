"""Glasses are told by the rim over the nose, and brows behind it hardly move."""

import cv2
import numpy as np
import pytest

from avatar.face.eyes import apart
from stages.film.pixels import Bytes
from stages.film.spectacles import rimmed
from tests.film.figures import FACE


def skin() -> Bytes:
    """A nose that is lit from above: light falls slowly."""
    light = np.linspace(1.0, 0.6, 400)[:, None, None]
    return np.ascontiguousarray(np.broadcast_to(light * (225.0, 180.0, 150.0), (400, 400, 3)).astype(np.uint8))


def eyes() -> tuple[float, float, float]:
    """The middle between the eyes' inner corners, and the eyes' distance."""
    x, y = np.mean([FACE.right.upper[-1], FACE.left.upper[0]], axis=0)
    return float(x), float(y), apart(FACE)


@pytest.mark.parametrize("tilted", [False, True])
def test_a_dark_rim_from_eye_to_eye_is_seen(tilted: bool) -> None:
    x, y, unit = eyes()
    rise = 0.1 * unit if tilted else 0.0
    ends = ((int(x - 0.5 * unit), int(y - rise)), (int(x + 0.5 * unit), int(y + rise)))
    assert rimmed(np.asarray(cv2.line(skin(), *ends, (20, 20, 25), max(2, int(0.08 * unit))), np.uint8), FACE)


def test_neither_a_bare_nose_nor_one_under_a_fringe_is_taken_for_glasses() -> None:
    x, y, unit = eyes()
    bare = skin()
    assert not rimmed(bare, FACE)
    top, soft = y - 0.3 * unit, 0.2 * unit
    shade = np.clip((np.arange(400)[:, None, None] - top) / soft, 0.2, 1.0)
    assert not rimmed((bare * shade).astype(np.uint8), FACE)
    strand = bare.copy()
    strand[:, int(x) : int(x + 0.05 * unit) + 1] = 30
    assert not rimmed(strand, FACE), "a strand of hair runs along the nose, not over it"
