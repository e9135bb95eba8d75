"""What this package alone takes from diffusers and transformers. Knows no film."""

import stages.diffusion.foreign  # noqa: F401 - first: it makes the libraries ready

# isort: split

from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition
from transformers.audio_utils import mel_filter_bank

__all__ = ["LTX2VideoCondition", "mel_filter_bank"]
