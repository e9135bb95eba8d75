"""Tiny models that film, with random weights, in the exact layout of the hub."""
# mypy: disable-error-code="no-untyped-call, no-any-return"
# The libraries' classes have no types.

from pathlib import Path
from typing import Any

import stages.diffusion.foreign  # noqa: F401 - first: it makes the libraries ready

# isort: split

import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    TextToVideoSDPipeline,
    UNet3DConditionModel,
    UniPCMultistepScheduler,
    UNetSpatioTemporalConditionModel,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

from avatar.stage import Placement
from tests.diffusion.small import NOISE, autoencoder, clip, clip_tokenizer, saved, t5_tokenizer, umt5

WINDOW = 6
"""Frames that the tiny SVD looks at."""


def svd() -> StableVideoDiffusionPipeline:
    """Stable Video Diffusion with its published scheduler."""
    torch.manual_seed(0)
    unet = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 32),
        layers_per_block=1,
        sample_size=8,
        in_channels=8,
        out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=4,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
        num_frames=WINDOW,
    )
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        force_upcast=True,
    )
    scheduler = EulerDiscreteScheduler(
        interpolation_type="linear",
        num_train_timesteps=1000,
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
        **NOISE,
    )
    crop = {"height": 224, "width": 224}  # the pipeline resizes to it
    return StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=eyes(projected=True, side=224, patch=32),
        unet=unet,
        scheduler=scheduler,
        feature_extractor=CLIPImageProcessor(crop_size=crop, size={"shortest_edge": 224}),
    )


def modelscope() -> TextToVideoSDPipeline:
    """ModelScope."""
    torch.manual_seed(0)
    unet = UNet3DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    scheduler = DDIMScheduler(clip_sample=False, set_alpha_to_one=False, **NOISE)
    return TextToVideoSDPipeline(
        vae=autoencoder(), text_encoder=clip(), tokenizer=clip_tokenizer(), unet=unet, scheduler=scheduler
    )


def wan21() -> WanPipeline:
    """Wan 2.1 T2V."""
    return WanPipeline(transformer=transformer(), **around())


def wan21_i2v() -> WanImageToVideoPipeline:
    """Wan 2.1 I2V: it looks at the picture with eyes of its own."""
    side = {"height": 32, "width": 32}
    return WanImageToVideoPipeline(
        transformer=transformer(36, image_dim=32, added_kv_proj_dim=24),
        image_encoder=eyes(projected=False, side=32, patch=8),
        image_processor=CLIPImageProcessor(crop_size=side, size={"shortest_edge": 32}),
        **around(),
    )


def wan22_5b() -> WanPipeline:
    """Wan 2.2 TI2V: an autoencoder of its own, and time steps for each patch."""
    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=3,
        decoder_base_dim=3,
        z_dim=48,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
    )
    return WanPipeline(transformer=transformer(48, 48), expand_timesteps=True, **(around() | {"vae": vae}))


def wan22_a14b() -> WanPipeline:
    """Wan 2.2 T2V with two experts."""
    return WanPipeline(transformer=transformer(), transformer_2=transformer(seed=1), boundary_ratio=0.875, **around())


def transformer(channels: int = 16, out: int = 16, *, seed: int = 0, **more: Any) -> WanTransformer3DModel:
    torch.manual_seed(seed)
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=out,
        text_dim=32,
        freq_dim=64,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
        **more,
    )


def around() -> dict[str, Any]:
    """What all of them have beside the network."""
    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    return {"vae": vae, "scheduler": scheduler, "text_encoder": umt5(), "tokenizer": t5_tokenizer()}


def eyes(*, projected: bool, side: int, patch: int) -> Any:
    """CLIP's picture half."""
    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=32,
        projection_dim=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=side,
        intermediate_size=37,
        patch_size=patch,
    )
    return (CLIPVisionModelWithProjection if projected else CLIPVisionModel)(config).eval()


def placed(pipe: Any, folder: Path, weights: str, *, variant: str | None = None) -> Placement:
    """The pipeline saved as the hub has it, and where it is to run: on the processor, in float32."""
    return Placement(weights={weights: saved(pipe, folder / weights, variant=variant)})
