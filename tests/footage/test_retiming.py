"""A mouth brought from what is seen to what is wanted: nothing where both agree, nothing at the edges, no fold."""

import cv2
import numpy as np
import pytest

from avatar.face import facemesh, heads
from avatar.face.mouth import Mouth
from avatar.face.retiming import Retimed, Seen, retimed
from avatar.face.tracks import COLUMN, Track, blank
from avatar.face.visemes import ARTICULATORS, visemes
from tests.footage.test_heads import closed, opened, view

REST = facemesh.face(closed())


def row(**columns: float) -> Track:
    track = blank(1)
    for name, value in columns.items():
        track[0, COLUMN[name]] = value
    first: Track = track[0]
    return first


def way(by: float = 0.0, amount: float = 1.0, **columns: float) -> Retimed:
    """From a mouth opened by so many pixels to a track row."""
    seen = Seen(facemesh.outlines(opened(closed(), by)), facemesh.outlines(closed()), by)
    return retimed(Mouth(REST, 1.0, (0.0, 0.0)), REST, seen, row(**columns), amount=amount)


def test_a_mouth_that_is_right_already_stays_as_it_is() -> None:
    made = way()
    assert np.abs(made.shift).max() < 1.5
    assert made.crease is None


@pytest.mark.parametrize(("by", "jaw"), [(0.0, 0.5), (22.0, 0.0), (22.0, 0.5)])
def test_nothing_moves_at_the_edges_and_nothing_folds(by: float, jaw: float) -> None:
    made = way(by, jawOpen=jaw)
    down = made.shift[..., 1]
    assert np.abs(made.shift[[0, -1]]).max() < 0.6
    assert np.abs(made.shift[:, [0, -1]]).max() < 0.6
    assert float(np.diff(down, axis=0).max()) <= 1.0 + 1e-3 or made.hole is not None


def test_an_open_mouth_is_shut_with_a_line_and_a_shut_one_opened_with_a_hole() -> None:
    shut, wide = way(22.0), way(0.0, jawOpen=0.5)
    assert shut.hole is None or shut.hole.cover.max() < 200
    assert shut.crease is not None
    assert shut.crease.max() > 0.8
    assert wide.hole is not None
    assert wide.hole.cover.max() == 255
    assert wide.crease is None


def test_half_the_way_is_half_the_shift() -> None:
    whole, half = way(22.0), way(22.0, 0.5)
    assert half.shift[..., 1].min() == pytest.approx(0.5 * whole.shift[..., 1].min(), rel=0.3)
    assert np.abs(way(22.0, 0.0).shift[..., 0]).max() < 1e-3


def said(ipa: str) -> Track:
    """The row of one sound, held."""
    viseme = visemes(ipa)[0]
    aims = dict(zip(ARTICULATORS, viseme.target, strict=True))
    both = {name: aims.get(name.removesuffix("Left").removesuffix("Right"), 0.0) for name in COLUMN}
    return row(**both | {"mouthClose": float(viseme.contact == "lips")})


def filled(ring: heads.Floats, made: Retimed) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """255 within a closed line."""
    height, width = made.shift.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint((ring - (made.x, made.y)) * 16).astype(np.int32)], 255, shift=4)
    return mask


@pytest.mark.parametrize("yaw", [-40.0, -20.0, 0.0, 20.0, 40.0])
def test_no_piece_of_lip_is_left_beside_the_mouth_however_far_the_head_is_turned(yaw: float) -> None:
    rest = heads.shut(view(yaw=yaw))
    skin = facemesh.grown(rest, 1.6)
    face = facemesh.face(skin)
    mouth = Mouth(face, 1.0, (0.0, 0.0))
    ring = list(facemesh.UPPER_OUTER + facemesh.LOWER_OUTER[-2:0:-1])
    for by in (0.0, 22.0):
        now = opened(rest, by)
        seen = Seen(facemesh.outlines(facemesh.grown(now, 1.6)), facemesh.outlines(skin), by)
        for ipa in ("p", "f", "ʃ", "a", "i", "u", ""):
            made = retimed(mouth, face, seen, said(ipa))
            there = np.mgrid[: made.shift.shape[0], : made.shift.shape[1]][::-1].astype(np.float32)
            lip, source = filled(now[ring], made), there - np.moveaxis(made.shift[..., :2], 2, 0)
            shown = np.asarray(cv2.remap(lip, source[0], source[1], cv2.INTER_LINEAR))
            rims = mouth.outline(said(ipa)[None])[0]
            goal = cv2.dilate(filled(np.concatenate([rims[0], rims[3][::-1]]), made), np.ones((3, 3), np.uint8))
            assert not ((shown > 127) & (goal == 0)).any()
