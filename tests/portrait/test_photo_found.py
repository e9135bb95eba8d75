"""FaceLandmarker finds the face that is meant: among several, small, turned, at the edge, half covered, drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar.artifacts import Portrait
from avatar.errors import BadRequest
from avatar.face import landmarks
from avatar.testing import Bench, workbench
from tests.portrait.photos import MARKED, Bytes, astronaut, drawn, found, framed, likeness, puppet, row, shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("found")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    return workbench(folder, stage="portrait")


def tall(made: Portrait) -> float:
    return max(y for _, y in made.face.jaw) - made.face.forehead[1]


def beside(one: Bytes, other: Bytes) -> Bytes:
    return np.hstack([one, other])


def test_an_open_smile_becomes_a_shut_mouth_with_its_teeth_kept(bench: Bench, folder: Path) -> None:
    made = found(bench, folder, astronaut())
    face = made.face
    assert face.confidence == 1.0
    assert face.upper_lip_inner == face.lower_lip_inner
    assert len(made.layers) == 9
    assert made.layers[-1].name == "person"
    lips, open_mouth = np.asarray(face.upper_lip_inner), framed(bench, made)
    shut, wide = shown(puppet(bench, made)), shown(puppet(bench, made), jawOpen=0.4)
    x, y = (int(value) for value in puppet(bench, made).landmarks(row()[None])[0][landmarks.UPPER_INNER][5])
    spot = (slice(y - 2, y + 2), slice(x - 8, x + 8))
    assert np.ptp(lips[:, 0]) > 0.25 * tall(made)
    assert shut[spot].min(axis=2).mean() < open_mouth[spot].min(axis=2).mean() - 40  # no white between the lips
    assert wide[y - 8 : y + 14, x - 6 : x + 6].min(axis=2).max() > 110  # but behind them


def test_larger_faces_come_first_and_face_picks_another(bench: Bench, folder: Path) -> None:
    near, far = astronaut(), cv2.resize(astronaut()[:360, 60:420], (280, 280), interpolation=cv2.INTER_AREA)
    group = beside(np.pad(np.asarray(far, np.uint8), ((0, 232), (0, 0), (0, 0)), mode="edge"), near)
    first, second = found(bench, folder, group), found(bench, folder, group, face=1)
    assert first.image != second.image
    assert first.face.nose != second.face.nose
    with pytest.raises(BadRequest, match="2 faces, 0 to 1"):
        found(bench, folder, group, face=2)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tiny", lambda p: cv2.resize(p, (180, 180), interpolation=cv2.INTER_AREA)),
        ("at the border", lambda p: p[70:190, 195:300]),
        ("grey", lambda p: cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)),
        ("dark", lambda p: (p * 0.25).astype(np.uint8)),
        ("mirrored", lambda p: p[:, ::-1]),
    ],
)
def test_hard_pictures_still_show_a_face(bench: Bench, folder: Path, name: str, change: object) -> None:
    made = found(bench, folder, np.ascontiguousarray(change(astronaut())))  # type: ignore[operator]
    assert 200 <= tall(made) <= 520, name


def test_a_half_covered_face_is_still_one(bench: Bench, folder: Path) -> None:
    covered = astronaut()
    covered[130:200, 180:270] = (60, 90, 120)
    assert found(bench, folder, covered).face.right.iris[0] > 0


def test_marks_choose_the_face_they_lie_on(bench: Bench, folder: Path) -> None:
    made = found(bench, folder, astronaut(), marks=MARKED)
    assert made.face.confidence == 1.0
    assert made == found(bench, folder, astronaut())


def test_marks_stand_in_where_no_face_is_found(bench: Bench, folder: Path) -> None:
    wall = np.full((300, 400, 3), 128, np.uint8)
    assert found(bench, folder, wall, marks=MARKED).face.confidence < 1.0


def test_no_face_and_a_face_too_small_are_told_apart(bench: Bench, folder: Path) -> None:
    with pytest.raises(BadRequest, match="No face was found"):
        found(bench, folder, np.full((300, 400, 3), 128, np.uint8))


def test_a_shut_mouth_at_rest_is_the_photograph_itself(bench: Bench, folder: Path) -> None:
    made = found(bench, folder, drawn(bench))
    assert likeness(shown(puppet(bench, made)), framed(bench, made)) > 36.0


@pytest.mark.parametrize("degrees", [-16.0, 16.0])
def test_a_tilted_head_opens_its_mouth_along_its_own_axis(bench: Bench, folder: Path, degrees: float) -> None:
    turn = cv2.getRotationMatrix2D((227.0, 130.0), -degrees, 1.0)
    tilted = np.asarray(cv2.warpAffine(astronaut(), turn, (512, 512), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    made = puppet(bench, found(bench, folder, tilted))
    points = made.landmarks(row(jawOpen=0.5)[None])[0]
    across, down = points[landmarks.LOWER_INNER][5] - points[landmarks.UPPER_INNER][5]
    assert np.degrees(np.arctan2(-across, down)) == pytest.approx(degrees, abs=7.0)
    assert down > 8.0
