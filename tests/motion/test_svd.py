"""Stable Video Diffusion as base motion: windows, loops, and what a talk gets of them."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from numpy.typing import NDArray

from avatar.artifacts import Blob, Clip, Portrait
from avatar.attempt import Wish
from avatar.engine import Engine
from avatar.errors import BadOutput, BadRequest, Cancelled, Unavailable
from avatar.events import Event, Finished
from avatar.face import tracks
from avatar.face.tracks import HEAD
from avatar.media import footage
from avatar.residency import Residency
from avatar.sampling import Conditioning, Sampling
from avatar.stage import Context, Placement
from avatar.store import FolderStore
from avatar.testing import GIGABYTE, Bench, workbench
from stages.diffusion import svd, windows
from stages.motion import MOTION, Brief
from stages.motion.filmed import Svd, Told
from stages.motion.filming import Mover
from stages.rife import NOTE, Network, Rife
from tests.tiny import a_portrait
from tests.video import small
from tests.video.memory import peaks
from tests.video.small import WINDOW

Bytes = NDArray[np.uint8]
TWO, FOUR = Sampling(steps=2), Sampling(steps=4)
SIDE = 64


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory) -> Placement:
    return small.placed(small.svd(), tmp_path_factory.mktemp("weights"), "svd-xt", variant="fp16")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def picture() -> Bytes:
    """Something with a shape."""
    shown = np.full((SIDE, SIDE, 3), (90, 120, 160), np.uint8)
    cv2.circle(shown, (SIDE // 2, SIDE // 2), SIDE // 4, (220, 180, 150), -1)
    return shown


def photo(bench: Bench) -> Portrait:
    done, data = cv2.imencode(".png", cv2.cvtColor(picture(), cv2.COLOR_RGB2BGR))
    assert done
    found = a_portrait(bench.blob(data.tobytes(), "image/png"))
    return Portrait(found.image, (), found.face, SIDE, SIDE, "photo", "photo")


def brief(bench: Bench, seconds: float, *, fps: int = 25, seed: int = 3, sampling: Sampling = TWO) -> Brief:
    return Brief(photo(bench), seconds, fps, seed, sampling=sampling)


@dataclass
class Watching:
    """The bench's context, which notes what it is told, and is tired after `stop` times."""

    context: Context
    told: list[tuple[int, int]]
    stop: int = 10**9
    device: str = "cpu"
    seed: int = 0

    def step(self, done: int, total: int) -> None:
        self.told.append((done, total))
        if len(self.told) >= self.stop:
            raise Cancelled("Enough.")

    def scratch(self) -> Path:
        return self.context.scratch()

    def keep(self, path: Path, media_type: str) -> Blob:
        return self.context.keep(path, media_type)

    def path(self, blob: Blob) -> Path:
        return self.context.path(blob)

    def playable(self, path: Path) -> None:
        self.context.playable(path)

    def glimpse(self, picture: bytes) -> None:
        self.context.glimpse(picture)


def shown(clip: Clip, bench: Bench) -> list[Bytes]:
    assert clip.footage is not None
    return list(footage.frames(clip.footage, bench.context))


def plainly(pipe: Any, **told: Any) -> Any:
    """The first window's first frame as diffusers' own call makes it."""
    made = pipe(
        PIL.Image.fromarray(picture()),
        height=SIDE,
        width=SIDE,
        num_frames=WINDOW,
        num_inference_steps=2,
        fps=7,
        generator=torch.Generator("cpu").manual_seed(3),
        output_type="np",
        **told,
    )
    return (made.frames[0][0] * 255).round().astype(np.uint8)


def test_one_window_is_what_the_plain_pipeline_makes_bit_by_bit(bench: Bench, placement: Placement) -> None:
    clip = bench.perform(Svd(), brief(bench, 0.5), placement=placement)
    kind: Any = vars(small)["StableVideoDiffusionPipeline"]
    pipe = kind.from_pretrained(placement.weights["svd-xt"], variant="fp16", dtype=torch.float32, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    mine = shown(clip, bench)
    assert np.array_equal(mine[0], plainly(pipe, decode_chunk_size=2))
    assert len(mine) == 12


def test_what_it_is_told_is_what_the_plain_pipeline_is_told(bench: Bench, placement: Placement) -> None:
    crew = svd.load(placement)
    mover: Any = Mover(crew)
    asked = Conditioning(motion_bucket=40, noise_augmentation=0.3, min_guidance=1.5, decode_chunk=3)
    clip = mover(replace(brief(bench, 0.5), conditioning=asked), bench.context)
    figures = {"motion_bucket_id": 40, "noise_aug_strength": 0.3, "min_guidance_scale": 1.5, "decode_chunk_size": 3}
    plain = plainly(crew.model.pipe, max_guidance_scale=3.0, **figures)
    assert np.array_equal(shown(clip, bench)[0], plain)
    how = clip.footage.diffusion
    assert (how.motion_bucket, how.noise_augmentation, how.min_guidance, how.decode_chunk) == (40, 0.3, 1.5, 3)
    own = mover(brief(bench, 0.5), bench.context).footage
    told = own.diffusion
    assert (told.motion_bucket, told.noise_augmentation, told.min_guidance, told.decode_chunk) == (127, 0.02, 1.0, 2)
    given = Conditioning(told.motion_bucket, told.noise_augmentation, told.min_guidance, told.decode_chunk)
    same = replace(brief(bench, 0.5, sampling=Sampling(told.steps, told.guidance_scale, told.sampler)), head=0.5)
    again = mover(replace(same, conditioning=given), bench.context).footage
    assert (again.video, again.diffusion) == (own.video, told)
    assert again.video != clip.footage.video


def test_guidance_that_is_to_rise_is_that_of_one_window(bench: Bench, placement: Placement) -> None:
    mover: Any = Svd().load(placement)

    def made(**told: Any) -> Any:
        asked = brief(bench, 1.2, sampling=Sampling(steps=1))
        return mover(replace(asked, conditioning=Conditioning(**told)), bench.context).footage.diffusion

    even, rising = made(), made(min_guidance=1.0)
    assert (even.frames, even.min_guidance, even.guidance_scale) == (10, 2.0, 2.0)
    assert (rising.frames, rising.min_guidance, rising.guidance_scale) == (WINDOW, 1.0, 3.0)


def test_less_is_decoded_at_once_where_memory_ends_and_that_is_told(
    bench: Bench, placement: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = svd.load(placement)
    mover: Any = Mover(crew)
    vae = crew.model.pipe.vae
    decode, seen = vae.decode, list[int]()

    def small_room(latents: Any, **more: Any) -> Any:
        seen.append(len(latents))
        if len(latents) > 2:
            raise MemoryError
        return decode(latents, **more)

    monkeypatch.setattr(vae, "decode", small_room)
    asked = replace(brief(bench, 0.5), conditioning=Conditioning(decode_chunk=4))
    made = mover(asked, bench.context).footage
    assert seen == [4, 2, 2, 2]
    assert "Memory ran short: fewer frames were decoded at once." in made.notes
    assert made.diffusion.decode_chunk == 2


def test_without_it_what_it_was_told_is_a_step_down(tmp_path: Path) -> None:
    engine = Engine(
        FolderStore(tmp_path, budget=GIGABYTE), place=lambda _, name: Placement() if name == "idle" else None
    )
    walk = engine.walk(engine.store.session())
    told = Brief(replace(a_portrait(), kind="photo"), 0.5, 25, 3, conditioning=Conditioning(motion_bucket=40))
    walk(MOTION, told)
    assert [(step.backend, step.to) for step in walk.fallbacks] == [("svd", "idle")]


def test_a_longer_film_slides_over_windows_where_that_is_not_dear(bench: Bench, placement: Placement) -> None:
    one = Sampling(steps=1)
    clips = [
        bench.perform(Svd(), brief(bench, 1.2, seed=seed, sampling=one), placement=placement) for seed in (3, 3, 4)
    ]
    first, again, other = clips  # 10 frames: three windows of 6
    assert first.footage is not None
    assert other.footage is not None
    assert first.footage.frames == first.motion.frames == 30
    assert again.footage == first.footage
    assert other.footage.video != first.footage.video
    frames = shown(first, bench)
    turned = [number for number in range(2, 29) if np.array_equal(frames[number - 1], frames[number + 1])]
    held = [number for number in turned if np.array_equal(frames[number - 1], frames[number])]
    assert turned == held


def test_a_talk_plays_one_window_to_and_fro_without_a_jump(bench: Bench, placement: Placement) -> None:
    mover = Svd().load(placement)
    clip = mover(brief(bench, 20.0), bench.context)
    assert clip.footage is not None
    assert clip.footage.frames == 500
    assert clip.footage.fps == 25
    frames = shown(clip, bench)
    turn = next(number for number in range(2, 100) if np.array_equal(frames[number + 1], frames[number - 1]))
    for number in (1, 7, turn):
        assert np.array_equal(frames[turn + number], frames[turn - number])
        assert np.array_equal(frames[2 * turn + number], frames[number])


def test_new_words_on_the_same_face_cost_no_diffusion(bench: Bench, placement: Placement) -> None:
    mover = Svd().load(placement)
    long = mover(brief(bench, 4.0, sampling=FOUR), bench.context)
    told: list[tuple[int, int]] = []
    watched = Watching(bench.context, told)
    longer = mover(brief(bench, 5.0, sampling=FOUR), watched)
    assert [done for done, _ in told if 0 < done < 700] == []
    first, second = shown(long, bench), shown(longer, bench)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=False))
    assert len(second) == 125


def test_the_head_is_moved_by_the_footage_alone(bench: Bench, placement: Placement) -> None:
    clip = bench.perform(Svd(), brief(bench, 0.5), placement=placement)
    track = tracks.read(bench.context.path(clip.motion.tracks))
    assert not track[:, [tracks.COLUMN[name] for name in HEAD]].any()
    assert track[:, tracks.COLUMN["breath"]].any()


def test_it_stands_before_idle_and_takes_photographs_alone(bench: Bench) -> None:
    assert [backend.id for backend in MOTION.chain][1:] == ["svd", "ltx", "wan21-i2v", "wan22-ti2v-5b", "idle"]
    assert Svd().takes(brief(bench, 1.0))
    assert not Svd().takes(Brief(a_portrait(), 1.0, 25, 1))
    assert not Told("ltx").takes(brief(bench, 1.0))
    assert Told("ltx").takes(replace(brief(bench, 1.0), prompt="She turns around."))


def test_it_stops_within_a_step(bench: Bench, placement: Placement) -> None:
    mover = Svd().load(placement)
    stopping = Watching(bench.context, [], stop=12)
    with pytest.raises(Cancelled):
        mover(brief(bench, 0.5), stopping)
    assert len(stopping.told) == 12
    clean = mover(brief(bench, 0.5), bench.context)
    assert clean == bench.perform(Svd(), brief(bench, 0.5), placement=placement)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_no_length_is_refused(bench: Bench, placement: Placement, seconds: float) -> None:
    with pytest.raises(BadRequest, match="Ask for more"):
        bench.perform(Svd(), brief(bench, seconds), placement=placement)


def test_a_film_that_would_fill_the_disk_is_left_to_the_portrait(bench: Bench, placement: Placement) -> None:
    with pytest.raises(Unavailable, match="1000000 frames would fill the disk"):
        bench.perform(Svd(), brief(bench, 40_000.0), placement=placement)


def test_wishes_that_make_no_sense_are_refused(bench: Bench, placement: Placement) -> None:
    for sampling in (Sampling(steps=0), Sampling(guidance=-1.0)):
        with pytest.raises(BadRequest):
            bench.perform(Svd(), brief(bench, 0.5, sampling=sampling), placement=placement)


def test_wishes_meant_for_other_models_of_a_talk_are_left_to_them(bench: Bench, placement: Placement) -> None:
    meant = Sampling(steps=2, sampler="ddim", guidance=25.0)
    clip = bench.perform(Svd(), brief(bench, 0.5, sampling=meant), placement=placement)
    assert clip.footage is not None
    notes = " ".join(clip.footage.notes)
    assert "ddim does not fit" in notes
    assert "a guidance of 10" in notes


@dataclass
class Pretending:
    """Sees a face at the place that a frame's number says, in the first `most` frames."""

    most: int = 10**9
    looked: int = 0

    def look(self, picture: Bytes) -> None:
        self.looked += 1

    def points(self) -> NDArray[np.float32]:
        found = np.tile(np.arange(self.looked, dtype=np.float32)[:, None, None], (1, 478, 2))
        found[self.most :] = np.nan
        return found


def test_the_face_is_followed_once_and_is_where_the_loop_shows_it(bench: Bench, placement: Placement) -> None:
    following = Pretending()
    drawer = Rife(Network(widths=(4, 4, 4, 4)).eval())
    mover = Mover(svd.load(placement), lambda fps: following, drawer)
    clip = mover(brief(bench, 6.0, sampling=FOUR), bench.context)
    assert clip.footage is not None
    assert NOTE in clip.footage.notes
    assert clip.footage.faces is not None
    faces = np.load(bench.context.path(clip.footage.faces))
    assert faces.shape == (150, 478, 2)
    turn = following.looked - 1
    assert 10 < turn < 40
    assert [int(faces[number, 0, 0]) for number in (0, turn, turn + 1, 2 * turn, 2 * turn + 3)] == [
        0,
        turn,
        turn - 1,
        0,
        3,
    ]


def test_the_engine_finds_it_in_the_chain_lends_it_and_remembers_the_clip(tmp_path: Path, placement: Placement) -> None:
    engine = Engine(
        FolderStore(tmp_path / "clips", budget=GIGABYTE),
        place=lambda stage, backend: {"svd": placement, "idle": Placement()}.get(backend),
        residency=Residency(),
    )
    session = engine.store.session()
    file = tmp_path / "face.png"
    cv2.imwrite(str(file), cv2.cvtColor(picture(), cv2.COLOR_RGB2BGR))
    portrait = replace(a_portrait(session.keep(file, "image/png")), kind="photo", width=SIDE, height=SIDE)
    told: list[Event] = []
    walk = engine.walk(session, Wish(listener=told.append))
    clips = [walk(MOTION, Brief(portrait, 0.5, 25, 3, sampling=TWO)) for _ in range(2)]
    assert clips[0] == clips[1]
    assert clips[0].footage is not None
    assert walk.backends == {"motion": "svd"}
    assert [event.cached for event in told if isinstance(event, Finished)] == [False, True]
    drawn = walk(MOTION, Brief(replace(portrait, kind="drawn"), 0.5, 25, 3))
    assert drawn.footage is None
    assert walk.backends == {"motion": "svd, idle"}
    assert not walk.fallbacks


def test_footage_that_shows_nobody_is_left_to_the_next(bench: Bench, placement: Placement) -> None:
    mover = Mover(svd.load(placement), lambda fps: Pretending(most=3))
    with pytest.raises(BadOutput, match=r"seen in 25 % of what was filmed only"):
        mover(brief(bench, 0.5), bench.context)


@pytest.mark.parametrize(("size", "overlap"), [(25, 8), (14, 6), (6, 2)])
def test_windows_cover_all_frames_and_begin_with_the_first(size: int, overlap: int) -> None:
    for total in range(1, 150):
        found = windows.windows(total, size=size, overlap=overlap)
        assert {number for window in found for number in window} == set(range(total))
        assert all(len(set(window)) == min(size, total) and window[0] == 0 for window in found)
        assert all(one[-1] >= other[1] for one, other in pairwise(found))
    assert len(windows.windows(size, size=size, overlap=overlap)) == 1


def test_memory_of_a_talk_and_of_sliding_windows_is_that_of_one_window(bench: Bench, placement: Placement) -> None:
    mover, once = Svd().load(placement), Sampling(steps=1)
    with peaks() as window:
        mover(brief(bench, 0.5, sampling=once), bench.context)
    with peaks() as film:
        mover(brief(bench, 1.2, sampling=once), bench.context)
    with peaks() as talk:
        mover(brief(bench, 12.0, sampling=once, seed=4), bench.context)  # another: what is known is not filmed anew
    assert film.tensors <= 1.15 * window.tensors
    assert talk.tensors <= 1.02 * window.tensors
    assert talk.arrays <= window.arrays + 2_000_000  # the motion track of 300 frames is most of it
