"""What each part of a diffusion recipe is asked to do once, at the recipe's own size. Knows no device and no weights.

The calls are those of diffusers' pipelines and of our own: how many rows go through a denoiser together, how many
frames through an autoencoder. Inputs are made by a `Maker`, shapes are read off the network's configuration, so that
a small network of the same family can be called the same way.
"""
# mypy: disable-error-code="no-any-return"
# diffusers does not say what calling a model returns.

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from stages.diffusion import decoding

Net = Any
WORDS = 77
LONG = 512
"""Tokens of a prompt: of CLIP, and of T5 and UMT5 at the most (LTX takes 256 of them)."""
PAGE, JOINED = 1024, 9
"""Tokens of a prompt for LTX-2, and frames that one of its films takes over from the one before."""
SPOKEN_FPS, HEARD = 25.0, 25.0
"""Frames and latents of sound a second of such a film."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes what goes into a network: random numbers, or only their shapes on fake tensors."""

    device: str
    dtype: torch.dtype

    def __call__(self, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """A tensor of this shape."""
        return torch.randn(shape, device=self.device, dtype=torch.float32).to(dtype or self.dtype)

    def moment(self, *shape: int, at: float = 500.0) -> Tensor:
        """Timesteps."""
        return torch.full(shape, at, device=self.device)

    def tokens(self, many: int) -> Tensor:
        """Numbers of words, one row."""
        return torch.zeros(1, many, device=self.device, dtype=torch.long)


@dataclass(frozen=True, slots=True)
class Film:
    """Pixels and frames of what is made."""

    width: int
    height: int
    frames: int = 1

    def latent(self, space: int = 8, time: int = 1) -> tuple[int, int, int]:
        """(frames, y, x) of its latents."""
        return (self.frames - 1) // time + 1, self.height // space, self.width // space


Work = Callable[[Net, Maker, Film], Any]


def image_step(rows: int) -> Work:
    """A step of Stable Diffusion; two rows with guidance."""

    def run(net: Net, make: Maker, film: Film) -> Any:
        _, y, x = film.latent()
        words = make(rows, WORDS, net.config.cross_attention_dim)
        return net(make(rows, 4, y, x), make.moment(), words, return_dict=False)[0]

    return run


def image_decode(net: Net, make: Maker, film: Film) -> Any:
    """A picture out of Stable Diffusion's autoencoder; of several frames one at a time."""
    net.enable_slicing()
    frames, y, x = film.latent()
    return net.decode(make(frames, 4, y, x), return_dict=False)[0]


def image_encode(net: Net, make: Maker, film: Film) -> Any:
    """A picture into Stable Diffusion's autoencoder."""
    return net.encode(make(1, 3, film.height, film.width)).latent_dist.mean


def modelscope_step(net: Net, make: Maker, film: Film) -> Any:
    """A guided step of ModelScope."""
    frames, y, x = film.latent()
    words = make(2, WORDS, net.config.cross_attention_dim)
    return net(make(2, 4, frames, y, x), make.moment(), words, return_dict=False)[0]


def svd_step(net: Net, make: Maker, film: Film) -> Any:
    """A guided step of Stable Video Diffusion."""
    frames, y, x = film.latent()
    picture = make(2, 1, net.config.cross_attention_dim)
    return net(make(2, frames, 8, y, x), make.moment(), picture, added_time_ids=make(2, 3), return_dict=False)[0]


def svd_decode(net: Net, make: Maker, film: Film, chunk: int = 2) -> Any:
    """A film out of its autoencoder, `chunk` frames at a time, and all of them in float32 at the end."""
    frames, y, x = film.latent()
    latents: Any = make(frames, 4, y, x)
    parts = [net.decode(part, num_frames=len(part)).sample for part in latents.split(chunk)]
    return torch.cat(parts).float()


def svd_encode(net: Net, make: Maker, film: Film) -> Any:
    """The first picture into the autoencoder, which its pipeline turns to float32 for it."""
    return net.float().encode(make(1, 3, film.height, film.width, dtype=torch.float32)).latent_dist.mode()


def ltx_step(rows: int) -> Work:
    """A step of LTX-Video; two rows with guidance."""

    def run(net: Net, make: Maker, film: Film) -> Any:
        frames, y, x = film.latent(32, 8)
        return net(
            hidden_states=make(rows, frames * y * x, net.config.in_channels),
            encoder_hidden_states=make(rows, 256, net.config.caption_channels),
            timestep=make.moment(rows, 1),
            encoder_attention_mask=torch.ones(rows, 256, device=make.device, dtype=make.dtype),
            num_frames=frames,
            height=y,
            width=x,
            rope_interpolation_scale=(8 / 25, 32, 32),
            return_dict=False,
        )[0]

    return run


def ltx_decode(net: Net, make: Maker, film: Film) -> Any:
    """The last frame of a film out of LTX-Video's autoencoder, tile after tile, each handed on before the next."""
    latents = make(1, net.config.latent_channels, *film.latent(32, 8))
    for frames in decoding.in_time(net, latents, make.moment(1, at=0.05).to(make.dtype)):
        last = frames[:, :, -1:].clone()
        del frames
    return last


def ltx_enlarge(net: Net, make: Maker, film: Film) -> Any:
    """A film's latents into LTX-Video's upscaler, from half of each side."""
    frames, y, x = film.latent(64, 8)
    return net(make(1, net.config.in_channels, frames, y, x))


def ltx2_step(net: Net, make: Maker, film: Film) -> Any:
    """A step of LTX-2, one row: a film, the sound that it goes with, and a prompt that both are told."""
    frames, y, x = film.latent(32, 8)
    sizes, heard = net.config, round(film.frames / SPOKEN_FPS * HEARD)
    mask, still = torch.ones(1, PAGE, device=make.device, dtype=make.dtype), make.moment(1, at=0.0)
    return net(
        hidden_states=make(1, frames * y * x, sizes.in_channels),
        audio_hidden_states=make(1, heard, sizes.audio_in_channels),
        encoder_hidden_states=make(1, PAGE, sizes.caption_channels),
        audio_encoder_hidden_states=make(1, PAGE, sizes.caption_channels),
        timestep=make.moment(1, frames * y * x),
        audio_timestep=still,
        sigma=make.moment(1),
        audio_sigma=still,
        encoder_attention_mask=mask,
        audio_encoder_attention_mask=mask,
        num_frames=frames,
        height=y,
        width=x,
        fps=SPOKEN_FPS,
        audio_num_frames=heard,
        return_dict=False,
    )[0]


def ltx2_connect(net: Net, make: Maker, _film: Film) -> Any:
    """A prompt, all layers of its encoder side by side, made ready for LTX-2's two halves."""
    sizes = net.config
    words = make(1, PAGE, sizes.caption_channels * sizes.text_proj_in_factor)
    return net(words, torch.ones(1, PAGE, device=make.device, dtype=torch.long))


def ltx2_decode(net: Net, make: Maker, film: Film) -> Any:
    """A film out of LTX-2's autoencoder."""
    return net.decode(make(1, net.config.latent_channels, *film.latent(32, 8)), return_dict=False)[0]


def ltx2_encode(net: Net, make: Maker, film: Film) -> Any:
    """What a film begins with into LTX-2's autoencoder: the last frames of the one before."""
    return net.encode(make(1, 3, JOINED, film.height, film.width)).latent_dist.mode()


def ltx2_hear(net: Net, make: Maker, film: Film) -> Any:
    """Sound into LTX-2's autoencoder, as a mel spectrogram."""
    sizes = net.config
    heard = round(film.frames / SPOKEN_FPS * sizes.sample_rate / sizes.mel_hop_length)
    return net.encode(make(1, sizes.in_channels, heard, sizes.mel_bins)).latent_dist.mode()


def ltx2_read(net: Net, make: Maker, _film: Film) -> Any:
    """A prompt through Gemma, of which every layer is wanted."""
    rows = net(input_ids=make.tokens(PAGE), output_hidden_states=True).hidden_states
    return torch.stack(rows, dim=-1).flatten(2, 3)


def wan_step(net: Net, make: Maker, film: Film) -> Any:
    """A step of Wan, one row: guidance runs it twice. With a picture where the network takes one."""
    seen = None if net.config.image_dim is None else make(1, 257, net.config.image_dim)
    latents = make(1, net.config.in_channels, *film.latent(8, 4))
    return net(latents, make.moment(1), make(1, LONG, net.config.text_dim), seen, return_dict=False)[0]


def wan22_step(net: Net, make: Maker, film: Film) -> Any:
    """A step of Wan 2.2 TI2V, whose latents are coarser and whose every token has a timestep of its own."""
    frames, y, x = film.latent(16, 4)
    times = make.moment(1, frames * (y // 2) * (x // 2))
    return net(
        make(1, net.config.in_channels, frames, y, x), times, make(1, LONG, net.config.text_dim), return_dict=False
    )[0]


def animate_step(net: Net, make: Maker, film: Film) -> Any:
    """A step of Wan-Animate: the reference's latents before the film's, skeletons in latents, faces in pixels."""
    frames, y, x = film.latent(8, 4)
    return net(
        make(1, net.config.in_channels, frames + 1, y, x),
        make.moment(1),
        make(1, LONG, net.config.text_dim),
        make(1, 257, net.config.image_dim),
        make(1, 16, frames, y, x),
        make(1, 3, film.frames, 512, 512),
        return_dict=False,
    )[0]


def wan_decode(net: Net, make: Maker, film: Film) -> Any:
    """A film out of Wan's autoencoder."""
    space = net.config.scale_factor_spatial
    return net.decode(make(1, net.config.z_dim, *film.latent(space, 4)), return_dict=False)[0]


def wan_encode(net: Net, make: Maker, film: Film) -> Any:
    """A film into Wan's autoencoder: the first picture and empty frames after it."""
    return net.encode(make(1, 3, film.frames, film.height, film.width)).latent_dist.mode()


@cache
def tiled(work: Work) -> Work:
    """The same tile by tile, with the tiles that diffusers has by default."""

    def run(net: Net, make: Maker, film: Film) -> Any:
        net.enable_tiling()
        return work(net, make, film)

    return run


@cache
def read(many: int) -> Work:
    """A prompt through its text encoder."""

    def run(net: Net, make: Maker, _film: Film) -> Any:
        return net(make.tokens(many))[0]

    return run


def look(net: Net, make: Maker, _film: Film) -> Any:
    """A picture through CLIP; the last layer but one too, which Wan takes."""
    return net(make(1, 3, 224, 224), output_hidden_states=True)
