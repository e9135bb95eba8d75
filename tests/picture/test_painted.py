"""Pictures from the picture stage: as asked, in batches, from real pipelines of random weights, and when none can."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from avatar.artifacts import Take, Takes
from avatar.attempt import Wish
from avatar.batching import Batcher
from avatar.doors import report
from avatar.doors.api.answers import video
from avatar.engine import Engine
from avatar.errors import BadRequest, Unavailable
from avatar.events import Event, Progressed
from avatar.jobs.direct import DirectJobs
from avatar.jobs.service import Job
from avatar.request import parse
from avatar.sampling import Sampling
from avatar.stage import Batching, Placement, Stage
from avatar.store import FolderStore
from avatar.testing import Bench, workbench
from stages import pipeline
from stages.diffusion.models import SD15, SD_TURBO
from stages.picture import PICTURE, Brief
from stages.picture.drawn import Drawn
from stages.picture.painted import Atelier, Painted
from tests.diffusion import small
from tests.tiny import tiny_house

TWO = Sampling(steps=2)


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory) -> Placement:
    folder = small.saved(small.sd15(), tmp_path_factory.mktemp("sd15"), variant="fp16")
    return Placement(weights={"sd15": folder})


@pytest.fixture(scope="module")
def atelier(placement: Placement) -> Atelier:
    return Painted(SD15).load(placement)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path, stage="picture")


def pixels(bench: Bench, take: Take) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(bench.read(take.file))).convert("RGB"))


def brief(prompt: str = "a lighthouse", *, seed: int = 7, variations: int = 1, side: int = 64) -> Brief:
    return Brief(prompt, side, side, seed, variations, TWO)


def test_each_variation_is_a_take_with_its_seed(bench: Bench, atelier: Atelier) -> None:
    takes = atelier(brief(variations=3), bench.context)
    assert [take.seed for take in takes.takes] == [7, 8, 9]
    assert takes.sheet is not None
    assert {(take.width, take.height) for take in takes.takes} == {(64, 64)}
    assert takes.takes[0].notes == ()
    again = atelier(brief(seed=8), bench.context)
    assert np.abs(pixels(bench, takes.takes[1]).astype(int) - pixels(bench, again.takes[0])).max() <= 1


def test_a_size_off_the_grid_is_drawn_near_it_and_handed_out_as_asked(bench: Bench, atelier: Atelier) -> None:
    take = atelier(brief(side=70), bench.context).takes[0]
    assert (take.width, take.height) == pixels(bench, take).shape[:2] == (70, 70)
    assert take.notes == (
        "Stable Diffusion 1.5 draws 72 x 72 pixels instead of 70 x 70: sides in steps of 8, 64 to 1280.",
        "It was scaled to 70 x 70.",
    )


def test_briefs_that_agree_but_for_words_and_seed_run_together(bench: Bench, atelier: Atelier) -> None:
    one, other = brief("a lighthouse"), brief("a harbour", seed=70)
    assert isinstance(atelier, Batching)
    assert atelier.batch_key(one) == atelier.batch_key(other)
    assert atelier.batch_key(one) != atelier.batch_key(brief(side=72))
    assert atelier.batch_key(one) != atelier.batch_key(brief(variations=2))
    together = atelier.batch([one, other], [bench.context, bench.context])
    for made, alone in zip(together, (one, other), strict=True):
        single = atelier(alone, bench.context).takes[0]
        assert np.abs(pixels(bench, made.takes[0]).astype(int) - pixels(bench, single)).max() <= 1
        assert made.takes[0].seed == alone.seed


def test_the_queue_makes_a_batch_of_them(bench: Bench, atelier: Atelier) -> None:
    made = Batcher(window=0.0).run(atelier, brief(), context=bench.context, lane="cpu", group="picture")
    assert made.takes[0].seed == 7


def test_samplers_decide_which_model_is_asked() -> None:
    pndm = Brief("a lighthouse", 64, 64, 0, 1, Sampling(sampler="pndm"))
    assert "pndm does not go with SD-Turbo" in Painted(SD_TURBO).unmet(pndm)
    assert not Painted(SD15).unmet(pndm)
    assert not Painted(SD15).takes(Brief("", 64, 64, 0))


def test_a_job_tells_how_its_pictures_were_made_and_that_makes_them_again(tmp_path: Path) -> None:
    folder = small.saved(small.sd15(turbo=True), tmp_path / "weights", variant="fp16")
    place = Placement(weights={"sd-turbo": folder})
    engine = Engine(FolderStore(tmp_path, budget=10**9), place=lambda _, name: place if name == "sd-turbo" else None)
    jobs = DirectJobs(engine, render=pipeline.render, house=tiny_house())

    def made(**wishes: object) -> Job:
        asked = {"kind": "image", "prompt": "a lighthouse", "width": 256, "height": 256, "seed": 7, **wishes}
        return jobs.follow(jobs.submit(parse(asked)).id, lambda event: None)

    first = made(variations=2)
    assert first.outcome is not None
    assert first.outcome.takes is not None
    [told] = report.job(first, {})["output"]["diffusion"]
    output = video(first, "").output
    assert output is not None
    [answered] = output.model_dump(mode="json")["diffusion"]
    assert told | {"seeds": [7, 8]} == {name: value for name, value in answered.items() if value is not None}
    assert told == {
        "model": "sd-turbo", "seeds": (7, 8), "steps": 2, "guidance_scale": 0.0, "sampler": "euler-a", "width": 256,
        "height": 256, "frames": 1, "cache_threshold": 0.0, "negative_prompt": "",
    }  # fmt: skip
    names = ("steps", "guidance_scale", "sampler", "width", "height", "cache_threshold", "negative_prompt")
    again = made(variations=2, backends={"picture": told["model"]}, **{name: told[name] for name in names})
    assert again.outcome is not None
    assert again.outcome.takes == first.outcome.takes


def test_figures_that_make_no_sense_are_refused(bench: Bench, atelier: Atelier) -> None:
    with pytest.raises(BadRequest, match="0 steps"):
        atelier(Brief("a lighthouse", 64, 64, 0, 1, Sampling(steps=0)), bench.context)


def test_without_weights_an_avatar_is_drawn_and_the_reason_told(tmp_path: Path) -> None:
    def nobody(*_: object) -> Atelier:
        raise Unavailable("The weights sd15 are not there. Fetch sd15 again.")

    engine = Engine(FolderStore(tmp_path, budget=10**9))
    stage: Stage[Brief, Takes] = Stage("picture", Takes, (Painted(SD15, nobody), Drawn()))  # type: ignore[arg-type]
    told: list[Event] = []
    walk = engine.walk(engine.store.session(), Wish(listener=told.append))
    assert len(walk(stage, brief("a sailor", side=256, variations=2)).takes) == 2
    assert "Fetch sd15 again" in walk.fallbacks[0].why
    shares = [event.done / event.total for event in told if isinstance(event, Progressed)]
    assert shares == sorted(shares)
    assert shares[len(shares) // 2] == pytest.approx(0.5, abs=0.1), "the first of two is not all of the work"


def test_a_sampler_that_does_not_go_with_the_named_model_is_refused_at_the_door() -> None:
    ask = parse({"kind": "image", "prompt": "a lighthouse", "sampler": "pndm", "backends": {"picture": "sd-turbo"}})
    with pytest.raises(BadRequest, match="pndm does not go with this model.*Choose euler-a, euler"):
        pipeline.check(ask)
    pipeline.check(ask.model_copy(update={"backends": {"picture": "sd15"}}))


def test_models_come_before_the_drawn_floor() -> None:
    assert [backend.id for backend in PICTURE.chain] == ["sd-turbo", "sd15", "wan-image", "drawn"]
