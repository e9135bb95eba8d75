"""Tiny models that film, with random weights, in the exact layout of the hub."""
# mypy: disable-error-code="no-untyped-call, no-any-return"
# The libraries' classes have no types.

import re
from pathlib import Path
from typing import Any

import stages.diffusion.foreign  # noqa: F401 - first: it makes the libraries ready

# isort: split

import torch
from diffusers import (
    AutoencoderKLLTXVideo,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    DDIMScheduler,
    EulerDiscreteScheduler,
    LTXVideoTransformer3DModel,
    StableVideoDiffusionPipeline,
    TextToVideoSDPipeline,
    UNet3DConditionModel,
    UNetSpatioTemporalConditionModel,
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from safetensors.torch import save_file
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    T5Config,
    T5EncoderModel,
)

from avatar.stage import Placement
from stages.diffusion import upscaling
from stages.diffusion.foreign import LTXLatentUpsamplerModel
from stages.diffusion.ltx import FILE, FULL, Shapes
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


def adapter() -> dict[str, torch.Tensor]:
    """One layer's low-rank pair."""
    chance = torch.Generator("cpu").manual_seed(7)
    return {"down": torch.randn(4, 24, generator=chance), "up": torch.randn(24, 4, generator=chance)}


def causvid(folder: Path) -> Path:
    """The adapter as its maker has it: for the self-attention and the cross-attention of each block."""
    folder.mkdir(parents=True)
    pair = adapter()
    tensors = {}
    for block in range(2):
        for attention in ("self_attn", "cross_attn"):
            for part in "qkvo":
                for name in ("down", "up"):
                    key = f"diffusion_model.blocks.{block}.{attention}.{part}.lora_{name}.weight"
                    tensors[key] = pair[name].clone().contiguous()
    save_file(tensors, folder / "Wan21_CausVid_14B_T2V_lora_rank32.safetensors")
    return folder


LTX_SHAPES = Shapes(
    transformer={
        "in_channels": 8,
        "out_channels": 8,
        "num_attention_heads": 4,
        "attention_head_dim": 8,
        "cross_attention_dim": 32,
        "num_layers": 2,
        "caption_channels": 32,
    },
    vae={
        **FULL.vae,
        "latent_channels": 8,
        "block_out_channels": (8, 8, 8, 8, 8),
        "decoder_block_out_channels": (8, 8, 8),
        "layers_per_block": (1, 1, 1, 1, 1),
        "decoder_layers_per_block": (1, 1, 1, 1),
        "upsample_residual": (False,) * 3,
        "upsample_factor": (1, 1, 1),
    },
    upscaler={"in_channels": 8, "mid_channels": 32, "num_blocks_per_stage": 1},
)


def ltx_networks() -> tuple[Any, Any]:
    """LTX-Video of 0.9.5 and later."""
    torch.manual_seed(0)
    vae = AutoencoderKLLTXVideo(**LTX_SHAPES.vae)
    return LTXVideoTransformer3DModel(**LTX_SHAPES.transformer), vae


def ltx(folder: Path) -> Placement:
    """The one file with its makers' names, a tokenizer beside it; encoder and upscaler in folders of their own."""
    own, words = folder / "ltx", folder / "t5"
    own.mkdir(parents=True)
    transformer, vae = ltx_networks()
    tensors = {f"model.diffusion_model.{_ltx_name(key)}": value for key, value in transformer.state_dict().items()}
    tensors |= {f"vae.{ltx_vae_name(key)}": value for key, value in vae.state_dict().items()}
    tensors["vae.per_channel_statistics.channel"] = torch.zeros(8)
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, own / FILE)
    t5_tokenizer().save_pretrained(own / "tokenizer")
    t5().save_pretrained(words)
    larger = folder / "upscaler"
    larger.mkdir()
    save_file(ltx_upscaler().state_dict(), larger / upscaling.FILE)
    return Placement(weights={"ltx-2b-distilled": own, "t5-xxl": words, "ltx-upscaler": larger})


def ltx_upscaler() -> Any:
    """LTX-Video's second pass."""
    torch.manual_seed(0)
    return LTXLatentUpsamplerModel(**LTX_SHAPES.upscaler).eval()


def t5() -> T5EncoderModel:
    """T5's encoder half."""
    torch.manual_seed(0)
    kind: Any = T5Config  # whose types lag behind
    config = kind(
        vocab_size=128,
        d_model=32,
        d_kv=8,
        d_ff=37,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    return T5EncoderModel(config).eval()


def _ltx_name(key: str) -> str:
    for theirs, ours in (("proj_in", "patchify_proj"), ("time_embed", "adaln_single")):
        key = key.replace(theirs, ours) if key.startswith(theirs) else key
    return key.replace("norm_q", "q_norm").replace("norm_k", "k_norm")


def ltx_vae_name(key: str) -> str:
    if key in ("latents_mean", "latents_std"):
        return "per_channel_statistics." + {"latents_mean": "mean-of-means", "latents_std": "std-of-means"}[key]
    half, _, rest = key.partition(".")
    if rest.startswith(("time_embedder", "scale_shift_table")):
        rest = f"last_{rest}"
    way = "up" if half == "decoder" else "down"
    rest = re.sub(r"^mid_block", f"{way}_blocks.{0 if way == 'up' else 8}", rest)
    side = re.match(r"(up|down)_blocks\.(\d)\.(up|down)samplers\.0", rest)
    whole = re.match(r"(up|down)_blocks\.(\d)(?=\.resnets|\.conv|\.time)", rest)
    if side:
        rest = rest.replace(side[0], f"{way}_blocks.{2 * int(side[2]) + 1}")
    elif whole and not key.startswith(f"{half}.mid_block"):
        rest = rest.replace(whole[0], f"{way}_blocks.{2 * int(whole[2]) + (2 if way == 'up' else 0)}")
    rest = rest.replace("resnets", "res_blocks").replace("conv_shortcut.conv", "conv_shortcut")
    return f"{half}.{rest.replace('norm3', 'norm3.norm')}"
