"""Networks whose best answer is known in closed form, so that a sampler can be measured without trained weights.

For data of the law N(MEAN, SPREAD^2), each number by itself, the best prediction is linear, and so is the path from
noise to data. A sampler goes with a model when its pipeline lands where that path ends.
"""
# mypy: disable-error-code="no-untyped-call, no-any-return, misc, call-arg"
# The libraries' classes have no types.

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
import torch
from diffusers import (
    AutoencoderKLLTXVideo,
    AutoencoderKLTemporalDecoder,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LTXPipeline,
    LTXVideoTransformer3DModel,
    StableVideoDiffusionPipeline,
    TextToVideoSDPipeline,
    UNet2DConditionModel,
    UNet3DConditionModel,
    UNetSpatioTemporalConditionModel,
    WanTransformer3DModel,
)
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection, T5Config, T5EncoderModel

from avatar.stage import Placement
from stages.diffusion.loading import Source, seated
from stages.diffusion.model import Model
from tests.diffusion import small

MEAN, SPREAD = 0.7, 0.5
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
LEVELS = torch.cumprod(1 - BETAS, 0)
"""Share of the picture's power that is left at each of the thousand steps."""


def level(moment: Any) -> float:
    """The share at a step, between whole ones too."""
    logs = ((1 - LEVELS) / LEVELS).sqrt().log().numpy()
    sigma = math.exp(float(np.interp(float(torch.as_tensor(moment).flatten()[0]), np.arange(1000), logs)))
    return 1.0 / (1.0 + sigma * sigma)


def end(noisy: Tensor, share: float, sigma: float) -> Tensor:
    """Where the path through `noisy` = share * data + sigma * noise ends."""
    return MEAN + (noisy - share * MEAN) * SPREAD / math.sqrt((share * SPREAD) ** 2 + sigma**2)


def _discrete(sample: Tensor, moment: Any, kind: str) -> tuple[Tensor]:
    left = level(moment)
    share, sigma = left**0.5, (1 - left) ** 0.5
    noisy = sample.double()
    noise = sigma * (noisy - share * MEAN) / (left * SPREAD**2 + sigma**2)
    data = (noisy - sigma * noise) / share
    return ((noise if kind == "epsilon" else share * noise - sigma * data).to(sample.dtype),)


class Noise2D(UNet2DConditionModel):
    """Stable Diffusion's; `kind` is what it predicts."""

    kind = "epsilon"

    def forward(self, sample: Tensor, timestep: Any, *_: Any, **__: Any) -> Any:
        """The best prediction."""
        return _discrete(sample, timestep, self.kind)


class Noise3D(UNet3DConditionModel):
    """ModelScope's."""

    def forward(self, sample: Tensor, timestep: Any, *_: Any, **__: Any) -> Any:
        """The best prediction."""
        return _discrete(sample, timestep, "epsilon")


class Continuous(UNetSpatioTemporalConditionModel):
    """Stable Video Diffusion's: its moment is a quarter of the logarithm of the noise level."""

    def forward(self, sample: Tensor, timestep: Any, *_: Any, **__: Any) -> Any:
        """The best prediction."""
        sigma = math.exp(4 * float(torch.as_tensor(timestep).flatten()[0]))
        noisy = sample[:, :, :4].double() * math.sqrt(sigma * sigma + 1)
        data = (SPREAD**2 * noisy + sigma * sigma * MEAN) / (SPREAD**2 + sigma * sigma)
        velocity = (noisy / (sigma * sigma + 1) - data) * math.sqrt(sigma * sigma + 1) / sigma
        return (velocity.to(sample.dtype),)


def _flow(hidden: Tensor, timestep: Tensor) -> tuple[Tensor]:
    sigma = float(timestep.flatten()[-1]) / 1000
    noisy, share = hidden.double(), 1 - sigma
    data = (MEAN * sigma**2 + SPREAD**2 * share * noisy) / (share**2 * SPREAD**2 + sigma**2)
    return (((noisy - data) / sigma).to(hidden.dtype),)


class WanFlow(WanTransformer3DModel):
    """Wan's."""

    def forward(self, hidden_states: Tensor, timestep: Tensor, *_: Any, **__: Any) -> Any:
        """The best prediction."""
        return _flow(hidden_states, timestep)


class LTXFlow(LTXVideoTransformer3DModel):
    """LTX-Video's."""

    def forward(self, hidden_states: Tensor, *_: Any, timestep: Tensor, **__: Any) -> Any:
        """The best prediction."""
        return _flow(hidden_states, timestep)


@dataclass(frozen=True)
class Case:
    """A family's pipeline with such a network, the shape of its latents, and what else it is called with."""

    model: Model
    shape: tuple[int, ...]
    arguments: Mapping[str, Any]
    ends: Callable[[Any, Tensor], Tensor]


def discrete_end(scheduler: Any, noise: Tensor) -> Tensor:
    """Where the path from this noise ends, for schedulers that count a thousand steps, in either scale."""
    start = float(scheduler.init_noise_sigma)
    if start < 1.5:
        left = level(scheduler.timesteps.flatten()[0])
        return end(noise, left**0.5, (1 - left) ** 0.5)
    return end(noise * scheduler.init_noise_sigma, 1.0, float(scheduler.sigmas.max()))


def _words(width: int = 32, tokens: int = 77) -> Tensor:
    return torch.zeros(1, tokens, width)


def stable(kind: str = "epsilon", *, turbo: bool = False) -> Case:
    """Stable Diffusion that predicts noise or velocity."""
    pipe = small.sd15(turbo=turbo)
    network = Noise2D(**{key: value for key, value in pipe.unet.config.items() if not key.startswith("_")})
    network.kind = kind
    pipe.register_modules(unet=network)
    pipe.scheduler.register_to_config(prediction_type=kind)
    family: Any = "sd-turbo" if turbo else {"epsilon": "sd-eps", "v_prediction": "sd-v"}[kind]
    model = seated(pipe, Source("tiny", "StableDiffusionPipeline", family), Placement())
    return Case(model, (1, 4, 8, 8), {"prompt_embeds": _words(), "width": 64, "height": 64}, discrete_end)


def modelscope() -> Case:
    """ModelScope's text to video."""
    torch.manual_seed(0)
    network = Noise3D(
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    pipe = TextToVideoSDPipeline(
        vae=small.autoencoder(),
        text_encoder=small.clip(),
        tokenizer=small.clip_tokenizer(),
        unet=network,
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False, **small.NOISE),
    )
    model = seated(pipe, Source("tiny", "TextToVideoSDPipeline", "modelscope"), Placement())
    sizes = {"width": 64, "height": 64, "num_frames": 2}
    return Case(model, (1, 4, 2, 8, 8), {"prompt_embeds": _words(), **sizes}, discrete_end)


def svd() -> Case:
    """Stable Video Diffusion with its published scheduler."""
    torch.manual_seed(0)
    network = Continuous(
        block_out_channels=(32, 32),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=4,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
        num_frames=2,
    )
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32,) * 4, down_block_types=("DownEncoderBlock2D",) * 4, layers_per_block=1
    )
    seen = CLIPVisionConfig(
        hidden_size=32,
        projection_dim=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        image_size=224,
        intermediate_size=37,
        patch_size=32,
    )
    scheduler = EulerDiscreteScheduler(
        **small.NOISE,
        interpolation_type="linear",
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        timestep_type="continuous",
        use_karras_sigmas=True,
    )
    pipe = StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=CLIPVisionModelWithProjection(seen),
        unet=network,
        scheduler=scheduler,
        feature_extractor=CLIPImageProcessor(crop_size={"height": 224, "width": 224}, size={"shortest_edge": 224}),
    )
    model = seated(pipe, Source("tiny", "StableVideoDiffusionPipeline", "svd"), Placement())
    picture = PIL.Image.new("RGB", (64, 64), (90, 120, 150))
    sizes = {"image": picture, "width": 64, "height": 64, "num_frames": 2, "max_guidance_scale": 1.0}
    return Case(model, (1, 2, 4, 8, 8), sizes, lambda made, noise: end(noise * made.init_noise_sigma, 1.0, 700.0))


def wan() -> Case:
    """Wan 2.1."""
    pipe = small.wan()
    network = WanFlow(**{key: value for key, value in pipe.transformer.config.items() if not key.startswith("_")})
    pipe.register_modules(transformer=network)
    model = seated(pipe, Source("tiny", "WanPipeline", "wan"), Placement())
    sizes = {"width": 32, "height": 32, "num_frames": 1}
    return Case(
        model,
        (1, 16, 1, 4, 4),
        {"prompt_embeds": _words(tokens=8), **sizes},
        lambda _made, noise: end(noise, 0.0, 1.0),
    )


def ltx() -> Case:
    """LTX-Video."""
    torch.manual_seed(0)
    network = LTXFlow(
        in_channels=8,
        out_channels=8,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=1,
        caption_channels=32,
    )
    vae = AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5,
        spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4,
        upsample_factor=(1,) * 4,
        decoder_causal=False,
    )
    words = T5Config(
        vocab_size=128,
        d_model=32,
        d_kv=8,
        d_ff=37,
        num_layers=1,
        num_heads=4,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    scheduler = FlowMatchEulerDiscreteScheduler(
        shift=1.0,
        use_dynamic_shifting=True,
        base_shift=0.95,
        max_shift=2.05,
        base_image_seq_len=1024,
        max_image_seq_len=4096,
        shift_terminal=0.1,
    )
    pipe = LTXPipeline(
        scheduler=scheduler,
        vae=vae,
        text_encoder=T5EncoderModel(words).eval(),
        tokenizer=small.t5_tokenizer(),
        transformer=network,
    )
    model = seated(pipe, Source("tiny", "LTXPipeline", "ltx"), Placement())
    sizes = {"width": 64, "height": 64, "num_frames": 9}
    told = {"prompt_embeds": _words(tokens=8), "prompt_attention_mask": torch.ones(1, 8)}
    return Case(model, (1, 8, 8), told | sizes, lambda _made, noise: end(noise, 0.0, 1.0))
