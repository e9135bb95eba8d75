"""What this package takes from diffusers and transformers, imported in one place. Knows nothing of how it is used."""

from stages import foreign

foreign.ready()

from diffusers.configuration_utils import ConfigMixin, register_to_config  # noqa: E402 - after the line above
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL  # noqa: E402
from diffusers.models.embeddings import TimestepEmbedding, Timesteps  # noqa: E402
from diffusers.models.modeling_utils import ModelMixin  # noqa: E402
from diffusers.schedulers.scheduling_ddim import DDIMScheduler  # noqa: E402
from diffusers.utils import logging as diffusers_logging  # noqa: E402
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection  # noqa: E402
from transformers.utils import logging as transformers_logging  # noqa: E402

diffusers_logging.disable_progress_bar()
transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

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
