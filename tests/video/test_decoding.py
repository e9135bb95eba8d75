"""Latents of films to frames, a few at a time: what the library gives at once."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from avatar.stage import Placement
from stages.diffusion import decoding
from stages.diffusion.cameras import CAMERAS
from stages.diffusion.model import Model
from tests.video import small

BUILT: dict[str, Callable[[], Any]] = {"wan21-t2v-13b": small.wan21, "wan22-ti2v-5b": small.wan22_5b}


def a_model(camera: str) -> Model:
    return Model(BUILT[camera](), CAMERAS[camera].source, Placement())


def latents(model: Model, frames: int, *, side: int = 4) -> Tensor:
    drawn = torch.Generator().manual_seed(1)
    return torch.randn(1, model.pipe.vae.config.z_dim, frames, side, side, generator=drawn)


def at_once(model: Model, rows: Tensor) -> Tensor:
    """As the pipeline itself does it, (frames, 3, height, width) in [0, 1]."""
    vae = model.pipe.vae
    mean, std = (torch.tensor(each).view(1, -1, 1, 1, 1) for each in (vae.config.latents_mean, vae.config.latents_std))
    whole = vae.decode(rows / (1.0 / std) + mean, return_dict=False)[0]
    found: Tensor = (whole[0].transpose(0, 1).float() / 2 + 0.5).clamp(0.0, 1.0)
    return found


@pytest.mark.parametrize("camera", BUILT)
@torch.no_grad()
def test_wan_gives_frame_after_frame_what_it_gives_at_once(camera: str) -> None:
    model = a_model(camera)
    rows = latents(model, 6)
    parts = list(decoding.wan(model, rows, 1))
    assert [len(part) for part in parts] == [1, 4, 4, 4, 4, 4]  # however long the film
    assert torch.equal(torch.cat(parts), at_once(model, rows))
    broken_off: Any = decoding.wan(model, rows, 1)
    next(broken_off)
    next(broken_off)
    broken_off.close()
    assert torch.equal(torch.cat(list(decoding.wan(model, rows, 1))), torch.cat(parts))


@torch.no_grad()
def test_tile_by_tile_it_is_handed_on_in_pieces() -> None:
    model = a_model("wan21-t2v-13b")
    model.pipe.vae.enable_tiling(
        tile_sample_min_height=16,
        tile_sample_min_width=16,
        tile_sample_stride_height=8,
        tile_sample_stride_width=8,
    )
    rows = latents(model, 3)
    parts = list(decoding.wan(model, rows, 1))
    assert [len(part) for part in parts] == [8, 1]
    assert torch.equal(torch.cat(parts), at_once(model, rows))
