"""Rough pictures of latents."""

import numpy as np
import pytest
import torch

from stages.diffusion import previews


@pytest.mark.parametrize("shape", [(2, 4, 6, 5), (1, 3, 4, 6, 5), (1, 4, 3, 6, 5)])
def test_the_first_item_and_its_middle_frame_are_shown(shape: tuple[int, ...]) -> None:
    latents = torch.zeros(shape)
    assert previews.fit(latents)
    shown = previews.picture(latents)
    assert shown.shape == (6, 5, 3)
    assert (shown == 128).all()
    middle = latents[0] if len(shape) == 4 else latents[0, 1] if shape[2] == 4 else latents[0, :, 1]
    middle[3] = -0.9  # the channel that is blue below zero
    assert previews.picture(latents)[0, 0, 2] > 180


def test_noise_is_calmed_and_what_are_no_numbers_is_no_fault() -> None:
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert np.abs(previews.picture(noise * 14.6).astype(int) - previews.picture(noise)).max() < 12
    assert previews.picture(torch.full((1, 4, 2, 2), float("nan"))).shape == (2, 2, 3)
    assert not previews.fit(torch.zeros(1, 16, 1, 8, 8))
