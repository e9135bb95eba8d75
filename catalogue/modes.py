"""The memory that a way to run a model takes. Knows no recipe.

Counted, not measured: see hf_spaces_models.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from avatar.stage import Mode, Needs, Offload, Precision
from catalogue.parts import PARTS

GIB = 1 << 30
SLACK = int(0.85 * GIB)
"""For the CUDA context and the allocator on a device, fitted to docs/gpu.md."""
KEPT, KEPT_BY_CONVOLUTIONS = 0.17, 0.45
"""What the allocator and cuDNN keep beyond activations, as a share of these: of an autoencoder's more. Fitted likewise,
for an allocator with expandable segments."""
HOST = 2 * GIB
"""For Python, torch and the libraries in host memory."""
GROUP = 0.1
"""The share of a model's largest part that group offload keeps on the device: a group at work, one on its way."""
LAYER = GIB // 4
"""What sequential offload keeps on the device beside activations."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a backend needs. `size` says at which size and length its activations were counted."""

    stage: str
    backend: str
    needs: Needs
    size: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One network at work: parameters, and the bytes of its largest activations at 16 bits (or as it must compute).

    `kept` is the share of these that the allocator keeps beyond them.
    """

    parameters: int
    activations: int = 0
    kept: float = KEPT

    @property
    def busy(self) -> int:
        """Bytes on a device beside its weights while it works."""
        return int(self.activations * (1 + self.kept))


def parts_of(name: str, **gibibytes: float) -> tuple[Part, ...]:
    """The parts of a model, with the largest activations of those that have any worth counting."""
    return tuple(
        Part(count, int(gibibytes.get(part, 0) * GIB), KEPT_BY_CONVOLUTIONS if part == "vae" else KEPT)
        for part, count in PARTS[name].items()
    )


ACTIVATIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "sd-turbo": {"unet": 0.07, "vae": 0.38, "text_encoder": 0.0},
        "sd15": {"unet": 0.13, "vae": 0.38, "text_encoder": 0.0},
        "wan-image": {"transformer": 0.08, "vae": 1.29, "text_encoder": 0.1},
        "wan-image, tiled": {"vae": 0.22},
        "svd": {"unet": 7.74, "vae": 2.33, "image_encoder": 0.03},
        "ltx": {"transformer": 0.7, "vae": 4.12, "text_encoder": 0.05},
        "ltx, tiled": {"vae": 3.01},
        "ltx, refined": {"transformer": 1.11, "vae": 6.55, "upscaler": 0.04},
        "ltx, refined, tiled": {"vae": 3.04},
        "wan21-t2v-13b": {"transformer": 1.51, "vae": 3.96, "text_encoder": 0.1},
        "wan21-t2v-13b, tiled": {"vae": 0.87},
        "wan21-i2v": {"transformer": 3.51, "vae": 3.96, "text_encoder": 0.1, "image_encoder": 0.03},
        "wan21-i2v, tiled": {"vae": 0.87},
        "wan22-ti2v-5b": {"transformer": 5.09, "vae": 9.66, "text_encoder": 0.1},
        "wan22-ti2v-5b, tiled": {"vae": 2.87},
        "wan22-a14b": {"transformer": 3.5, "transformer_2": 3.5, "vae": 3.96, "text_encoder": 0.1},
        "wan22-a14b, tiled": {"vae": 0.87},
        "modelscope": {"unet": 2.73, "vae": 0.29, "text_encoder": 0.0},
        "animate-anyone": {
            "denoising": 3.33,
            "reference": 0.11,
            "guider": 0.21,
            "vae": 2.3,
            "image_encoder": 0.02,
        },
        "wan-animate": {"transformer": 4.23, "vae": 3.95, "text_encoder": 0.1, "image_encoder": 0.03},
        "wan-animate, tiled": {"vae": 0.87},
        "ltx2": {"transformer": 4.22, "connectors": 2.34, "vae": 8.22, "audio_vae": 0.03, "text_encoder": 1.24},
        "ltx2, tiled": {"vae": 2.71},
    }
)
"""GiB of the largest activations of each part of a diffusion recipe, at the recipe's size and as its pipeline calls it,
rounded up. `python -m benchmarks.activations` computes them anew. Tiled: the autoencoder works tile by tile. Refined: a
second pass at four thirds of the size."""


def busy_parts(recipe: str, *models: str, tiled: bool = False) -> tuple[Part, ...]:
    """The parts of the models of a recipe with their activations, `tiled` with the autoencoder working in tiles."""
    held = {**ACTIVATIONS[recipe], **(ACTIVATIONS[f"{recipe}, tiled"] if tiled else {})}
    return tuple(part for model in models for part in parts_of(model, **held))


BYTES: Mapping[Precision, float] = {"float32": 4, "bfloat16": 2, "float16": 2, "fp8": 1}
SLOWER: Mapping[Offload, float] = {"none": 1.0, "tiles": 1.1, "model": 1.3, "group": 1.6, "sequential": 5.0}
"""How much longer it takes when weights travel: guesses."""


def on_cuda(parts: tuple[Part, ...], precision: Precision, offload: Offload, pace: float) -> Mode:
    """One way to run the parts on a device, one after another, as pipelines do.

    Whole: all weights and the largest activations. Model offload: the largest part with its own activations. Group and
    sequential offload: the largest activations and a share of the weights. Host memory holds what is offloaded, else
    one part while it is loaded.
    """
    weights = [int(part.parameters * BYTES[precision]) for part in parts]
    busiest = max(part.busy for part in parts)
    held = {
        "none": sum(weights) + busiest,
        "tiles": sum(weights) + busiest,
        "model": max(size + part.busy for size, part in zip(weights, parts, strict=True)),
        "group": int(GROUP * max(weights)) + busiest,
        "sequential": LAYER + busiest,
    }[offload]
    at_home = max(weights) if offload in ("none", "tiles") else sum(weights)
    return Mode("cuda", precision, offload, held + SLACK, at_home + HOST, pace * SLOWER[offload])


def on_cpu(parts: tuple[Part, ...], pace: float) -> Mode:
    """On the processor, in float32."""
    weights = sum(4 * part.parameters for part in parts)
    return Mode("cpu", "float32", "none", 0, weights + 2 * max(part.activations for part in parts) + HOST, pace)


def ladder(
    parts: tuple[Part, ...], precision: Precision, pace: float, *, tiled: tuple[Part, ...] = ()
) -> tuple[Mode, ...]:
    """All ways down for a large pipeline. `tiled` are its parts where the autoencoder works tile by tile."""
    small = tiled or parts
    whole, tiles = on_cuda(parts, precision, "none", pace), on_cuda(small, precision, "tiles", pace)
    return (
        whole,
        *((tiles,) if tiles.vram < whole.vram else ()),
        on_cuda(small, precision, "model", pace),
        on_cuda(small, "fp8", "model", pace * 1.1),
        on_cuda(small, precision, "group", pace),
        on_cuda(small, precision, "sequential", pace),
    )
