"""Wan-Animate as a pose backend: what it is shown, and a tiny release in the hub's layout through load and store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avatar.artifacts import Clip
from avatar.drive import Drive
from avatar.errors import BadRequest, Cancelled, OutOfMemory, Unavailable
from avatar.events import Glimpsed
from avatar.media import footage
from avatar.request import parse
from avatar.sampling import Sampling
from avatar.stage import Placement, Stage
from avatar.testing import Bench, workbench
from stages import pipeline
from stages.pose import Brief, Driving, Shooting
from stages.pose.animate_anyone.backend import AnimateAnyone
from stages.pose.animate_anyone.skeleton import FACE
from stages.pose.driving import people
from stages.pose.driving.looking import Looking
from stages.pose.driving.people import Figure
from stages.pose.wan_animate import casting, stickman, windows
from stages.pose.wan_animate.backend import WanAnimate
from stages.pose.wan_animate.perform import SHORTEST, Animator, segment, segments, unused
from tests.diffusion.replay import replayed
from tests.motion.talk import talk
from tests.pose.people import brief, png, portrait, somebody
from tests.pose.tiny_wan import write

SHOT = Shooting(width=64, height=80, fps=5.0)


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory) -> Placement:
    return write(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def perform(placement: Placement) -> Animator:
    loaded = WanAnimate().load(placement)
    assert isinstance(loaded, Animator)
    return loaded


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def asked(bench: Bench, **changes: object) -> Brief:
    wanted = brief(bench, talk("tadá.", repeat=1, start=0.1), fps=10)
    return replace(replace(wanted, sampling=Sampling(steps=2), shooting=SHOT), **changes)  # type: ignore[arg-type]


def shown(bench: Bench, clip: Clip) -> np.ndarray:
    assert clip.footage is not None
    return np.stack(list(footage.frames(clip.footage, bench.context)))


class Heard:
    """A context that is heard at each step and may then do something."""

    def __init__(self, bench: Bench, act: Callable[[int], None] = lambda _calls: None) -> None:
        self.told: list[tuple[int, int]] = []
        self._bench, self._act = bench, act

    def __getattr__(self, name: str) -> object:
        return getattr(self._bench.context, name)

    def step(self, done: int, total: int) -> None:
        self.told.append((done, total))
        self._act(len(self.told))


def seeing(perform: Animator, unit: float = 30.0) -> Animator:
    """The same with a detector that sees somebody in every picture, wherever that is."""

    def detect(picture: np.ndarray) -> Figure:
        height, width = picture.shape[:2]
        person = somebody((width, height), unit)
        return Figure(person.figure.points, np.where(people.within(person.figure.points, (width, height)), 1.0, 0.0))

    return replace(perform, looking=Looking({}, made=(detect, "")))


def grey(bench: Bench, frames: int, size: tuple[int, int] = (96, 128)) -> Driving:
    pictures = (np.full((size[1], size[0], 3), 90 + 5 * n, np.uint8) for n in range(frames))
    return Driving(video=footage.keep(pictures, bench.context, fps=10.0, name="driving").video)


def test_a_clip_gets_footage_of_the_film_s_rate_and_length(bench: Bench, perform: Animator) -> None:
    wanted = asked(bench)
    clip = perform(wanted, bench.context)
    made = clip.footage
    assert made is not None
    assert (made.width, made.height, made.fps, made.frames) == (64, 80, 10, wanted.clip.motion.frames)
    assert casting.OWN_FACE in made.notes
    assert len([event for event in bench.events if isinstance(event, Glimpsed)]) == 2  # one at each step
    assert [note for note in made.notes if "had no use" in note] == list(unused(SHOT))
    assert "; fps had no use" in unused(SHOT)[0]
    assert unused(Shooting(width=64, height=80)) == ()
    assert perform(wanted, bench.context).footage == made
    assert perform(replace(wanted, seed=8), bench.context).footage != made


def test_what_hardly_changes_is_taken_over_and_nothing_is_added_twice(bench: Bench, perform: Animator) -> None:
    wanted = asked(bench)
    plain = perform(wanted, bench.context)
    found = replayed(perform.model, lambda: perform(wanted, bench.context), "blocks")
    assert torch.equal(found.first[0], found.plain[0])
    assert torch.allclose(found.again[0], found.first[0], atol=1e-5)
    assert found.worked == 1
    told = replace(wanted, sampling=replace(wanted.sampling, cache_threshold=1.0))
    cached = perform(told, bench.context).footage
    assert cached is not None
    assert cached.diffusion is not None
    assert cached.diffusion.cache_threshold == 1.0
    assert any("the rest was taken over" in note for note in cached.notes)
    assert cached.video != plain.footage.video  # type: ignore[union-attr]
    assert perform(wanted, bench.context).footage == plain.footage


def test_a_segment_takes_nothing_over_from_the_one_before(
    bench: Bench, perform: Animator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.pose.wan_animate.perform.SEGMENT", SHORTEST)
    wanted = asked(bench)
    network, asks, works = perform.model.pipe.transformer, list[None](), list[None]()
    watching = network.register_forward_pre_hook(lambda *_: asks.append(None))
    counting = network.blocks[-1].attn1.register_forward_pre_hook(lambda *_: works.append(None))
    perform(replace(wanted, sampling=replace(wanted.sampling, cache_threshold=1.0)), bench.context)
    watching.remove()
    counting.remove()
    assert (len(asks), len(works)) == (4, 2)  # two segments of two steps, the first of which each time


def test_who_is_moved_by_a_video_takes_its_face_too(bench: Bench, perform: Animator) -> None:
    clip = seeing(perform)(asked(bench, driving=grey(bench, 20)), bench.context)
    assert clip.footage is not None
    assert casting.OWN_FACE not in clip.footage.notes
    other = replace(grey(bench, 20), motion="")
    assert seeing(perform)(asked(bench, driving=other), bench.context).footage == clip.footage


def test_who_is_put_into_a_video_has_its_shape(bench: Bench, perform: Animator) -> None:
    wanted = asked(
        bench, driving=replace(grey(bench, 20), replace=True), shooting=Shooting(width=64, height=80, fps=5.0)
    )
    made = seeing(perform)(wanted, bench.context).footage
    assert made is not None
    assert (made.width, made.height) == (64, 80)
    with pytest.raises(BadRequest, match="no video to put"):
        seeing(perform)(asked(bench, driving=Driving(replace=True)), bench.context)
    with pytest.raises(Unavailable, match="No detector"):
        perform(wanted, bench.context)


def test_only_it_takes_somebody_s_place(bench: Bench) -> None:
    drawn = asked(bench, clip=replace(asked(bench).clip, portrait=portrait(bench, kind="drawn")))
    place = replace(drawn, driving=Driving(replace=True))
    assert not WanAnimate().takes(drawn)
    assert WanAnimate().takes(place)
    assert WanAnimate().named(place)
    assert not AnimateAnyone().takes(replace(asked(bench), driving=Driving(replace=True)))
    assert WanAnimate().takes(replace(drawn, backend="wan-animate"))
    assert not WanAnimate().takes(replace(asked(bench), backend="animate-anyone"))


def test_progress_goes_by_segment_and_step(bench: Bench, perform: Animator) -> None:
    heard = Heard(bench)
    perform(asked(bench), heard)  # type: ignore[arg-type]
    done = [done for done, total in heard.told if total == 2]
    assert done == sorted(done)
    assert done[-1] == 2


def test_it_can_be_called_off_at_any_block(bench: Bench, perform: Animator) -> None:
    heard = Heard(bench)
    perform(asked(bench), heard)  # type: ignore[arg-type]
    whole = len(heard.told)
    for at in (1, whole // 2, whole - 1):

        def stop(calls: int, at: int = at) -> None:
            if calls == at:
                raise Cancelled("no longer wanted")

        with pytest.raises(Cancelled):
            perform(asked(bench), Heard(bench, stop))  # type: ignore[arg-type]
    assert perform(asked(bench), bench.context).footage is not None


def test_memory_that_is_short_once_decodes_in_tiles_and_for_good_is_told(bench: Bench, placement: Placement) -> None:
    fresh = WanAnimate().load(placement)
    heard = Heard(bench)
    fresh(asked(bench), heard)  # type: ignore[arg-type]
    middle = len(heard.told) // 2
    left = 1

    def once(calls: int) -> None:
        nonlocal left
        if calls >= middle and left:
            left -= 1
            raise torch.OutOfMemoryError("out of memory")

    made = fresh(asked(bench), Heard(bench, once)).footage  # type: ignore[arg-type]
    assert made is not None
    assert any("tile by tile" in note for note in made.notes)

    def ever(calls: int) -> None:
        if calls >= middle:
            raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(OutOfMemory):
        fresh(asked(bench), Heard(bench, ever))  # type: ignore[arg-type]


def test_weights_with_a_hole_are_not_loaded(tmp_path: Path) -> None:
    placement = write(tmp_path)
    (placement.weights["wan22-animate-14b"] / "transformer" / "config.json").unlink()
    with pytest.raises(Unavailable, match="wan22-animate-14b"):
        WanAnimate().load(placement)
    with pytest.raises(Unavailable, match="wan22-animate-14b"):
        WanAnimate().load(Placement())


@pytest.mark.parametrize(
    ("frames", "length", "many"),
    [(1, 5, 1), (5, 5, 1), (14, 17, 1), (77, 77, 1), (78, 77, 2), (153, 77, 2), (154, 77, 3)],
)
def test_segments_cover_the_film(frames: int, length: int, many: int) -> None:
    assert segment(frames) == length
    assert segments(frames, length) == many


def test_its_skeletons_have_feet_and_no_face() -> None:
    person = somebody((700, 1000))
    figure = Figure(person.figure.points, np.ones(people.POINTS))
    drawn = stickman.draw(figure, (700, 1400))
    assert (drawn == (200, 200, 0)).all(-1).any()
    assert not (drawn == 255).all(-1).any()
    assert not stickman.draw(replace(figure, scores=np.full(people.POINTS, 0.4)), (700, 1400)).any()


def test_a_face_s_window_is_a_third_larger_and_reaches_further_up() -> None:
    figure = somebody((700, 1000)).figure
    left, top, right, bottom = windows.box(figure, (700, 1000))
    low, high = figure.points[FACE].min(0), figure.points[FACE].max(0)
    assert (right - left) * (bottom - top) == pytest.approx(windows.AREA * (high - low).prod(), rel=0.03)
    assert low[1] - top > 2 * (bottom - high[1])
    assert windows.face(np.zeros((1000, 700, 3), np.uint8), figure).shape == (512, 512, 3)
    away = Figure(figure.points + 5000.0, figure.scores)
    assert windows.face(np.zeros((100, 70, 3), np.uint8), away).shape == (512, 512, 3)


def test_a_mask_covers_the_person_in_blocks() -> None:
    figure = somebody((700, 1000)).figure
    mask = windows.person(figure, (700, 1000))
    inside = people.within(figure.points, (700, 1000)) & (np.arange(people.POINTS) < 92)
    columns, rows = figure.points[inside].astype(int).T
    assert (mask[rows, columns] == 255).all()
    assert (mask == 0).any()
    head = Figure(figure.points, np.where(np.isin(np.arange(people.POINTS), people.HEAD), 1.0, 0.0))
    below = windows.person(head, (700, 1000))
    assert below[950, 350] == 255
    assert below[950, 20] == 0


def test_a_frame_fills_the_film_without_being_squeezed() -> None:
    frame = np.zeros((100, 300, 3), np.uint8)
    frame[:, 100:200] = 255
    assert (casting.filling(frame, (64, 64)) == 255).all()


def test_somebody_in_a_picture_moves_as_in_a_video_without_a_word(bench: Bench, perform: Animator) -> None:
    driving = grey(bench, 6)
    assert driving.video is not None
    figures = {"seconds": 0.5, "fps": 25, "width": 256, "height": 256, "seed": 3, "steps": 2}
    asked_for = parse({"kind": "video", "prompt": "she waves", **figures}).model_copy(
        update={"image": bench.blob(b"a picture", "image/png"), "video": driving.video}
    )
    seen: list[Brief] = []

    def run(stage: Stage[Any, Any], brief: Any) -> Any:
        match stage.name:
            case "portrait":
                return portrait(bench)
            case "pose":
                seen.append(replace(brief, shooting=replace(brief.shooting, width=64, height=64)))
                return seeing(perform)(seen[-1], bench.context)
            case _:
                return bench.perform(stage.chain[-1], brief)

    takes = pipeline.shoot(asked_for, run)
    assert [stage.name for stage in pipeline.route_of(asked_for)] == ["portrait", "motion", "pose", "video", "reel"]
    assert (takes.takes[0].width, takes.takes[0].seconds, takes.takes[0].seed) == (256, 0.48, 3)
    assert seen[0].speech is None
    assert not seen[0].driving.replace
    taken = asked_for.model_copy(update={"drive": Drive(replace=True), "variations": 2})
    both = pipeline.shoot(taken, run)
    assert [take.seed for take in both.takes] == [3, 4]
    assert seen[-1].driving.replace
    assert both.takes[0].file != takes.takes[0].file


def test_without_a_model_that_moves_it_the_film_is_made_after_the_picture_and_says_so(bench: Bench) -> None:
    image = bench.blob(png(np.full((96, 96, 3), 90, np.uint8)), "image/png")
    asked_for = parse(
        {"kind": "video", "prompt": "she waves", "seconds": 0.2, "width": 256, "height": 256, "seed": 3}
    ).model_copy(update={"image": image, "video": grey(bench, 2).video})

    def run(stage: Stage[Any, Any], brief: Any) -> Any:
        return portrait(bench) if stage.name == "portrait" else bench.perform(stage.chain[-1], brief)

    assert any("drifts" in note for note in pipeline.shoot(asked_for, run).takes[0].notes)
    named = asked_for.model_copy(update={"backends": {"video": "drift"}})
    assert "pose" not in [stage.name for stage in pipeline.route_of(named)]
