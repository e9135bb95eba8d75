"""The noise schedule and what is done to latents outside the nets. Knows no net and no picture.

Source: the released inference configuration; DDIM (Song 2020) with v-prediction (Salimans 2022), zero terminal
signal-to-noise ratio and trailing steps (Lin 2023), no added noise.
"""

from typing import Literal, cast

import torch
from torch import Tensor

from avatar.errors import BadRequest
from stages.pose.animate_anyone.foreign import DDIMScheduler

SCHEDULE: dict[str, object] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "clip_sample": False,
    "steps_offset": 1,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}

SAME_DIRECTION = 0.9995
"""Cosine from which on the arc between two latents is taken for a straight line."""

Curve = Literal["linear", "slerp"]


class Scheduler:
    """DDIM as released; `settings` replace it for another fixture set."""

    def __init__(self, settings: dict[str, object] | None = None) -> None:
        self.ddim = DDIMScheduler(**(settings or SCHEDULE))

    def timesteps(self, steps: int) -> tuple[int, ...]:
        """The moments that are visited, noisiest first. Raises `BadRequest` for none."""
        if not 1 <= steps <= int(self.ddim.config["num_train_timesteps"]):
            raise BadRequest(f"{steps} steps can't be made. Ask for 1 to 1000, 20 to 30 are usual.")
        self.ddim.set_timesteps(steps)
        return tuple(int(at) for at in self.ddim.timesteps)

    def step(self, predicted: Tensor, timestep: int, latents: Tensor) -> Tensor:
        """The latents one step further, same shape. `timesteps` must have been asked for before."""
        return cast(Tensor, self.ddim.step(predicted, timestep, latents, eta=0.0, return_dict=False)[0])


def noise(frames: int, *, channels: int, size: tuple[int, int], seed: int, dtype: torch.dtype) -> Tensor:
    """Starting latents (1, channels, frames, y, x) that only depend on the seed, not on the device."""
    drawn = torch.Generator("cpu").manual_seed(seed)
    return torch.randn((1, channels, frames, *size), generator=drawn, dtype=dtype)


def between(latents: Tensor, factor: int, curve: Curve = "slerp") -> Tensor:
    """(1, c, frames, y, x) with `factor` - 1 frames added between neighbours; the last frame ends it.

    Each pair is joined by a line or by an arc over the whole frame's latents; nearly parallel ones by a line.
    """
    frames = latents.shape[2]
    if factor < 2 or frames < 2:
        return latents
    result = []
    for first, second in zip(latents.unbind(2)[:-1], latents.unbind(2)[1:], strict=True):
        result.append(first)
        join = _line if curve == "linear" else _arc
        result += [join(first, second, part / factor) for part in range(1, factor)]
    return torch.stack([*result, latents[:, :, -1]], 2)


def _line(first: Tensor, second: Tensor, share: float) -> Tensor:
    return (1.0 - share) * first + share * second


def _arc(first: Tensor, second: Tensor, share: float) -> Tensor:
    cosine = float(((first / first.norm()) * (second / second.norm())).sum())
    if abs(cosine) > SAME_DIRECTION:
        return _line(first, second, share)
    angle = torch.acos(torch.tensor(cosine))
    one, other = torch.sin((1.0 - share) * angle), torch.sin(share * angle)
    return ((one * first + other * second) / torch.sin(angle)).to(first.dtype)
