"""LTX-2 with random weights in the exact layout of the hub: real classes, a megabyte and a half."""
# mypy: disable-error-code="no-untyped-call, no-any-return"
# The libraries' classes have no types.

import shutil
from pathlib import Path
from typing import Any

import torch

from avatar.stage import Placement
from stages import foreign

foreign.ready()

from diffusers import (  # noqa: E402 - after the line above
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors  # noqa: E402
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder  # noqa: E402
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, GemmaTokenizer  # noqa: E402

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-:;()\"/&"
WIDTH = 16


def tokenizer() -> GemmaTokenizer:
    """A token a letter."""
    known = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *LETTERS, *(f"<0x{byte:02X}>" for byte in range(256))]
    known += ["<start_of_image>", "<end_of_image>", "<image_soft_token>"]
    vocabulary: Any = {token: number for number, token in enumerate(known)}
    return GemmaTokenizer(vocab=vocabulary, merges=[], model_max_length=1024)


def encoder(words: int) -> Gemma3ForConditionalGeneration:
    """Gemma 3."""
    torch.manual_seed(0)
    config = Gemma3Config(
        text_config={
            "vocab_size": words,
            "hidden_size": WIDTH,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 8,
            "max_position_embeddings": 1024,
            "sliding_window": 64,
        },
        vision_config={
            "hidden_size": 8,
            "intermediate_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "image_size": 14,
            "patch_size": 14,
        },
        mm_tokens_per_image=1,
        image_token_index=words - 1,
        boi_token_index=words - 3,
        eoi_token_index=words - 2,
    )
    return Gemma3ForConditionalGeneration(config).eval()


def transformer() -> Any:
    """The denoiser of both streams."""
    return LTX2VideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        audio_in_channels=8,
        audio_out_channels=8,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        caption_channels=WIDTH,
        rope_double_precision=False,
        rope_type="split",
    )


def video_vae() -> Any:
    """Pictures: 32 pixels and 8 frames to a latent, as in the real one."""
    return AutoencoderKLLTX2Video(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        timestep_conditioning=False,
        encoder_causal=True,
        decoder_causal=False,
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )


def connectors() -> Any:
    """Between the encoder and the two streams."""
    torch.manual_seed(0)
    return LTX2TextConnectors(
        caption_channels=WIDTH,
        text_proj_in_factor=3,
        video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=8,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=None,
        audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=8,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None,
        connector_rope_base_seq_len=32,
        rope_double_precision=False,
        rope_type="split",
    )


def pipeline() -> LTX2Pipeline:
    """The whole pipeline, as its folder says what it is."""
    words = tokenizer()
    joined = connectors()
    audio_vae = AutoencoderKLLTX2Audio(
        base_channels=8,
        ch_mult=(1, 1, 1),
        num_res_blocks=1,
        resolution=32,
        latent_channels=2,
        mel_bins=16,
        sample_rate=16000,
        mel_hop_length=160,
    )
    vocoder = LTX2Vocoder(
        in_channels=2 * 16,
        hidden_channels=32,
        upsample_kernel_sizes=[16, 15, 8, 4, 4],
        upsample_factors=[6, 5, 2, 2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
        output_sampling_rate=24000,
    )
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_shift=0.95,
        max_shift=2.05,
        base_image_seq_len=1024,
        max_image_seq_len=4096,
        shift_terminal=0.1,
    )
    return LTX2Pipeline(
        transformer=transformer(),
        vae=video_vae(),
        audio_vae=audio_vae,
        scheduler=scheduler,
        text_encoder=encoder(len(words)),
        tokenizer=words,
        connectors=joined,
        vocoder=vocoder,
    )


def write(folder: Path) -> Placement:
    """The pipeline saved as the hub has it, without what is not fetched, and where it is to run."""
    made: Any = pipeline()
    made.save_pretrained(folder / "ltx-2", safe_serialization=True)
    shutil.rmtree(folder / "ltx-2" / "vocoder")
    return Placement(weights={"ltx-2": folder / "ltx-2"})
