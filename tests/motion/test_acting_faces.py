"""The expressions' own figures, and that no face is torn by them."""

import numpy as np
import pytest

from avatar.face import acting
from avatar.face.acting_faces import LOOKS, Name
from avatar.face.eyes import EyeModel
from avatar.face.head_motion import LIMIT
from avatar.face.mouth import Mouth
from avatar.face.tracks import ARKIT, COLUMN, Track, blank
from avatar.script import EXPRESSIONS
from tests.film.figures import FACE

SCALE = 2.0


def wearing(name: Name) -> Track:
    """One row with the expression at twice its strength, as far as blendshapes go."""
    track = blank(1)
    for shape, size in LOOKS[name].shapes.items():
        track[:, [COLUMN[column] for column in acting.sides(shape)]] = min(2.0 * size, 1.0)
    row: Track = track[0]
    return row


def test_every_mood_has_a_look_but_the_neutral_one() -> None:
    assert set(LOOKS) == {"smile", *EXPRESSIONS} - {"neutral"}


@pytest.mark.parametrize("name", LOOKS)
def test_looks_are_made_of_blendshapes_and_head_columns(name: Name) -> None:
    look = LOOKS[name]
    for shapes in (look.shapes, look.quiet, look.calms):
        assert all(column in ARKIT for shape in shapes for column in acting.sides(shape))
        assert all(0.0 < size <= 1.0 for size in shapes.values())
    assert all(abs(size) < LIMIT[column] for column, size in look.head.items())


@pytest.mark.parametrize("name", LOOKS)
def test_no_brow_or_lid_is_torn(name: Name) -> None:
    for eye, side in ((FACE.right, "Right"), (FACE.left, "Left")):
        model = EyeModel(eye, side, SCALE, (0.0, 0.0), 98.0 * SCALE)  # type: ignore[arg-type]  # both are sides
        down = model.warp(wearing(name)).shift[..., 1]
        assert np.diff(down, axis=0).max() < 1.0


def test_a_brow_at_its_highest_leaves_the_lashes_where_they_are() -> None:
    row = blank(1)[0]
    for column in ("browInnerUp", "browOuterUpRight", "browOuterUpLeft", "eyeWideRight", "eyeWideLeft"):
        row[COLUMN[column]] = 1.0
    model = EyeModel(FACE.right, "Right", SCALE, (0.0, 0.0), 98.0 * SCALE)
    assert np.diff(model.warp(row).shift[..., 1], axis=0).max() < 1.0
    raised = model.brow_outline(np.stack([blank(1)[0], row]))
    assert (raised[0, :, 1] - raised[1, :, 1]).max() > 0.03 * 98.0 * SCALE


def test_a_brow_rises_as_a_whole_and_the_forehead_goes_along() -> None:
    row, unit = blank(1)[0], 98.0 * SCALE
    row[COLUMN["browInnerUp"]] = row[COLUMN["browOuterUpLeft"]] = 0.4
    model = EyeModel(FACE.left, "Left", SCALE, (0.0, 0.0), unit)
    line = np.asarray(FACE.left.brow) * SCALE
    x, y = (int(value) for value in line[len(line) // 2])
    up = -model.warp(row).shift[:, x - model.x, 1]
    middle, edges = up[y - model.y], up[[y - model.y + int(side * 0.015 * unit) for side in (-1, 1)]]
    assert middle > 0.01 * unit
    assert edges == pytest.approx(middle, rel=0.05)
    assert up[y - model.y - int(0.06 * unit)] > 0.6 * middle
    assert abs(up[y - model.y - int(0.155 * unit)]) < 0.03 * middle, "hair stays"


@pytest.mark.parametrize("name", LOOKS)
def test_corners_move_and_lips_stay_together(name: Name) -> None:
    outline = Mouth(FACE, SCALE, (0.0, 0.0)).outline(np.stack([blank(1)[0], wearing(name)]))
    upper, lower = outline[:, 1], outline[:, 2]
    assert np.abs(lower - upper).max() < 0.5
    lifted = outline[0, 0, 0, 1] - outline[1, 0, 0, 1]
    wanted = LOOKS[name].shapes
    if "mouthSmile" in wanted:
        assert lifted > 2.0
    if "mouthFrown" in wanted:
        assert lifted < -2.0
