"""What is seen between lips: dark where they hardly part, teeth without gums, and no teeth where they were shut."""

import numpy as np

from avatar.face import facemesh
from avatar.face.mouth import Mouth
from avatar.face.tracks import COLUMN, Track, blank
from stages.film import dubbing, glimpse
from stages.film.inside import MouthInside, shaded
from stages.film.pixels import Bytes
from stages.film.sheets import Sheet, pack
from tests.film.figures import FACE
from tests.footage.test_heads import closed, opened

LIP, TOOTH, GUM = (90, 118, 165), (200, 128, 128), (120, 118, 165)
"""Colours in Y'CbCr."""


def row(jaw: float) -> Track:
    track: Track = blank(1)[0]
    track[COLUMN["jawOpen"]] = jaw
    return track


def lightest(jaw: float) -> float:
    """Luma of the lightest that white teeth show through an opening."""
    mouth = Mouth(FACE, 4.0, (60.0, 60.0))
    teeth: Sheet = pack(np.ones((200, 400, 4), np.float32), 100, 250)
    opening = mouth.opening(row(jaw))
    assert opening is not None
    inside = MouthInside(mouth, teeth, None).draw(row(jaw), opening)
    x, y = opening.x - inside.x, opening.y - inside.y
    part = inside.pixels[y : y + opening.cover.shape[0], x : x + opening.cover.shape[1], 0]
    return float(part[opening.cover > 200].max())


def test_teeth_are_dark_between_lips_that_hardly_part_and_white_between_open_ones() -> None:
    assert lightest(0.025) < 0.5 * lightest(0.2)
    assert lightest(0.2) > 170.0


def test_teeth_that_footage_shows_go_on_upwards_as_teeth_and_not_as_gums() -> None:
    shut = closed()
    seen = opened(shut, 30.0)
    upper, lower = (facemesh.rims(seen)[number] for number in (1, 2))
    codes: Bytes = np.full((640, 640, 3), LIP, np.uint8)
    for x in range(int(upper[0, 0]) + 1, int(upper[-1, 0])):
        top, bottom = (int(np.interp(x, *rim.T)) for rim in (upper, lower))
        codes[top:bottom, x] = TOOTH
        if x % 8 < 4:
            codes[top : top + 5, x] = GUM
    there = Mouth(facemesh.face(shut), 1.0, (0.0, 0.0))
    kept = glimpse.inside(codes, seen, shut, there)
    middle = slice(int(there.centre[0]) - kept.x - 12, int(there.centre[0]) - kept.x + 12)
    above = kept.pixels[: int(there.centre[1]) - kept.y - 1, middle]
    assert (above[..., 3] > 250).all()
    assert np.abs(above[..., 2].astype(float) - TOOTH[2]).max() < 6.0


def test_lips_brought_together_show_nothing_of_the_teeth_that_were_between_them() -> None:
    pixels: Bytes = np.full((40, 60, 3), LIP, np.uint8)
    pixels[20] = TOOTH
    away = np.arange(40, dtype=np.float32)[:, None] - 20.0
    dubbing.seal(pixels, np.asarray(np.exp(-away * away) * np.ones((1, 60)), np.float32))
    assert pixels[..., 0].max() <= LIP[0]
    assert pixels[20, :, 0].max() < 0.75 * LIP[0]
    assert pixels[..., 2].min() >= LIP[2] - 1


def test_light_takes_the_colour_with_it() -> None:
    sheet = pack(np.full((4, 4, 4), (0.8, 0.2, 0.2, 1.0), np.float32), 0, 0)
    dark = shaded(sheet, np.zeros((4, 4), np.float32))
    assert dark.pixels[0, 0].tolist() == [16, 128, 128, 255]
