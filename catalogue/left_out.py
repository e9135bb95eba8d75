"""Weights that people ask for, and that are not offered. Pure data."""

from avatar.plan import Weights
from catalogue.parts import CONFIG, files_of, parameters_of, wan_files

NOT_OFFERED: tuple[Weights, ...] = (
    Weights(
        id="wav2vec2-base",
        source="facebook/wav2vec2-base",
        revision="",
        files=files_of(("config.json", CONFIG), ("pytorch_model.bin", 380_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="wav2vec 2.0 base, without letters",
        stage="lips",
        parameters=parameters_of("wav2vec2-base"),
        excluded="its 0 letters align no speech; wav2vec2-base-960h, as large, has 32 symbols and serves in its place",
    ),
    Weights(
        id="omniavatar-14b",
        source="OmniAvatar/OmniAvatar-14B",
        revision="",
        files=files_of(("config.json", CONFIG), ("pytorch_model.pt", 4_000_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="OmniAvatar 14B",
        stage="lips",
        excluded="about 4 GB that only work beside the 80 GB of Wan 2.1 T2V 14B: more than a Space's 50 GB of disk",
    ),
    Weights(
        id="wan21-t2v-14b",
        source="Wan-AI/Wan2.1-T2V-14B-Diffusers",
        revision="",
        files=wan_files(("transformer", 57_200_000_000), ("text_encoder", 22_700_000_000), ("vae", 508_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="Wan 2.1 T2V 14B",
        stage="motion",
        parameters=14_288_491_584 + 5_680_910_336 + 126_892_531,
        excluded="80 GB on disk, more than a Space's 50 GB; Wan 2.2 A14B does the same better where there is room",
    ),
    Weights(
        id="ltx-13b-distilled",
        source="Lightricks/LTX-Video",
        revision="",
        files=files_of(("ltxv-13b-0.9.8-distilled.safetensors", 28_600_000_000)),
        licence="LTXV-OpenRAIL-M",
        commercial=True,
        title="LTX-Video 13B, distilled",
        stage="motion",
        excluded="28.6 GB and a text encoder of 9.5 GB leave too little of a Space's 50 GB; the 2B model takes 16 GB",
    ),
)
