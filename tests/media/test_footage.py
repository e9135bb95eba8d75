"""Footage between stages: what goes in comes out, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Footage
from avatar.errors import BadOutput
from avatar.media import footage
from avatar.testing import workbench


def noise(count: int, width: int = 98, height: int = 66) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(count)]


def test_every_pixel_comes_back(tmp_path: Path) -> None:
    bench, shown = workbench(tmp_path), noise(7)
    made = footage.keep(iter(shown), bench.context, fps=7.5, seed=3, notes=("so",))
    assert (made.width, made.height, made.frames, made.seed, made.notes) == (98, 66, 7, 3, ("so",))
    assert made.seconds == pytest.approx(7 / 7.5)
    for before, after in zip(shown, footage.frames(made, bench.context), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (workbench(tmp_path / name) for name in "ab")
    assert footage.keep(noise(5), first.context, fps=25) == footage.keep(noise(5), second.context, fps=25)


def test_no_frame_another_size_and_a_missing_frame_are_told(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    with pytest.raises(BadOutput, match="No frame came"):
        footage.keep([], bench.context, fps=25)
    with pytest.raises(BadOutput, match="32x32"):
        footage.keep([*noise(2), np.zeros((32, 32, 3), np.uint8)], bench.context, fps=25)
    made = footage.keep(noise(4), bench.context, fps=25, name="other")
    longer = Footage(made.video, made.width, made.height, made.fps, 5)
    with pytest.raises(BadOutput, match="5 frames has 4"):
        list(footage.frames(longer, bench.context))
