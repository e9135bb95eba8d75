"""Wan 2.2 Animate with random weights in the exact layout of the hub: real classes, some hundred kilobytes."""
# mypy: disable-error-code="no-untyped-call, no-any-return"
# The libraries' classes have no types.

from pathlib import Path
from typing import Any

import torch

from avatar.stage import Placement
from stages import foreign

foreign.ready()

from diffusers import (  # noqa: E402 - after the line above
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanAnimatePipeline,
    WanAnimateTransformer3DModel,
)
from transformers import (  # noqa: E402
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-:;()\"/&"


def pipeline() -> WanAnimatePipeline:
    """The whole pipeline."""
    torch.manual_seed(0)
    transformer = WanAnimateTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=36,
        latent_channels=16,
        out_channels=16,
        text_dim=32,
        freq_dim=64,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        image_dim=32,
        rope_max_seq_len=64,
        motion_encoder_channel_sizes={"4": 16, "8": 16, "16": 16},
        motion_encoder_size=16,
        motion_style_dim=8,
        motion_dim=4,
        motion_encoder_dim=16,
        face_encoder_hidden_dim=16,
        face_encoder_num_heads=2,
        inject_face_latents_blocks=2,
    )
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )
    words = UMT5Config(
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
    seen = CLIPVisionConfig(
        hidden_size=32,
        projection_dim=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=32,
        intermediate_size=37,
        patch_size=8,
    )
    known = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -4.0) for letter in LETTERS)]
    tokenizer = T5Tokenizer(vocab=known, extra_ids=0, additional_special_tokens=[], model_max_length=512)
    return WanAnimatePipeline(
        tokenizer=tokenizer,
        text_encoder=UMT5EncoderModel(words).eval(),
        vae=vae,
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0),
        image_processor=CLIPImageProcessor(crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32}),
        image_encoder=CLIPVisionModel(seen).eval(),
        transformer=transformer,
    )


def write(folder: Path) -> Placement:
    """The download below `folder`, and a placement that names it."""
    place = folder / "wan22-animate-14b"
    made: Any = pipeline()
    made.save_pretrained(place, safe_serialization=True)
    return Placement(precision="float32", weights={place.name: place})
