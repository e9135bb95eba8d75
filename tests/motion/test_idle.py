"""Idle life: breath, blinks, gaze and head of somebody who sits and looks at the viewer."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from avatar.artifacts import Clip
from avatar.errors import BadRequest
from avatar.face import gaze
from avatar.face.noise import Grid
from avatar.face.tracks import CHANNELS, HEAD, Track
from avatar.testing import Bench, workbench
from stages.motion import MOTION, Brief
from stages.motion.idle import Idle, living
from tests.motion.curves import band_share, column, repeats, runs
from tests.tiny import a_portrait

SEEDS = range(6)
EYES = tuple(name for name in CHANNELS if name.startswith("eyeLook"))


def life(
    seconds: float, *, fps: int = 25, seed: int = 1, head: float = 1.0, blink: float = 1.0, look: float = 1.0
) -> Track:
    return living(Grid(round(seconds * fps), fps), seed=seed, head=head, blink=blink, look=look)


def made(bench: Bench, *, seconds: float, fps: int, seed: int = 1) -> tuple[Clip, Track]:
    clip = bench.perform(Idle(), Brief(a_portrait(), seconds=seconds, fps=fps, seed=seed))
    return clip, np.load(BytesIO(bench.read(clip.motion.tracks)))


def test_the_stage_ends_in_idle() -> None:
    assert MOTION.gives is Clip
    assert isinstance(MOTION.chain[-1], Idle)
    assert MOTION.chain[-1].needs.floor


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
def test_a_clip_has_its_frames(fps: int, tmp_path: Path) -> None:
    clip, track = made(workbench(tmp_path), seconds=2.0, fps=fps)
    assert (clip.motion.frames, clip.motion.fps, clip.footage) == (2 * fps, fps, None)
    assert clip.motion.tracks.media_type == "application/x-npy"
    assert track.shape == (2 * fps, len(CHANNELS))
    assert track.dtype == np.dtype("<f4")


def test_one_frame_is_enough(tmp_path: Path) -> None:
    clip, track = made(workbench(tmp_path), seconds=0.01, fps=25)
    assert clip.motion.frames == len(track) == 1
    assert np.isfinite(track).all()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_no_length_is_refused(seconds: float, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="can't be made"):
        made(workbench(tmp_path), seconds=seconds, fps=25)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    first, _ = made(bench, seconds=5.0, fps=25, seed=7)
    again, _ = made(bench, seconds=5.0, fps=25, seed=7)
    other, _ = made(bench, seconds=5.0, fps=25, seed=8)
    assert first.motion.tracks == again.motion.tracks
    assert first.motion.tracks != other.motion.tracks


def test_ten_minutes_begin_like_ten_seconds() -> None:
    long = life(600.0)
    for frames in range(10, 700, 23):
        np.testing.assert_array_equal(life(frames / 25), long[:frames])
    assert np.isfinite(long).all()
    assert long[:, len(HEAD) :].min() >= -1.5
    shapes = long[:, CHANNELS.index("browDownLeft") :]
    assert (shapes.min(), shapes.max()) == (0.0, 1.0)


@pytest.mark.parametrize("fps", [50, 60])
def test_frame_rates_show_one_life(fps: int) -> None:
    np.testing.assert_allclose(life(6.0, fps=fps)[:: fps // 10], life(6.0, fps=10), atol=2e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_head_drifts_slowly_and_never_in_a_loop(seed: int) -> None:
    track = life(60.0, seed=seed)
    for name, least, most in (("headYaw", 0.7, 2.4), ("headPitch", 0.4, 1.6), ("headRoll", 0.4, 1.6)):
        curve = column(track, name)
        assert least < curve.std() < most
        assert repeats(curve, fps=25) < 0.6
        assert band_share(curve, fps=25, above=3.0) < 0.01
        assert np.abs(np.diff(curve)).max() * 25 < 15.0


@pytest.mark.parametrize("seed", SEEDS)
def test_blinks_are_many_short_and_not_periodic(seed: int) -> None:
    shut = column(life(120.0, fps=60, seed=seed), "eyeBlinkLeft")
    blinks = runs(shut > 0.02)
    lengths = np.array([end - start for start, end in blinks]) / 60
    assert 10 <= len(blinks) / 2 <= 25
    assert lengths.min() >= 0.1
    assert lengths.max() <= 0.4
    gaps = np.diff([start for start, _ in blinks]) / 60
    assert gaps.std() / gaps.mean() > 0.25
    assert gaps.min() > 0.5
    tops = np.array([shut[start:end].max() for start, end in blinks])
    assert np.mean(tops > 0.97) > 0.75


def test_lids_shut_faster_than_they_open() -> None:
    shut = column(life(120.0, fps=60), "eyeBlinkLeft")
    falls, rises = [], []
    for start, end in runs(shut > 0.02):
        top = np.flatnonzero(shut[start:end] > 0.95 * shut[start:end].max())
        falls.append(top[0])
        rises.append(end - start - top[-1])
    assert 1.2 * np.mean(falls) < np.mean(rises)


def test_eyes_blink_together_but_for_milliseconds() -> None:
    track = life(60.0, fps=60)
    left, right = column(track, "eyeBlinkLeft"), column(track, "eyeBlinkRight")
    assert not np.array_equal(left, right)
    assert np.corrcoef(left, right)[0, 1] > 0.98


def test_breath_is_even_and_leaves_slowly() -> None:
    breath = column(life(300.0), "breath")
    assert breath.min() >= 0.0
    assert 0.7 < breath.max() <= 1.0
    rising = runs(np.diff(breath) > 1e-4)
    assert 12 <= len(rising) / 5 <= 17
    starts = np.diff([start for start, _ in rising])
    assert 0.05 < starts.std() / starts.mean() < 0.3
    assert np.sum(np.diff(breath) > 1e-4) < 0.9 * np.sum(np.diff(breath) < -1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_viewer_is_looked_at_most_of_the_time(seed: int) -> None:
    looked = gaze.read(life(120.0, seed=seed))
    off = np.hypot(looked[:, 0], looked[:, 1])
    assert 0.65 < np.mean(off < 3.0) < 0.95
    assert off.max() < 20.0


def test_saccades_are_fast_and_fixations_still() -> None:
    looked = gaze.read(life(60.0, fps=1000))
    speed = np.hypot(*np.gradient(looked, axis=0).T) * 1000
    leaps = runs(speed > 40.0)
    sizes = np.array([np.hypot(*(looked[end] - looked[start])) for start, end in leaps])
    lengths = np.array([end - start for start, end in leaps]) / 1000
    assert lengths.max() <= 0.08
    assert np.corrcoef(sizes, lengths)[0, 1] > 0.5
    assert np.mean(speed < 15.0) > 0.85


def test_eyes_turn_back_what_the_head_turns() -> None:
    track = life(60.0, look=0.0)
    np.testing.assert_allclose(gaze.read(track), 0.0, atol=1e-4)
    assert column(track, "headYaw").std() > 0.5
    assert column(track, "eyeLookInLeft").max() > 0.02


def test_big_glances_take_the_head_along() -> None:
    with_gaze, without = life(300.0), life(300.0, look=0.0)
    turned = column(with_gaze, "headYaw") - column(without, "headYaw")
    assert np.corrcoef(turned, gaze.read(with_gaze)[:, 0])[0, 1] > 0.6


def test_amount_zero_is_exactly_still() -> None:
    track = life(30.0, head=0.0, blink=0.0, look=0.0)
    for name in (*HEAD, "bodyX", "bodyRoll", "eyeBlinkLeft", "eyeBlinkRight", *EYES):
        assert not column(track, name).any(), name
    assert column(track, "breath").std() > 0.1
    assert column(track, "browInnerUp").std() > 0.0


def test_amount_two_is_twice() -> None:
    one, two = life(300.0, look=0.0), life(300.0, look=0.0, head=2.0, blink=2.0)
    for name in HEAD:
        np.testing.assert_allclose(column(two, name), 2.0 * column(one, name), atol=1e-4)
    blinks = [len(runs(column(track, "eyeBlinkLeft") > 0.5)) for track in (one, two)]
    assert 1.7 < blinks[1] / blinks[0] < 2.3


def test_the_face_at_rest_is_friendly() -> None:
    track = life(120.0)
    smile = column(track, "mouthSmileLeft")
    assert 0.05 <= smile.min() <= smile.max() <= 0.12 + 1e-6
    assert smile.std() > 0.004
    assert not column(track, "jawOpen").any()
