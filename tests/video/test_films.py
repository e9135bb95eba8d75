"""Each model that films, from its folder to the film: real classes at tiny size."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from avatar.artifacts import Blob, Footages, Takes
from avatar.attempt import Wish
from avatar.engine import Engine
from avatar.errors import BadRequest, Cancelled
from avatar.events import Event, FellBack, Progressed
from avatar.media import footage
from avatar.request import Ask, parse
from avatar.residency import Residency
from avatar.sampling import Sampler, Sampling
from avatar.stage import Placement
from avatar.store import FolderStore
from avatar.testing import GIGABYTE, Bench, workbench
from stages import pipeline
from stages.diffusion.cameras import CAMERAS
from stages.diffusion.shots import Scene, settle
from stages.video import VIDEO, Brief
from stages.video.neural import CHAIN, Neural
from tests.video import small

PROMPT = "a lighthouse in the fog"
MODELS: dict[str, tuple[str, Callable[[], Any], str | None]] = {
    "wan21-t2v-13b": ("wan21-t2v-13b", small.wan21, None),
    "wan22-ti2v-5b": ("wan22-ti2v-5b", small.wan22_5b, None),
    "wan22-a14b": ("wan22-t2v-a14b", small.wan22_a14b, None),
    "modelscope": ("modelscope-t2v", small.modelscope, "fp16"),
    "wan21-i2v": ("wan21-i2v-14b", small.wan21_i2v, None),
}
"""By backend: its weights, how to build them, and the variant that its files are of."""


@pytest.fixture(scope="module")
def placements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Placement]:
    folder = tmp_path_factory.mktemp("weights")
    made = {}
    for name, (weights, build, variant) in MODELS.items():
        made[name] = small.placed(build(), folder, weights, variant=variant)
    made["wan21-i2v"].weights["wan21-causvid-lora"] = small.causvid(folder / "lora")
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def a_picture(bench: Bench) -> Blob:
    shown = np.full((96, 128, 3), (60, 120, 200), np.uint8)
    cv2.circle(shown, (64, 48), 30, (30, 200, 240), -1)
    return bench.blob(cv2.imencode(".png", shown)[1].tobytes(), "image/png")


def a_brief(**changes: Any) -> Brief:
    told: dict[str, Any] = {
        "prompt": PROMPT, "image": None, "seconds": 0.5, "width": 64, "height": 64, "seed": 5,
        "sampling": Sampling(steps=2),
    } | changes  # fmt: skip
    return Brief(**told)


def filmed(bench: Bench, made: Footages) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    return [np.stack(list(footage.frames(shot, bench.context))) for shot in made.shots]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_films_from_its_folder_to_the_handed_out_film(
    name: str, placements: dict[str, Placement], tmp_path: Path
) -> None:
    bench = workbench(tmp_path)
    told: list[Event] = []
    engine = Engine(
        FolderStore(tmp_path / "films", budget=GIGABYTE),
        place=lambda stage, backend: placements.get(backend) if stage == "video" and backend in MODELS else Placement(),
        residency=Residency(),
    )
    session = engine.store.session()
    scratch = tmp_path / "picture.png"
    scratch.write_bytes(bench.read(a_picture(bench)))
    image = session.keep(scratch, "image/png") if name == "wan21-i2v" else None
    ask = parse(
        {"kind": "video", "prompt": PROMPT, "seconds": 0.3, "width": 256, "height": 256, "seed": 1, "steps": 2,
         "backends": {"video": name}}
    ).model_copy(update={"image": image})  # fmt: skip
    walk = engine.walk(session, Wish(listener=told.append, backends=ask.backends))
    takes = pipeline.shoot(ask, walk)
    assert walk.backends["video"] == name
    assert isinstance(takes, Takes)
    assert (takes.takes[0].width, takes.takes[0].fps) == (256, 25)
    assert takes.takes[0].seconds == pytest.approx(0.3, abs=0.15)
    assert not [event for event in told if isinstance(event, FellBack)]
    assert [event for event in told if isinstance(event, Progressed) and event.stage == "video"]


@pytest.mark.parametrize("name", ["wan21-t2v-13b", "modelscope"])
def test_one_film_is_what_the_plain_pipeline_makes(name: str, bench: Bench, placements: dict[str, Placement]) -> None:
    made = bench.perform(Neural(name), a_brief(), placement=placements[name])
    weights, build, variant = MODELS[name]
    pipe = type(build()).from_pretrained(
        placements[name].weights[weights], variant=variant, dtype=torch.float32, local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    crew = Neural(name).load(placements[name])
    pipe.scheduler = _scheduler(crew)
    camera = crew.crew.camera  # type: ignore[attr-defined]
    plain = pipe(
        PROMPT,
        negative_prompt=camera.negative,
        width=64,
        height=64,
        num_frames=9 if name.startswith("wan") else 4,
        num_inference_steps=2,
        guidance_scale=camera.limits.guidance,
        generator=torch.Generator("cpu").manual_seed(5),
        output_type="np",
    ).frames[0]
    wanted = (plain * 255).round().astype(np.uint8)
    [mine] = filmed(bench, made)
    assert len(mine) == (8 if name.startswith("wan") else 4)
    off = np.abs(mine.astype(int) - wanted[: len(mine)])
    assert off.max() <= (1 if name == "modelscope" else 0)  # whose frames are decoded two at a time
    assert (off > 0).mean() < 0.01


def _scheduler(cinema: Any) -> Any:
    from stages.diffusion import schedulers

    model, camera = cinema.crew.model, cinema.crew.camera
    firsts: dict[str, Sampler] = {"wan": "unipc", "modelscope": "dpm++"}
    first = firsts[camera.limits.family]
    return schedulers.build(camera.limits.family, first, model.published, shift=camera.shift)


def test_seeds_rule_what_is_seen(bench: Bench, placements: dict[str, Placement]) -> None:
    cinema = Neural("wan21-t2v-13b").load(placements["wan21-t2v-13b"])
    two = cinema(a_brief(variations=2), bench.context)
    assert [shot.seed for shot in two.shots] == [5, 6]
    assert two.shots[0].video != two.shots[1].video
    assert cinema(a_brief(variations=2), bench.context) == two
    assert cinema(a_brief(seed=5), bench.context) == cinema(a_brief(seed=5), bench.context)


@pytest.mark.parametrize("name", ["wan21-t2v-13b", "modelscope"])
def test_what_a_model_chose_itself_given_back_to_it_makes_the_same(
    name: str, bench: Bench, placements: dict[str, Placement]
) -> None:
    cinema = Neural(name).load(placements[name])
    first = cinema(a_brief(width=100, height=90), bench.context).shots[0]
    how, own = first.diffusion, CAMERAS[name]
    assert how is not None
    assert (how.model, how.seeds, how.steps, how.fps) == (name, (5,), 2, own.fps)
    assert (how.guidance_scale, how.negative_prompt) == (own.limits.guidance, own.negative)
    assert (how.width, how.height, how.decode_chunk) == (first.width, first.height, None)
    given = Sampling(how.steps, how.guidance_scale, how.sampler, how.negative_prompt, how.cache_threshold)
    again = cinema(a_brief(width=how.width, height=how.height, sampling=given, seed=how.seeds[0]), bench.context)
    assert (again.shots[0].video, again.shots[0].diffusion) == (first.video, how)


def test_ti2v_films_after_words_and_after_a_picture_in_turn(bench: Bench, placements: dict[str, Placement]) -> None:
    cinema = Neural("wan22-ti2v-5b").load(placements["wan22-ti2v-5b"])
    words = cinema(a_brief(), bench.context)
    picture = cinema(a_brief(image=a_picture(bench)), bench.context)
    assert picture.shots[0].video != words.shots[0].video
    assert cinema(a_brief(), bench.context) == words
    assert cinema(a_brief(prompt="", image=a_picture(bench)), bench.context).shots[0].frames == 12


def test_a_film_that_was_brought_is_told_not_to_have_been_followed(
    bench: Bench, placements: dict[str, Placement]
) -> None:
    brief = a_brief(image=a_picture(bench), driving=a_picture(bench))
    made = bench.perform(Neural("wan22-ti2v-5b"), brief, placement=placements["wan22-ti2v-5b"])
    assert any("was not followed" in note for note in made.shots[0].notes)


def test_what_is_off_the_model_s_grid_is_put_right_and_told(bench: Bench, placements: dict[str, Placement]) -> None:
    cinema = Neural("wan21-t2v-13b").load(placements["wan21-t2v-13b"])
    odd = cinema(a_brief(width=100, height=90, seconds=0.4), bench.context).shots[0]
    assert (odd.width, odd.height, odd.frames) == (96, 96, 6)
    assert any("96 x 96 pixels instead of 100 x 90" in note for note in odd.notes)


def test_a_film_too_long_is_cut_and_told() -> None:
    for name, most in {"wan21-t2v-13b": 81, "ltx": 257, "wan22-ti2v-5b": 121, "modelscope": 64}.items():
        slate = settle(CAMERAS[name], Scene(PROMPT, (1,), 10.0**6, 512, 512))
        assert slate.kept == slate.settled.frames == most
        assert any("the film was cut to that" in note for note in slate.settled.notes)
        short = settle(CAMERAS[name], Scene(PROMPT, (1,), 0.01, 512, 512))
        assert short.kept == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_no_length_is_refused_before_anything_is_loaded(seconds: float) -> None:
    with pytest.raises(BadRequest, match="more than 0 seconds"):
        settle(CAMERAS["modelscope"], Scene(PROMPT, (1,), seconds, 64, 64))


def test_it_stops_within_a_step_and_is_fit_for_the_next(bench: Bench, placements: dict[str, Placement]) -> None:
    cinema = Neural("modelscope").load(placements["modelscope"])
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        cinema(a_brief(), bench.context)
    bench.cancelled.clear()
    assert cinema(a_brief(), bench.context) == cinema(a_brief(), bench.context)


def test_scenes_that_differ_in_words_and_seed_are_filmed_together(
    bench: Bench, placements: dict[str, Placement]
) -> None:
    cinema: Any = Neural("wan21-t2v-13b").load(placements["wan21-t2v-13b"])
    first, second = a_brief(), a_brief(prompt="a train", seed=9)
    assert cinema.batch_key(first) == cinema.batch_key(second) is not None
    assert cinema.batch_key(a_brief(seconds=1.0)) != cinema.batch_key(first)
    assert cinema.batch_key(a_brief(image=a_picture(bench))) is None
    both = cinema.batch([first, second], [bench.context, bench.context])
    alone = filmed(bench, cinema(second, bench.context))[0]
    together = filmed(bench, both[1])[0]
    assert [each.shots[0].seed for each in both] == [5, 9]
    assert np.abs(alone.astype(int) - together).max() <= 2


def test_the_adapter_is_fused_into_the_network(placements: dict[str, Placement]) -> None:
    cinema: Any = Neural("wan21-i2v").load(placements["wan21-i2v"])
    fused = cinema.crew.model.pipe.transformer.blocks[0].attn1.to_q
    whole: Any = small.wan21_i2v()
    plain = whole.transformer.blocks[0].attn1.to_q
    assert type(fused) is torch.nn.Linear
    down, up = small.adapter()["down"], small.adapter()["up"]
    assert torch.allclose(fused.weight, plain.weight + 0.95 * (up @ down), atol=1e-6)


def test_who_takes_what() -> None:
    words, picture = a_brief(), a_brief(prompt="", image=Blob("0" * 64, "image/png", 1))
    both = a_brief(image=Blob("0" * 64, "image/png", 1))
    taken = [[backend.id for backend in CHAIN if backend.takes(brief)] for brief in (words, picture, both)]
    assert taken == [
        ["ltx", "wan22-ti2v-5b", "wan21-t2v-13b", "wan22-a14b", "modelscope"],
        ["ltx", "wan22-ti2v-5b", "wan21-i2v"],
        ["ltx", "wan22-ti2v-5b", "wan21-i2v"],
    ]
    assert [backend.id for backend in VIDEO.chain][-1] == "drift"


def test_falling_to_a_drifting_camera_is_told(tmp_path: Path) -> None:
    engine = Engine(
        FolderStore(tmp_path / "films", budget=GIGABYTE),
        place=lambda stage, backend: Placement() if backend in ("drift", "projector") else None,
    )
    walk = engine.walk(engine.store.session())
    ask = Ask(kind="video", prompt=PROMPT, seconds=0.2, width=256, height=256, seed=1)
    takes = pipeline.shoot(ask, walk)
    assert "drawn avatar" in takes.takes[0].notes[0]
    assert [(each.backend, each.to) for each in walk.fallbacks] == [("ltx", "drift")]
