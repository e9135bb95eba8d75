"""AnimateAnyone as a pose backend: a tiny release in the published files, through load, stage and store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avatar.artifacts import Blob, Clip, Footage
from avatar.engine import Engine, cache_key
from avatar.errors import BadRequest, Cancelled, NotFound, OutOfMemory, Unavailable
from avatar.events import Glimpsed
from avatar.face import tracks
from avatar.media import footage
from avatar.sampling import Sampling
from avatar.stage import Performer, Placement
from avatar.testing import Bench, workbench
from stages.diffusion.compiling import USED, Compiling
from stages.pose import POSE, Brief, Driving, Shooting
from stages.pose.animate_anyone.backend import AnimateAnyone
from stages.pose.animate_anyone.perform import LEAN, Animator
from stages.pose.driving import people
from stages.pose.driving.looking import Looking
from stages.pose.driving.people import Figure
from tests.animate_anyone.tiny_release import write
from tests.motion.talk import talk
from tests.pose.people import brief, portrait, somebody

SHOT = Shooting(width=64, height=64, fps=5.0, window=4, overlap=1)
TWO = Sampling(steps=2)


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory) -> Placement:
    return write(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def perform(placement: Placement) -> Performer[Brief, Clip]:
    return AnimateAnyone().load(placement)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def asked(bench: Bench, **changes: object) -> Brief:
    wanted = replace(brief(bench, talk("tadá.", repeat=1, start=0.1), fps=10), sampling=TWO, shooting=SHOT)
    return replace(wanted, **changes)  # type: ignore[arg-type]


def shown(bench: Bench, clip: Clip) -> np.ndarray:
    assert clip.footage is not None
    return np.stack(list(footage.frames(clip.footage, bench.context)))


def video_of(bench: Bench, frames: list[np.ndarray], fps: float = 10.0) -> Blob:
    return footage.keep(iter(frames), bench.context, fps=fps, name="driving").video


def test_a_clip_gets_footage_of_the_film_s_rate_and_length(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    wanted = asked(bench)
    clip = perform(wanted, bench.context)
    made = clip.footage
    assert isinstance(made, Footage)
    assert (made.width, made.height, made.fps, made.frames) == (64, 64, 10, wanted.clip.motion.frames)
    assert (made.seed, made.faces) == (wanted.seed, None)
    assert clip.motion.frames == wanted.clip.motion.frames
    assert shown(bench, clip).std() > 1.0
    track = tracks.read(bench.context.path(clip.motion.tracks))
    assert not track[0, : len(tracks.HEAD)].any()
    assert np.abs(track[:, : len(tracks.HEAD)]).max() > 0.0


def test_the_same_seed_is_the_same_footage_and_another_is_another(
    bench: Bench, perform: Performer[Brief, Clip]
) -> None:
    wanted = asked(bench)
    first = perform(wanted, bench.context)
    assert perform(wanted, bench.context) == first
    assert perform(replace(wanted, seed=9), bench.context).footage != first.footage


def test_photographs_are_taken_and_drawings_only_by_name(bench: Bench) -> None:
    wanted, backend = asked(bench), AnimateAnyone()
    drawn = replace(wanted, clip=replace(wanted.clip, portrait=portrait(bench, kind="drawn")))
    assert backend.takes(wanted)
    assert not backend.takes(drawn)
    assert backend.takes(replace(drawn, backend="animate-anyone"))
    assert not backend.takes(replace(wanted, backend="warp"))
    assert not backend.named(wanted)
    made = footage.keep(iter(noise(2)), bench.context, fps=10.0, seed=5)
    diffused = replace(wanted, clip=replace(wanted.clip, footage=made))
    filmed = replace(wanted, clip=replace(wanted.clip, footage=replace(made, filmed=True)))
    assert backend.takes(diffused)
    assert not backend.takes(filmed)
    assert backend.takes(replace(filmed, backend="animate-anyone"))
    assert backend.named(replace(wanted, driving=Driving(motion="greet")))
    assert backend.named(replace(drawn, driving=Driving(motion="greet")))
    assert not backend.takes(replace(drawn, backend="warp", driving=Driving(motion="greet")))
    assert backend.named(replace(wanted, backend="animate-anyone"))


def test_the_stage_walks_on_to_warp_where_there_are_no_weights(bench: Bench) -> None:
    wanted = asked(bench)
    walk = Engine(bench.store).walk(bench.session)
    assert walk(POSE, wanted).footage is None
    assert [(step.backend, step.to) for step in walk.fallbacks] == [
        ("ltx2", "animate-anyone"),
        ("animate-anyone", "wan-animate"),
        ("wan-animate", "warp"),
    ]
    assert "Fetch the weights of AnimateAnyone" in walk.fallbacks[1].why


def test_all_that_changes_the_footage_changes_its_key(bench: Bench, placement: Placement) -> None:
    wanted = asked(bench)
    others = [
        replace(wanted, sampling=Sampling(steps=3)),
        replace(wanted, sampling=Sampling(steps=2, guidance=2.0)),
        replace(wanted, shooting=replace(SHOT, between="latents")),
        replace(wanted, shooting=replace(SHOT, window=6)),
        replace(wanted, driving=Driving(motion="greet")),
        replace(wanted, driving=Driving(gestures=0.5)),
    ]
    keys = {cache_key("pose", AnimateAnyone(), brief=each, revision=str, placement=placement) for each in others}
    detector = replace(placement, weights={**placement.weights, "dwpose": Path("x")})
    keys.add(cache_key("pose", AnimateAnyone(), brief=wanted, revision=str, placement=placement))
    keys.add(cache_key("pose", AnimateAnyone(), brief=wanted, revision=str, placement=detector))
    assert len(keys) == len(others) + 2


def test_a_motion_by_name_moves_somebody_else_than_the_speech_does(
    bench: Bench, perform: Performer[Brief, Clip]
) -> None:
    wanted = asked(bench, driving=Driving(motion="agree"))
    track = tracks.read(bench.context.path(perform(wanted, bench.context).motion.tracks))
    assert track[:, tracks.COLUMN["headPitch"]].min() < -4.0
    with pytest.raises(NotFound, match="no motion"):
        perform(asked(bench, driving=Driving(motion="juggle")), bench.context)


def test_latents_may_be_what_is_interpolated(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    flow = perform(asked(bench), bench.context).footage
    latents = perform(asked(bench, shooting=replace(SHOT, between="latents")), bench.context).footage
    assert flow is not None
    assert latents is not None
    assert latents.frames == flow.frames
    assert latents.video != flow.video


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


def test_progress_goes_up_by_window_and_step_to_its_end(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    heard = Heard(bench)
    perform(asked(bench), heard)  # type: ignore[arg-type]
    last = heard.told[-1]
    diffused = [done for done, total in heard.told if total == last[1]]
    assert last[0] == last[1]
    assert diffused == sorted(diffused)
    assert len(set(diffused)) > 6


def test_it_can_be_called_off_at_every_step(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    wanted = asked(bench)
    heard = Heard(bench)
    perform(wanted, heard)  # type: ignore[arg-type]
    whole = len(heard.told)
    for at in (1, 5, whole // 2, whole):

        def stop(calls: int, at: int = at) -> None:
            if calls == at:
                raise Cancelled("no longer wanted")

        with pytest.raises(Cancelled):
            perform(wanted, Heard(bench, stop))  # type: ignore[arg-type]
    assert perform(wanted, bench.context).footage is not None


def short(at: int, *, times: int) -> Callable[[int], None]:
    """Memory that does not suffice from the `at`-th call on, so many times."""
    left = times

    def act(calls: int) -> None:
        nonlocal left
        if calls >= at and left:
            left -= 1
            raise torch.OutOfMemoryError("none left")

    return act


@pytest.mark.parametrize("share", [0.15, 0.5, 0.8, 0.97])
def test_memory_that_never_suffices_sends_on_to_the_next_backend(
    bench: Bench, perform: Performer[Brief, Clip], share: float
) -> None:
    heard = Heard(bench)
    perform(asked(bench), heard)  # type: ignore[arg-type]
    at = round(share * len(heard.told))
    with pytest.raises(OutOfMemory, match="64 x 64 pixels"):
        perform(asked(bench), Heard(bench, short(at, times=10**6)))  # type: ignore[arg-type]


def test_memory_that_is_short_once_makes_smaller_parts_first(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    heard = Heard(bench)
    plain = perform(asked(bench), heard)  # type: ignore[arg-type]
    clip = perform(asked(bench), Heard(bench, short(len(heard.told) // 2, times=1)))  # type: ignore[arg-type]
    assert np.abs(shown(bench, clip).astype(int) - shown(bench, plain)).max() <= 1
    assert clip.footage is not None
    assert LEAN not in clip.footage.notes


def test_memory_that_is_short_while_preparing_begins_anew_with_the_least(
    bench: Bench, perform: Performer[Brief, Clip]
) -> None:
    heard = Heard(bench)
    perform(asked(bench), heard)  # type: ignore[arg-type]
    first = next(n for n, (_, total) in enumerate(heard.told, start=1) if total > 1)
    clip = perform(asked(bench), Heard(bench, short(first + 1, times=1)))  # type: ignore[arg-type]
    assert clip.footage is not None
    assert LEAN in clip.footage.notes


def test_networks_that_take_turns_make_the_same_film(
    bench: Bench, placement: Placement, perform: Performer[Brief, Clip]
) -> None:
    by_turns = Animator.load(replace(placement, offload="model"))
    assert np.array_equal(
        shown(bench, by_turns(asked(bench), bench.context)), shown(bench, perform(asked(bench), bench.context))
    )


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"sampling": Sampling(steps=0)}, "0 steps"),
        ({"sampling": Sampling(guidance=float("nan"))}, "guidance of nan"),
        ({"shooting": replace(SHOT, window=9)}, "over the model's 8"),
        ({"shooting": replace(SHOT, overlap=4)}, "can't be laid"),
        ({"shooting": replace(SHOT, fps=0.0)}, "0 frames a second"),
        ({"shooting": replace(SHOT, width=10)}, "can't be diffused"),
    ],
)
def test_what_can_not_be_made_is_refused(
    bench: Bench, perform: Performer[Brief, Clip], changes: dict[str, object], phrase: str
) -> None:
    long = replace(brief(bench, fps=10), sampling=TWO, shooting=SHOT)
    with pytest.raises(BadRequest, match=phrase):
        perform(replace(long, **changes), bench.context)  # type: ignore[arg-type]


def test_what_it_does_not_know_is_told(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    wanted = asked(bench, sampling=Sampling(steps=1, sampler="euler", negative="ugly"))
    made = perform(replace(wanted, shooting=replace(SHOT, width=70)), bench.context).footage
    assert made is not None
    told = " ".join(made.notes)
    assert "euler does not fit it" in told
    assert "reads no words" in told
    assert "64 x 64 pixels, multiples of 64" in told


def noise(frames: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (64, 64, 3), np.uint8) for _ in range(frames)]


def test_a_driving_video_needs_a_detector_and_footage_does_not(bench: Bench, perform: Performer[Brief, Clip]) -> None:
    driven = asked(bench, driving=Driving(video=video_of(bench, noise(3))))
    with pytest.raises(Unavailable, match="No detector"):
        perform(driven, bench.context)
    made = footage.keep(iter(noise(3)), bench.context, fps=10.0)
    wanted = asked(bench)
    clip = perform(replace(wanted, clip=replace(wanted.clip, footage=made)), bench.context)
    assert clip.footage is not None
    assert any("movement was not taken over" in note for note in clip.footage.notes)


def test_a_driving_video_that_shows_nobody_is_refused(
    bench: Bench, placement: Placement, perform: Performer[Brief, Clip]
) -> None:
    assert isinstance(perform, Animator)
    blind = replace(perform, looking=Looking({}, made=(lambda _picture: None, "")))
    with pytest.raises(BadRequest, match="Nobody was found"):
        blind(asked(bench, driving=Driving(video=video_of(bench, noise(3)))), bench.context)
    with pytest.raises(BadRequest, match="not a film"):
        blind(asked(bench, driving=Driving(video=bench.blob(b"nothing", "video/mp4"))), bench.context)


def test_a_driving_video_moves_the_portrait_and_tells_what_was_not_seen(
    bench: Bench, perform: Performer[Brief, Clip]
) -> None:
    assert isinstance(perform, Animator)
    other = somebody((900, 1400), 150.0)
    frames = iter(range(8))

    def nods(_picture: np.ndarray) -> Figure:
        points = other.figure.points.copy()
        points[list(people.HEAD), 0] += 4.0 * next(frames)
        return Figure(points, other.figure.scores)

    sees = replace(perform, looking=Looking({}, made=(nods, "Feet were not seen.")))
    clip = sees(asked(bench, driving=Driving(video=video_of(bench, noise(8)))), bench.context)
    assert clip.footage is not None
    assert "Feet were not seen." in clip.footage.notes
    assert any("goes to and fro" in note for note in clip.footage.notes)
    track = tracks.read(bench.context.path(clip.motion.tracks))
    assert track[6, tracks.COLUMN["headX"]] == pytest.approx(24.0 / 150.0, rel=0.15)
    assert np.abs(track[:, tracks.COLUMN["headYaw"]]).max() < 1.0


@pytest.mark.parametrize("lost", ["denoising_unet.safetensors", "pose_guider.safetensors"])
def test_a_release_with_a_hole_is_not_loaded(tmp_path: Path, lost: str) -> None:
    placement = write(tmp_path)
    (placement.weights["animate-anyone"] / lost).unlink()
    with pytest.raises(Unavailable, match=lost.partition(".")[0]):
        AnimateAnyone().load(placement)


def test_it_is_seen_while_it_is_made_and_compiled_where_that_is_wanted(
    bench: Bench, perform: Performer[Brief, Clip]
) -> None:
    assert isinstance(perform, Animator)
    compiled: list[object] = []

    def compiler(call: Callable[..., Any]) -> Callable[..., Any]:
        compiled.append(call)
        return call

    mine = replace(perform, compiling=Compiling(wanted=True, devices=("cpu",), compile=compiler))
    first, second = (each(asked(bench), bench.context).footage for each in (perform, mine))
    assert first is not None
    assert second is not None
    blocks = [type(each).__name__ for each in perform.models.denoising.modules()]
    assert len(compiled) == blocks.count("Block") + blocks.count("TemporalBlock") > 2
    assert (USED in first.notes, USED in second.notes) == (False, True)
    assert first.video == second.video
    seen = [event.picture for event in bench.events if isinstance(event, Glimpsed)]
    assert len(seen) == 4  # one at each step
    assert seen[:2] == seen[2:]
    mine.compiling.undo()
