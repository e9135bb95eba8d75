"""What this package takes from diffusers and transformers, imported in one place. Knows nothing of how it is used.

Both import torchaudio when it is installed, and fail when it was built for another torch than the one installed
(a CPU torch beside a CUDA torchaudio). No sound is touched here, so such a torchaudio is treated as absent.
"""

import sys
from contextlib import suppress
from importlib.util import find_spec


def _without_broken_sound() -> None:
    if "torchaudio" in sys.modules or find_spec("torchaudio") is None:
        return
    with suppress(ImportError):
        try:
            __import__("torchaudio")
        except OSError:
            sys.modules["torchaudio"] = None  # type: ignore[assignment]  # the documented mark of an absent module


_without_broken_sound()

from diffusers.configuration_utils import ConfigMixin, register_to_config  # noqa: E402 - after the line above
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL  # noqa: E402
from diffusers.models.embeddings import TimestepEmbedding, Timesteps  # noqa: E402
from diffusers.models.modeling_utils import ModelMixin  # noqa: E402
from diffusers.schedulers.scheduling_ddim import DDIMScheduler  # noqa: E402
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection  # noqa: E402

__all__ = [
    "AutoencoderKL",
    "CLIPVisionConfig",
    "CLIPVisionModelWithProjection",
    "ConfigMixin",
    "DDIMScheduler",
    "ModelMixin",
    "TimestepEmbedding",
    "Timesteps",
    "register_to_config",
]
