"""Footage as silent films: length, pace, size, label, and several at once."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.artifacts import Footages, Take
from avatar.media import footage
from avatar.testing import Bench, workbench
from stages.film import REEL, Reel


def shots(bench: Bench, *seeds: int, fps: float = 10, frames: int = 20) -> Footages:
    """A ramp from dark to light, a shade darker for each seed."""
    made = []
    for seed in seeds:
        ramp = [np.full((96, 128, 3), 40 + 6 * number - seed, np.uint8) for number in range(frames)]
        made.append(footage.keep(ramp, bench.context, fps=fps, seed=seed, notes=(f"shot {seed}",), name=f"s{seed}"))
    return Footages(tuple(made))


def light(bench: Bench, take: Take) -> list[float]:
    with av.open(str(bench.context.path(take.file))) as file:
        assert [stream.type for stream in file.streams] == ["video"]
        return [float(frame.to_ndarray(format="gray").mean()) for frame in file.decode(video=0)]


def test_a_shot_keeps_its_length_at_another_pace_and_size(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    made = bench.perform(REEL.chain[0], Reel(shots(bench, 1), 320, 256, 25))
    take = made.takes[0]
    assert (take.width, take.height, take.fps, take.frames, take.seconds) == (320, 256, 25, 50, 2.0)
    assert (take.seed, take.notes, made.sheet) == (1, ("shot 1", "It was scaled to 320 x 256."), None)
    shown = light(bench, take)
    assert len(shown) == 50
    assert all(after >= before - 1 for before, after in pairwise(shown))
    assert shown[-1] - shown[0] == pytest.approx(6 * 19, abs=6)


def test_slower_than_shot_leaves_frames_out(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    made = bench.perform(REEL.chain[0], Reel(shots(bench, 1, fps=50, frames=30), 128, 96, 25))
    assert len(light(bench, made.takes[0])) == made.takes[0].frames == 15
    assert made.takes[0].notes == ("shot 1",)


def test_several_shots_are_several_films_and_a_sheet(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    made = bench.perform(REEL.chain[0], Reel(shots(bench, 3, 4, 5), 128, 96, 25))
    assert [take.seed for take in made.takes] == [3, 4, 5]
    assert len({take.file.sha256 for take in made.takes}) == 3
    assert made.sheet is not None


def test_a_label_is_seen_in_every_frame(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    plain, labelled = (
        bench.perform(REEL.chain[0], Reel(shots(bench, 1), 320, 256, 25, words)).takes[0]
        for words in ("", "AI-generated")
    )
    assert plain.file != labelled.file
    with av.open(str(bench.context.path(labelled.file))) as file:
        for frame in file.decode(video=0):
            corner = frame.to_ndarray(format="gray")[:40, :140].astype(int)
            assert corner.max() - corner.min() > 60
