"""What our own measures say of a drawn avatar is what an independent face finder sees in the same film."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar.quality import Rig, certificate, faces, landmarker, read_rig
from avatar.request import parse
from avatar.testing import workbench
from stages import pipeline
from tests.shared import shared

TEXT = "My mother may buy five big apples. Bob made up a map."


def spoken(folder: Path) -> tuple[Path, Rig]:
    """A film by the stages' floors, and its rig."""
    bench = workbench(folder, seed=1)

    def run(stage: Any, brief: Any) -> Any:
        return bench.perform(stage.chain[-1], brief)

    ask = parse({"text": TEXT, "avatar": "ada", "seed": 1, "width": 320, "height": 320})
    _, film = pipeline.show(ask, pipeline.say(ask, run), run=run)
    return bench.context.path(film.video), read_rig(bench.context.path(film.rig))


def test_mediapipe_and_the_rig_agree(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    model = shared("models/face_landmarker.task")
    film, rig = spoken(tmp_path)
    ours = {each.name: each.value for each in certificate(film, rig=rig).figures}
    found = certificate(film, landmarker=model, utterance=rig.utterance)
    if found.landmarks == "none":
        pytest.skip(next(each.note for each in found.figures if each.name == "head yaw"))
    theirs = {each.name: each.value for each in found.figures}
    for name, tolerance in (("audio-visual offset", 12.0), ("openness range", 0.025), ("bilabial closure", 15.0)):
        assert theirs[name] == pytest.approx(ours[name], abs=tolerance), name
    seen = landmarker.find(film, model)
    independent = faces.from_mediapipe(seen.points, seen.angles, 320, 320)
    drawn = faces.from_rig(rig, 320, 320)
    assert np.corrcoef(independent.gap, drawn.gap)[0, 1] > 0.9
    assert independent.angles is not None
    assert drawn.angles is not None
    for column in range(3):
        assert np.corrcoef(independent.angles[:, column], drawn.angles[:, column])[0, 1] > 0.6
