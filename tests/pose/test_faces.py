"""Faces found in diffused footage, and footage that shows nobody."""

from pathlib import Path

import numpy as np
import pytest

from avatar.errors import BadOutput, Unavailable
from avatar.media import footage, video
from avatar.testing import workbench
from stages.pose.driving.faces import UNLOOKED, Finder
from tests.shared import shared


def test_a_real_face_is_found_in_every_frame(tmp_path: Path) -> None:
    path, model = shared("samples/real_speaker.mp4"), shared("models/face_landmarker.task")
    pytest.importorskip("mediapipe")
    bench = workbench(tmp_path)
    frames = (frame for number, (_, frame) in enumerate(video.colour(path)) if number < 6)
    shot = Finder(model.parent)(footage.keep(frames, bench.context, fps=25.0, seed=1), bench.context)
    assert shot.faces is not None
    points = np.load(bench.context.path(shot.faces))
    assert (points.shape, points.dtype) == ((6, 478, 2), np.float32)
    assert (points > 0).all()
    assert (points < 512).all()
    assert 150 < points[0, 152, 1] - points[0, 10, 1] < 450


def test_footage_of_nobody_is_no_footage(tmp_path: Path) -> None:
    model = shared("models/face_landmarker.task")
    pytest.importorskip("mediapipe")
    bench = workbench(tmp_path)
    grey = footage.keep(iter([np.full((64, 64, 3), 90, np.uint8)] * 3), bench.context, fps=25.0, seed=1)
    with pytest.raises(BadOutput, match="0 % of what was diffused"):
        Finder(model.parent)(grey, bench.context)


def test_without_a_model_nobody_looks_and_a_lost_one_is_told(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    grey = footage.keep(iter([np.full((64, 64, 3), 90, np.uint8)]), bench.context, fps=25.0, seed=1)
    assert Finder()(grey, bench.context).notes == (UNLOOKED,)
    with pytest.raises(Unavailable, match="Install it|Fetch it again"):
        Finder(tmp_path)(grey, bench.context)
