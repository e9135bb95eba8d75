"""Stable Video Diffusion as base motion: windows, loops, and what a talk gets of them."""

from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from numpy.typing import NDArray

from avatar.artifacts import Clip, Portrait
from avatar.errors import BadRequest, Cancelled, Unavailable
from avatar.face import tracks
from avatar.face.tracks import HEAD
from avatar.media import footage
from avatar.sampling import Sampling
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from stages.motion import MOTION, Brief
from stages.motion.filmed import Svd
from tests.tiny import a_portrait
from tests.video import small
from tests.video.small import WINDOW

Bytes = NDArray[np.uint8]
TWO = Sampling(steps=2)
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


def shown(clip: Clip, bench: Bench) -> list[Bytes]:
    assert clip.footage is not None
    return list(footage.frames(clip.footage, bench.context))


def test_one_window_is_what_the_plain_pipeline_makes_bit_by_bit(bench: Bench, placement: Placement) -> None:
    clip = bench.perform(Svd(), brief(bench, 0.5), placement=placement)
    pipe = small.StableVideoDiffusionPipeline.from_pretrained(
        placement.weights["svd-xt"], variant="fp16", dtype=torch.float32, local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    plain = pipe(
        PIL.Image.fromarray(picture()),
        height=SIDE,
        width=SIDE,
        num_frames=WINDOW,
        num_inference_steps=2,
        fps=7,
        decode_chunk_size=2,
        generator=torch.Generator("cpu").manual_seed(3),
        output_type="np",
    ).frames[0]
    mine = shown(clip, bench)
    assert np.array_equal(mine[0], (plain[0] * 255).round().astype(np.uint8))
    assert len(mine) == 12
