"""LTX-Video 2B, distilled to eight steps: one file of its makers, an encoder and a tokenizer of T5. Knows no stage.

The file's names of tensors are those of its makers' own program; here they get the library's. The moments at which the
network is asked are fixed, and only the pipeline with conditions takes them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from avatar.errors import Unavailable
from avatar.stage import Placement
from stages.diffusion import decoding, files, loading, placing, upscaling
from stages.diffusion.cameras import LTX
from stages.diffusion.filming import Crew
from stages.diffusion.foreign import kind
from stages.diffusion.making import Effort
from stages.diffusion.model import computing
from stages.diffusion.shots import Scene, Slate
from stages.diffusion.upscaling import UPSCALER, Upscaler

FILE = "ltxv-2b-0.9.8-distilled.safetensors"
ENCODER = "t5-xxl"
MOMENTS = (1000, 993.7, 987.5, 981.2, 975, 909.4, 725, 0.03)
"""Of 1000, when the network is asked: those of its configuration, and the last of the library's example."""
DECODED_AT, DECODED_WITH = 0.05, 0.025
"""Noise level that the autoencoder is told, and noise that is added, as published."""
PREFIX = "model.diffusion_model."


@dataclass(frozen=True, slots=True)
class Shapes:
    """Settings of the networks in the two files; empty is the library's own, which is that of the 2B model."""

    transformer: Mapping[str, Any]
    vae: Mapping[str, Any]
    upscaler: Mapping[str, Any]


FULL = Shapes(
    MappingProxyType({}),
    MappingProxyType(
        {
            "block_out_channels": (128, 256, 512, 1024, 2048),
            "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
            "decoder_block_out_channels": (256, 512, 1024),
            "layers_per_block": (4, 6, 6, 2, 2),
            "decoder_layers_per_block": (5, 5, 5, 5),
            "spatio_temporal_scaling": (True,) * 4,
            "decoder_spatio_temporal_scaling": (True,) * 3,
            "decoder_inject_noise": (False,) * 4,
            "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
            "upsample_residual": (True,) * 3,
            "upsample_factor": (2, 2, 2),
            "timestep_conditioning": True,
            "encoder_causal": True,
            "decoder_causal": False,
            "spatial_compression_ratio": 32,
            "temporal_compression_ratio": 8,
        }
    ),
    MappingProxyType({}),
)


def load(placement: Placement, *, shapes: Shapes = FULL) -> Crew:
    """In two passes where the upscaler is there. Raises `Unavailable` naming what is missing, `OutOfMemory`."""
    source, dtype = LTX.source, computing(placement)
    own, words = (_folder(placement, weights) for weights in (source.weights, ENCODER))
    files.check_safetensors(own / FILE, weights=source.weights)
    with loading.foreign_errors("The network", source.weights):
        transformer = _filled("LTXVideoTransformer3DModel", shapes.transformer, own / FILE, dtype)
        vae = _filled("AutoencoderKLLTXVideo", shapes.vae, own / FILE, dtype)
    encoder = loading.part(kind("transformers", "T5EncoderModel"), words, weights=ENCODER, dtype=dtype)
    with loading.foreign_errors("The tokenizer", source.weights):
        tokenizer = kind("transformers", "T5TokenizerFast").from_pretrained(own / "tokenizer", local_files_only=True)
    parts = {"transformer": transformer, "vae": vae, "text_encoder": encoder}
    placed = {name: placing.early(name, part, source, placement) for name, part in parts.items()}
    scheduler = kind("diffusers", "FlowMatchEulerDiscreteScheduler")(shift=1.0)
    pipe = kind("diffusers", source.pipeline)(scheduler=scheduler, tokenizer=tokenizer, **placed)
    model = loading.seated(pipe, source, placement)
    decode = decoding.ltx(timestep=DECODED_AT, noise=DECODED_WITH)
    upscaler = placement.weights.get(UPSCALER)
    if upscaler is None:
        return Crew.of(LTX, model, decode=decode, arguments=arguments, effort=Effort(together=LTX.together))
    refine = Upscaler.load(upscaler, placement, shapes=shapes.upscaler).refine
    effort = Effort(together=LTX.together, rounds=len(MOMENTS) + upscaling.STEPS)
    remarks = upscaling.remarks
    return Crew.of(LTX, model, decode=decode, arguments=smaller, effort=effort, refine=refine, remarks=remarks)


def arguments(_scene: Scene, _slate: Slate) -> dict[str, Any]:
    """What the pipeline is told beside the usual."""
    return {"timesteps": list(MOMENTS), "frame_rate": int(LTX.fps), "image_cond_noise_scale": 0.0}


def smaller(scene: Scene, slate: Slate) -> dict[str, Any]:
    """The same for the first of two passes."""
    return arguments(scene, slate) | upscaling.first(slate)


def renamed(key: str) -> tuple[str, str] | None:
    """Which network a tensor of the file belongs to, and its name there; None for what the library does not need."""
    if not key.startswith("vae."):
        name = key.removeprefix(PREFIX)
        for ours, theirs in (
            ("patchify_proj", "proj_in"),
            ("adaln_single", "time_embed"),
            ("q_norm", "norm_q"),
            ("k_norm", "norm_k"),
        ):
            name = name.replace(ours, theirs)
        return "LTXVideoTransformer3DModel", name
    name = key.removeprefix("vae.")
    if name.startswith("per_channel_statistics."):
        kept = {"mean-of-means": "latents_mean", "std-of-means": "latents_std"}
        found = kept.get(name.removeprefix("per_channel_statistics."))
        return ("AutoencoderKLLTXVideo", found) if found else None
    name = re.sub(r"(up|down)_blocks\.(\d+)", lambda match: _block(match[1], int(match[2])), name, count=1)
    for ours, theirs in (
        ("last_time_embedder", "time_embedder"),
        ("last_scale_shift_table", "scale_shift_table"),
        ("conv_shortcut", "conv_shortcut.conv"),
        ("res_blocks", "resnets"),
        ("norm3.norm", "norm3"),
    ):
        name = name.replace(ours, theirs)
    return "AutoencoderKLLTXVideo", name


def _block(way: str, number: int) -> str:
    """The library counts what changes the size as part of the block beside it."""
    if (way, number) in (("up", 0), ("down", 8)):
        return "mid_block"
    if way == "up":
        return f"up_blocks.{(number - 1) // 2}" + (".upsamplers.0" if number % 2 else "")
    return f"down_blocks.{number // 2}" + (".downsamplers.0" if number % 2 else "")


def _filled(name: str, settings: Mapping[str, Any], file: Path, dtype: torch.dtype) -> Any:
    """A network with its tensors of the file. Raises `RuntimeError` for those that are missing or of other shapes."""
    with torch.device("meta"):
        network = kind("diffusers", name)(**settings)
    tensors: dict[str, Tensor] = {}
    with safe_open(file, framework="pt") as found:
        for key in found.keys():  # noqa: SIM118 - it is no mapping
            target = renamed(key)
            if target and target[0] == name:
                tensors[target[1]] = found.get_tensor(key).to(dtype)
    network.load_state_dict(tensors, strict=True, assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def _folder(placement: Placement, weights: str) -> Path:
    folder = placement.weights.get(weights)
    if folder is None:
        raise Unavailable(f"The weights {weights} are not there. {files.again(weights)}")
    return folder
