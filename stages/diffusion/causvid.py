"""Wan 2.1 I2V with the CausVid adapter fused in: four steps instead of fifty. Knows no stage.

The adapter was made for the model that films after words alone; the library fills up what that lacks.
"""

from pathlib import Path
from typing import Any

from avatar.errors import Unavailable
from avatar.stage import Placement
from stages.diffusion import files, loading, placing
from stages.diffusion.cameras import WAN21_I2V
from stages.diffusion.filming import Crew
from stages.diffusion.foreign import kind
from stages.diffusion.model import computing

ADAPTER = "wan21-causvid-lora"
FILE = "Wan21_CausVid_14B_T2V_lora_rank32.safetensors"
WEIGHT = 0.95


def load(placement: Placement) -> Crew:
    """Raises `Unavailable` naming what is missing or damaged, `OutOfMemory`."""
    source = WAN21_I2V.source
    network = loading.part(
        kind("diffusers", "WanTransformer3DModel"),
        _folder(placement, source.weights) / "transformer",
        weights=source.weights,
        dtype=computing(placement),
    )
    adapted(network, _folder(placement, ADAPTER))
    passed = placing.early("transformer", network, source, placement)
    return Crew.of(WAN21_I2V, loading.load(source, placement, transformer=passed))


def adapted(network: Any, folder: Path) -> None:
    """Fuse the adapter into the network. Raises `Unavailable`."""
    files.check_safetensors(folder / FILE, weights=ADAPTER)
    empty = dict.fromkeys(("tokenizer", "text_encoder", "vae", "scheduler"))
    shell = kind("diffusers", WAN21_I2V.source.pipeline)(transformer=network, **empty)
    with loading.foreign_errors("The adapter", ADAPTER):
        shell.load_lora_weights(folder, weight_name=FILE, local_files_only=True)
        shell.fuse_lora(lora_scale=WEIGHT)
        shell.unload_lora_weights()
    network.eval().requires_grad_(requires_grad=False)


def _folder(placement: Placement, weights: str) -> Path:
    folder = placement.weights.get(weights)
    if folder is None:
        raise Unavailable(f"The weights {weights} are not there. {files.again(weights)}")
    return folder
