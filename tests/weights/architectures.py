# mypy: disable-error-code="no-untyped-call"
# diffusers does not say what making a model takes.
"""The published architectures, built without memory, to count what the catalogue says they have.

Sources: class defaults of diffusers and transformers, diffusers' conversion scripts, published configurations.
"""

import stages.pose.animate_anyone.foreign  # noqa: F401 - first: it survives a torchaudio that does not fit this torch

# isort: split

from collections.abc import Callable
from typing import Any

import transformers
from diffusers import (
    AutoencoderKL,
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    AutoencoderKLLTXVideo,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    LTX2VideoTransformer3DModel,
    LTXVideoTransformer3DModel,
    UNet2DConditionModel,
    UNet3DConditionModel,
    UNetSpatioTemporalConditionModel,
    WanAnimateTransformer3DModel,
    WanTransformer3DModel,
)
from diffusers.pipelines.ltx.modeling_latent_upsampler import LTXLatentUpsamplerModel
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    SpeechT5Config,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
    VitsConfig,
    VitsModel,
    Wav2Vec2Config,
    Wav2Vec2ForCTC,
    Wav2Vec2ForPreTraining,
)

from hf_spaces_models import MMS
from stages import rife
from stages.pose.animate_anyone import release

WIDTHS = (128, 256, 512, 512)
WAN: dict[str, Any] = {
    "patch_size": (1, 2, 2),
    "attention_head_dim": 128,
    "freq_dim": 256,
    "text_dim": 4096,
    "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
}
BIG: dict[str, Any] = {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40, **WAN}


def image_vae() -> Any:
    """Of Stable Diffusion, all versions."""
    return AutoencoderKL(
        block_out_channels=WIDTHS,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
    )


def video_vae() -> Any:
    """Of Stable Video Diffusion."""
    return AutoencoderKLTemporalDecoder(
        block_out_channels=WIDTHS,
        down_block_types=("DownEncoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
    )


def ltx_vae() -> Any:
    """Of LTX-Video 0.9.5 and later."""
    return AutoencoderKLLTXVideo(
        block_out_channels=(128, 256, 512, 1024, 2048),
        down_block_types=("LTXVideo095DownBlock3D",) * 4,
        decoder_block_out_channels=(256, 512, 1024),
        layers_per_block=(4, 6, 6, 2, 2),
        decoder_layers_per_block=(5, 5, 5, 5),
        spatio_temporal_scaling=(True,) * 4,
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True,) * 3,
        upsample_factor=(2, 2, 2),
        timestep_conditioning=True,
        encoder_causal=True,
        decoder_causal=False,
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )


def ltx2_vae() -> Any:
    """Of LTX-2."""
    return AutoencoderKLLTX2Video(decoder_causal=False, spatial_compression_ratio=32, temporal_compression_ratio=8)


def gemma3() -> Any:
    """LTX-2's text encoder: Gemma 3 of 12 billion, the eyes that it came with included."""
    words = {
        "hidden_size": 3840,
        "intermediate_size": 15360,
        "num_hidden_layers": 48,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 256,
        "vocab_size": 262208,
    }
    eyes = {
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "num_attention_heads": 16,
        "image_size": 896,
        "patch_size": 14,
    }
    return Gemma3ForConditionalGeneration(Gemma3Config(text_config=words, vision_config=eyes))


def wan22_vae() -> Any:
    """Of Wan 2.2 TI2V 5B."""
    return AutoencoderKLWan(
        base_dim=160,
        z_dim=48,
        is_residual=True,
        in_channels=12,
        out_channels=12,
        decoder_base_dim=256,
        scale_factor_temporal=4,
        scale_factor_spatial=16,
        patch_size=2,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
    )


def clip_text(width: int, layers: int, heads: int) -> Any:
    """The text half of a CLIP."""
    return CLIPTextModel(
        CLIPTextConfig(
            hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=heads
        )
    )


def vision_config(width: int, layers: int, projection: int) -> CLIPVisionConfig:
    """The picture half of a CLIP."""
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=16,
        patch_size=14,
        image_size=224,
        projection_dim=projection,
    )


def t5(kind: type[Any], config: type[Any], words: int) -> Any:
    """The encoder half of a T5 or UMT5 of the XXL size."""
    return kind(
        config(
            d_model=4096,
            d_kv=64,
            d_ff=10240,
            num_layers=24,
            num_heads=64,
            vocab_size=words,
            feed_forward_proj="gated-gelu",
        )
    )


def umt5() -> Any:
    """Wan's text encoder."""
    return t5(UMT5EncoderModel, UMT5Config, 256384)


ARCHITECTURES: dict[str, dict[str, Callable[[], Any]]] = {
    "svd-xt": {
        "unet": UNetSpatioTemporalConditionModel,
        "vae": video_vae,
        "image_encoder": lambda: CLIPVisionModelWithProjection(vision_config(1280, 32, 1024)),
    },
    "animate-anyone": {"denoising": release.denoising, "reference": release.reference, "guider": release.guider},
    "sd-vae-ft-mse": {"vae": image_vae},
    "image-variations-encoder": {"image_encoder": lambda: CLIPVisionModelWithProjection(vision_config(1024, 24, 768))},
    "wav2vec2-base-960h": {"ctc": lambda: Wav2Vec2ForCTC(Wav2Vec2Config())},
    "wav2vec2-base": {"pretraining": lambda: Wav2Vec2ForPreTraining(Wav2Vec2Config())},
    "speecht5-tts": {"tts": lambda: SpeechT5ForTextToSpeech(SpeechT5Config())},
    "speecht5-hifigan": {"vocoder": lambda: SpeechT5HifiGan(SpeechT5HifiGanConfig())},
    "pocket-tts": {"tts": lambda: transformers.PocketTTSForConditionalGeneration(transformers.PocketTTSConfig())},
    "pocket-tts-audio-tokenizer": {
        "codec": lambda: transformers.PocketTTSAudioTokenizerModel(transformers.PocketTTSAudioTokenizerConfig())
    },
    **{f"mms-{code}": {"vits": lambda: VitsModel(VitsConfig())} for code, _ in MMS},
    "sd-turbo": {
        "unet": lambda: UNet2DConditionModel(
            cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True
        ),
        "vae": image_vae,
        "text_encoder": lambda: clip_text(1024, 23, 16),
    },
    "sd15": {
        "unet": lambda: UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8),
        "vae": image_vae,
        "text_encoder": lambda: clip_text(768, 12, 12),
    },
    "modelscope-t2v": {"unet": UNet3DConditionModel, "vae": image_vae, "text_encoder": lambda: clip_text(1024, 23, 16)},
    "ltx-2b-distilled": {"transformer": LTXVideoTransformer3DModel, "vae": ltx_vae},
    "ltx-upscaler": {"upscaler": LTXLatentUpsamplerModel},
    "ltx-2": {
        "transformer": lambda: LTX2VideoTransformer3DModel(rope_type="split"),
        "connectors": lambda: LTX2TextConnectors(rope_type="split"),
        "vae": ltx2_vae,
        "audio_vae": AutoencoderKLLTX2Audio,
        "text_encoder": gemma3,
    },
    "rife": {"network": rife.Network},
    "t5-xxl": {"text_encoder": lambda: t5(T5EncoderModel, T5Config, 32128)},
    "wan21-t2v-13b": {
        "transformer": lambda: WanTransformer3DModel(num_attention_heads=12, ffn_dim=8960, num_layers=30, **WAN),
        "vae": AutoencoderKLWan,
        "text_encoder": umt5,
    },
    "wan21-i2v-14b": {
        "transformer": lambda: WanTransformer3DModel(in_channels=36, image_dim=1280, added_kv_proj_dim=5120, **BIG),
        "vae": AutoencoderKLWan,
        "text_encoder": umt5,
        "image_encoder": lambda: CLIPVisionModel(vision_config(1280, 32, 1024)),
    },
    "wan22-ti2v-5b": {
        "transformer": lambda: WanTransformer3DModel(
            num_attention_heads=24, ffn_dim=14336, num_layers=30, in_channels=48, out_channels=48, **WAN
        ),
        "vae": wan22_vae,
        "text_encoder": umt5,
    },
    "wan22-t2v-a14b": {
        "transformer": lambda: WanTransformer3DModel(**BIG),
        "transformer_2": lambda: WanTransformer3DModel(**BIG),
        "vae": AutoencoderKLWan,
        "text_encoder": umt5,
    },
    "wan22-animate-14b": {
        "transformer": lambda: WanAnimateTransformer3DModel(added_kv_proj_dim=5120),
        "vae": AutoencoderKLWan,
        "text_encoder": umt5,
        "image_encoder": lambda: CLIPVisionModel(vision_config(1280, 32, 1024)),
    },
}
"""For each catalogue id its components, as `hf_spaces_models.PARTS` names them."""
