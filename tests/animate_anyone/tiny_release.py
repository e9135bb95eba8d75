"""A release of AnimateAnyone in the files of the published one, some hundred kilobytes small; its weights are noise."""

import json
from pathlib import Path

import torch

from avatar.stage import Placement
from stages.pose.animate_anyone import release
from tests.animate_anyone.small import models

CONFIG = {
    "unet": {
        "block_out_channels": [32, 64],
        "layers_per_block": 1,
        "attention_head_dim": 8,
        "cross_attention_dim": 16,
        "norm_num_groups": 16,
    },
    "denoising_additional": {
        "use_motion_module": True,
        "use_inflated_groupnorm": True,
        "motion_module_mid_block": True,
        "motion_module_kwargs": {
            "num_attention_heads": 8,
            "num_transformer_block": 1,
            "attention_block_types": ["Temporal_Self", "Temporal_Self"],
            "temporal_position_encoding": True,
            "temporal_position_encoding_max_len": 8,
        },
    },
    "pose_guider": {"conditioning_embedding_channels": 32, "block_out_channels": [4, 4, 4, 4]},
}


def write(folder: Path) -> Placement:
    """The three downloads below `folder`, converted as the fetcher does, and a placement that names them."""
    made = models()
    anyone, vae, encoder = (folder / name for name in ("animate-anyone", "sd-vae-ft-mse", "image-variations-encoder"))
    anyone.mkdir(parents=True)
    (anyone / "config.json").write_text(json.dumps(CONFIG))
    state = made.denoising.state_dict()
    files = {
        "denoising_unet": {name: value for name, value in state.items() if release.is_still(name)},
        "motion_module": {name: value for name, value in state.items() if release.is_motion(name)},
        "reference_unet": made.reference.state_dict(),
        "pose_guider": made.guider.state_dict(),
    }
    for name, tensors in files.items():
        torch.save(tensors, anyone / f"{name}.pth")
    release.convert(anyone)
    made.autoencoder.save_pretrained(vae)
    made.encoder.config.save_pretrained(encoder)
    torch.save(made.encoder.state_dict(), encoder / "pytorch_model.bin")
    weights = {each.name: each for each in (anyone, vae, encoder)}
    return Placement(precision="float32", weights=weights)
