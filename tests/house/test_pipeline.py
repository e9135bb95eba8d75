"""The pipeline: which stage is asked what, in which order."""

from pathlib import Path
from typing import Any

import pytest

from avatar.engine import Engine, Walk
from avatar.errors import BadRequest, NotFound
from avatar.events import Outcome
from avatar.request import parse
from avatar.stage import Stage
from avatar.store import FolderStore
from stages import pipeline
from stages.portrait.drawn import gallery
from tests.tiny import Tiny


class Told:
    """A run over the tiny product that keeps what was asked."""

    def __init__(self, folder: Path) -> None:
        self.store = FolderStore(folder, budget=10**6)
        self.session = self.store.session()
        self.walk: Walk = Engine(self.store).walk(self.session)
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, stage: Stage[Any, Any], brief: Any, /) -> Any:
        self.asked.append((stage.name, brief))
        return self.walk(Tiny().stage(stage), brief)

    def __getitem__(self, name: str) -> Any:
        return dict(self.asked)[name]


def rendered(folder: Path, **wishes: object) -> tuple[Outcome, Told]:
    told = Told(folder)
    return pipeline.render(parse({"text": "Hello.", "seed": 5, **wishes}), told), told


def test_the_stages_come_in_order_and_all_are_planned(tmp_path: Path) -> None:
    outcome, told = rendered(tmp_path)
    assert [name for name, _ in told.asked] == ["speech", "portrait", "motion", "pose", "lips", "film"]
    assert [stage.name for stage in pipeline.STAGES] == [name for name, _ in told.asked]
    assert (outcome.mode, outcome.seed, outcome.degraded) == ("video", 5, False)


def test_every_chain_ends_in_a_floor() -> None:
    assert all(stage.chain[-1].needs.floor for stage in pipeline.STAGES)


def test_wishes_reach_their_stages(tmp_path: Path) -> None:
    live = {"head": 0.5, "blink": 2, "gaze": 0, "expression": 1.5}
    asked = {"width": 640, "height": 360, "fps": 50, "captions": "soft", "rate": 1.5, "pitch": -2, "motion": live}
    _, told = rendered(tmp_path, **asked)
    assert (told["speech"].text, told["speech"].rate, told["speech"].pitch) == ("Hello.", 1.5, -2)
    motion, pose, film = told["motion"], told["pose"], told["film"]
    assert (motion.seconds, motion.fps, motion.head, motion.blink, motion.gaze) == (1.0, 50, 0.5, 2, 0)
    assert (pose.head, pose.expression, pose.seed) == (0.5, 1.5, 5)
    assert (film.width, film.height, film.captions) == (640, 360, "soft")


def test_the_voice_fits_the_avatar_unless_one_is_named(tmp_path: Path) -> None:
    for look in gallery():
        _, told = rendered(tmp_path / look.id, avatar=look.id)
        assert told["speech"].voice == look.voice
    assert rendered(tmp_path / "named", voice="de")[1]["speech"].voice == "de"


def test_a_named_avatar_is_the_same_picture_whatever_the_seed(tmp_path: Path) -> None:
    name = gallery()[0].id
    one, other = (rendered(tmp_path / str(seed), avatar=name, prompt="x", seed=seed)[1] for seed in (1, 2))
    assert one["portrait"] == other["portrait"]
    assert rendered(tmp_path / "prompt", prompt="a teacher")[1]["portrait"].seed == 5


def test_an_unknown_avatar_is_found_out_first(tmp_path: Path) -> None:
    told = Told(tmp_path)
    with pytest.raises(NotFound):
        pipeline.render(parse({"text": "Hello.", "avatar": "nobody at all"}), told)
    assert told.asked == []


@pytest.mark.parametrize("text", ["مرحبا", "नमस्ते", "สวัสดี", "Hello, then مرحبا"])
def test_captions_that_cannot_be_burned_are_found_out_first(tmp_path: Path, text: str) -> None:
    told = Told(tmp_path)
    with pytest.raises(BadRequest, match="ask for soft captions"):
        pipeline.render(parse({"text": text, "captions": "burned"}), told)
    assert told.asked == []


def test_captions_that_nobody_burns_may_be_in_any_script(tmp_path: Path) -> None:
    assert rendered(tmp_path / "soft", text="مرحبا", captions="soft")[0].mode == "video"
    assert rendered(tmp_path / "sound", text="مرحبا", captions="burned", kind="speech")[0].mode == "audio_only"
    assert rendered(tmp_path / "drawable", text="Grüße 你好 שלום", captions="burned")[0].mode == "video"
