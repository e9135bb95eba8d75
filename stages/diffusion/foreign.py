"""What this package takes from diffusers and transformers, imported in one place and made quiet. Knows no model."""

from typing import Any

from stages import foreign

foreign.ready()

import transformers  # noqa: E402 - after the line above
from transformers.utils import logging as transformers_logging  # noqa: E402

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]

import diffusers  # noqa: E402 - after it was made quiet, as it looks for what it does not need
from diffusers.hooks._helpers import TransformerBlockMetadata, TransformerBlockRegistry  # noqa: E402
from diffusers.hooks.first_block_cache import FirstBlockCacheConfig  # noqa: E402
from diffusers.hooks.group_offloading import apply_group_offloading  # noqa: E402
from diffusers.hooks.hooks import HookRegistry, ModelHook  # noqa: E402
from diffusers.hooks.layerwise_casting import apply_layerwise_casting  # noqa: E402
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify  # noqa: E402
from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformerBlock  # noqa: E402
from diffusers.models.transformers.transformer_wan_animate import WanTransformerBlock as WanAnimateBlock  # noqa: E402
from diffusers.pipelines import ltx2  # noqa: E402
from diffusers.pipelines.ltx.modeling_latent_upsampler import LTXLatentUpsamplerModel  # noqa: E402
from diffusers.utils import logging as diffusers_logging  # noqa: E402

diffusers_logging.disable_progress_bar()
diffusers_logging.set_verbosity_error()

LIBRARIES = {"diffusers": diffusers, "transformers": transformers, "ltx2": ltx2}
"""Where a pipeline's index says that its parts come from; a pipeline's own parts by that pipeline's name."""


def kind(library: str, name: str) -> Any:
    """A class by the library's and its own name; None where there is none."""
    return getattr(LIBRARIES[library], name, None) if library in LIBRARIES else None


__all__ = [
    "FirstBlockCacheConfig",
    "HookRegistry",
    "LTX2VideoTransformerBlock",
    "LTXLatentUpsamplerModel",
    "ModelHook",
    "TransformerBlockMetadata",
    "TransformerBlockRegistry",
    "WanAnimateBlock",
    "apply_group_offloading",
    "apply_layerwise_casting",
    "kind",
    "unpatchify",
]
