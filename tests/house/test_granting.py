"""Wishes that no model of a machine can grant: who is asked instead, what the plan says, and who refuses them when."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from avatar import granting
from avatar.artifacts import Blob
from avatar.doors.cli import main
from avatar.engine import Engine
from avatar.errors import BadRequest
from avatar.events import Outcome
from avatar.jobs.direct import DirectJobs
from avatar.plan import Wishes
from avatar.planner import plan
from avatar.request import Ask, parse
from avatar.stage import Placement, Run
from avatar.store import FolderStore
from avatar.testing import GIGABYTE, scripted_machine
from hallway import reception
from hf_spaces_models import CATALOGUE
from stages import pipeline
from tests.api.served import serving
from tests.tiny import tiny_house

VIDEO: dict[str, Any] = {"kind": "video", "prompt": "waves at dusk", "seed": 1}
IMAGE: dict[str, Any] = {"kind": "image", "prompt": "a sailor", "seed": 1}


def having(folder: Path, *models: str) -> Engine:
    """An engine of a machine that has these models, and the floors."""
    places: Collection[str] = (*models, "drift", "projector", "drawn")
    return Engine(
        FolderStore(folder / "store", budget=GIGABYTE), place=lambda _, name: Placement() if name in places else None
    )


def asked(engine: Engine, ask: Ask) -> list[str]:
    """Those that would be asked for what `ask` wants, after the check at the door."""
    reception.check(ask, engine=engine)
    stage, brief = pipeline.wished(ask)
    able = granting.asked(stage, brief, backends=ask.backends, barred=(), placed=engine.place)
    return [backend.id for backend in able if engine.place(stage.name, backend.id)]


@pytest.mark.parametrize(
    ("body", "models", "who"),
    [
        (VIDEO, ("ltx", "wan21-t2v-13b"), ["ltx", "wan21-t2v-13b", "drift"]),
        (VIDEO | {"sampler": "unipc"}, ("ltx", "wan21-t2v-13b"), ["wan21-t2v-13b", "drift"]),
        (VIDEO | {"sampler": "pndm"}, ("ltx", "wan21-t2v-13b", "modelscope"), ["modelscope", "drift"]),
        (VIDEO | {"steps": 30}, ("ltx", "wan21-t2v-13b"), ["wan21-t2v-13b", "drift"]),
        (VIDEO | {"guidance_scale": 5}, ("ltx", "modelscope"), ["modelscope", "drift"]),
        (VIDEO | {"guidance_scale": 1}, ("ltx", "modelscope"), ["ltx", "modelscope", "drift"]),
        (VIDEO | {"seconds": 8}, ("wan21-t2v-13b", "modelscope"), ["modelscope", "drift"]),
        (VIDEO | {"cache_threshold": 0.1}, ("wan21-t2v-13b", "modelscope"), ["wan21-t2v-13b", "drift"]),
        (IMAGE | {"sampler": "pndm"}, ("sd-turbo", "sd15"), ["sd15", "drawn"]),
        (IMAGE | {"cache_threshold": 0.1}, ("sd-turbo", "sd15", "wan-image"), ["wan-image", "drawn"]),
        (VIDEO | {"steps": 30, "seconds": 60}, (), ["drift"]),
    ],
)
def test_a_wish_goes_to_the_first_model_that_grants_it(
    body: dict[str, Any], models: tuple[str, ...], who: list[str], tmp_path: Path
) -> None:
    assert asked(having(tmp_path, *models), parse(body)) == who


@pytest.mark.parametrize(
    ("body", "models", "said"),
    [
        (VIDEO | {"sampler": "unipc"}, ("ltx",), "distilled for the sampler euler, and unipc .* Not here, but able to"),
        (VIDEO | {"steps": 30}, ("ltx",), "LTX-Video was distilled for 8 steps, not 30"),
        (VIDEO | {"steps": 60}, ("modelscope",), "ModelScope takes at most 50 steps, not 60"),
        (VIDEO | {"guidance_scale": 5}, ("ltx",), "without guidance: leave guidance_scale out, or give 1 instead of 5"),
        (VIDEO | {"cache_threshold": 0.1}, ("modelscope",), "leave cache_threshold out"),
        (VIDEO | {"seconds": 9}, ("wan21-t2v-13b", "modelscope"), "at most 5.06 s, not 9. ModelScope films at most 8"),
        (VIDEO | {"frames": 1500}, ("ltx",), "LTX-Video films at most 10.7 s, not 60"),
        (IMAGE | {"sampler": "pndm"}, ("sd-turbo",), "pndm does not go with SD-Turbo: its first step .* It takes eul"),
        (IMAGE | {"steps": 25}, ("sd-turbo",), "SD-Turbo was distilled for 1, 2, 3 or 4 steps, not 25"),
        (VIDEO | {"steps": 9, "backends": {"video": "ltx"}}, ("ltx", "wan21-t2v-13b"), "distilled for 8 steps"),
    ],
)
def test_a_wish_that_none_here_grants_is_refused_before_there_is_a_job(
    body: dict[str, Any], models: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadRequest, match=said):
        reception.check(parse(body), engine=having(tmp_path, *models))


PHOTO: dict[str, Any] = {"text": "Hello.", "seed": 1, "image": Blob("0" * 64, "image/png", 9)}


@pytest.mark.parametrize(
    ("body", "models", "said"),
    [
        ({"sampler": "ddim"}, ("svd",), "ddim does not go with Stable Video Diffusion: it rounds .* It takes euler"),
        ({"cache_threshold": 0.1}, ("svd",), "Stable Video Diffusion takes nothing over"),
        ({"sampler": "unipc"}, ("svd", "animate-anyone"), "Stable Video Diffusion: .* unipc does not go with AnimateA"),
        ({"steps": 30, "backends": {"pose": "ltx2"}}, ("svd", "ltx2"), "LTX-2 was distilled for 8 steps, not 30"),
        ({"sampler": "ddim", "drive": {"motion": "greet"}}, ("svd", "wan-animate"), "does not go with Wan 2.2 Animate"),
        ({"kind": "video", "text": "", "video": PHOTO["image"], "sampler": "lms"}, ("wan-animate",), "Wan 2.2 Animate"),
    ],
)
def test_of_a_photograph_that_talks_a_wish_that_no_model_follows_is_refused(
    body: dict[str, Any], models: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    engine = having(tmp_path, *models, "idle", "warp")
    with pytest.raises(BadRequest, match=said):
        reception.check(parse(PHOTO | body), engine=engine)
    reception.check(parse(PHOTO | body), engine=having(tmp_path, "idle", "warp"))  # without models nobody is asked


def test_a_wish_that_one_model_of_a_talk_follows_is_that_one_s(tmp_path: Path) -> None:
    engine = having(tmp_path, "svd", "animate-anyone", "idle", "warp")
    reception.check(parse(PHOTO | {"sampler": "ddim", "steps": 30}), engine=engine)
    reception.check(parse({"text": "Hello.", "avatar": "ada", "sampler": "unipc"}), engine=engine)


def test_without_a_model_a_wish_is_no_reason_to_refuse_and_the_step_down_is_told(tmp_path: Path) -> None:
    engine = having(tmp_path)
    ask = parse(VIDEO | {"steps": 30, "seconds": 0.2, "width": 256, "height": 256})
    walk = engine.walk(engine.store.session())
    pipeline.shoot(ask, walk)
    assert [(step.backend, step.to) for step in walk.fallbacks] == [("ltx", "drift")]


def test_the_plan_of_a_request_says_why_a_model_is_passed_over() -> None:
    def planned(**wishes: Any) -> dict[str, str]:
        ask = parse(VIDEO | wishes)
        made = plan(
            pipeline.STAGES,
            machine=scripted_machine(),
            catalogue=CATALOGUE,
            installed={},
            wishes=Wishes(route=("video", "reel"), unmet=pipeline.unmet(ask)),
        )
        return {verdict.backend: verdict.why for verdict in made.verdicts if verdict.stage == "video"}

    plain, wished = planned(), planned(steps=30, guidance_scale=5)
    assert wished["ltx"].startswith("LTX-Video was distilled for 8 steps, not 30. LTX-Video works without guidance")
    assert wished["wan21-t2v-13b"] == plain["wan21-t2v-13b"]
    assert plain["ltx"] != wished["ltx"]


def house_of(engine: Engine) -> Any:
    return replace(tiny_house(), check=lambda ask: reception.check(ask, engine=engine))


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/plans"])
def test_the_api_refuses_it_with_422(path: str, tmp_path: Path) -> None:
    with serving(tmp_path, house=house_of(having(tmp_path, "ltx"))) as served:
        answer = served.client.post(path, json=VIDEO | {"steps": 30})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert "distilled for 8 steps" in answer.json()["detail"]
        assert served.client.post(path, json=VIDEO | {"steps": 8}).status_code in (200, 202)


@dataclass
class Door:
    """A hallway that opens one kind of house only."""

    jobs: DirectJobs

    def start(self) -> DirectJobs:
        return self.jobs


def test_the_command_line_refuses_it_before_it_takes_a_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = having(tmp_path, "ltx")
    begun: list[Ask] = []

    def render(ask: Ask, run: Run) -> Outcome:
        begun.append(ask)
        return pipeline.render(ask, run)

    door: Any = Door(DirectJobs(engine, render=render, house=house_of(engine)))
    assert main(["video", "waves", "--steps", "30", "-o", str(tmp_path / "a.mp4")], hallway=door) == 2
    assert "LTX-Video was distilled for 8 steps, not 30." in capsys.readouterr().err
    assert not begun
