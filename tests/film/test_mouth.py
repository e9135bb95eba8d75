"""The mouth's warp never folds, stays within the jaw, and the landmarks lie where the picture puts them."""

import numpy as np
import pytest

from avatar.face.mouth import Mouth
from avatar.face.rig_measures import width
from avatar.face.tracks import COLUMN, Track, blank
from tests.film.figures import FACE

WIDEST = {"mouthStretchLeft": 1.0, "mouthStretchRight": 1.0}
NARROWEST = {"mouthPucker": 1.0, "mouthFunnel": 1.0}


def row(**columns: float) -> Track:
    track = blank(1)
    for name, value in columns.items():
        track[0, COLUMN[name]] = value
    first: Track = track[0]
    return first


@pytest.mark.parametrize("columns", [WIDEST, NARROWEST, {"mouthPucker": 0.6}, {}])
def test_columns_keep_their_order_and_the_jaw_its_place(columns: dict[str, float]) -> None:
    mouth = Mouth(FACE, 1.0, (0.0, 0.0))
    warp = mouth.warp(row(**columns))
    lips = round(mouth.centre[1]) - warp.y
    here = np.arange(warp.shift.shape[1], dtype=np.float32)
    source = here - warp.shift[lips, :, 0]
    assert np.diff(source).min() > 0.1
    ears = [int(min(x for x, _ in FACE.jaw)) - warp.x, int(max(x for x, _ in FACE.jaw)) - warp.x]
    assert np.abs(warp.shift[lips, ears, 0]).max() < 0.01


@pytest.mark.parametrize("columns", [WIDEST, NARROWEST, {"mouthPucker": 0.6}])
def test_landmarks_lie_where_the_picture_puts_the_corners(columns: dict[str, float]) -> None:
    mouth, frame = Mouth(FACE, 1.0, (0.0, 0.0)), row(**columns)
    outline = mouth.outline(frame[None])[0]
    warp = mouth.warp(frame)
    x, y = outline[0, -1]
    shift = warp.shift[round(float(y)) - warp.y, round(float(x)) - warp.x, 0]
    assert x - shift == pytest.approx(FACE.upper_lip_outer[-1][0], abs=1.5)
    span = outline[0, -1, 0] - outline[0, 0, 0]
    rest = FACE.upper_lip_outer[-1][0] - FACE.upper_lip_outer[0][0]
    assert span / rest == pytest.approx(float(width(frame)), rel=0.01)


@pytest.mark.parametrize("jaw", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("columns", [WIDEST, NARROWEST, {}])
def test_rows_keep_their_order(jaw: float, columns: dict[str, float]) -> None:
    warp = Mouth(FACE, 1.0, (0.0, 0.0)).warp(row(jawOpen=jaw, **columns))
    rows = np.arange(warp.shift.shape[0], dtype=np.float32)[:, None]
    assert np.diff(rows - warp.shift[..., 1], axis=0).min() > -1e-3
