"""What models consist of, and names that several rows share. Knows no row."""

from collections.abc import Mapping
from types import MappingProxyType

from avatar.plan import WeightFile

CONFIG, SMALL, VOCABULARY = 1_000, 3_000, 1_600_000
"""About the sizes of files that don't count: a configuration, a few of them, a CLIP tokenizer."""

TORCH = ("torch", "transformers", "safetensors")
DIFFUSERS = (*TORCH, "diffusers", "accelerate")

MMS = (
    ("deu", "German"), ("eng", "English"), ("fra", "French"), ("hin", "Hindi"), ("nld", "Dutch"), ("pol", "Polish"),
    ("por", "Portuguese"), ("rus", "Russian"), ("spa", "Spanish"),
)  # fmt: skip
"""Languages of the MMS voices that are offered, of some 1100 that there are, by ISO 639-3."""

PIPER = (
    ("en-ljspeech", "en/en_US/ljspeech/medium/en_US-ljspeech-medium", "Piper LJSpeech", "public domain"),
    ("de-thorsten", "de/de_DE/thorsten/medium/de_DE-thorsten-medium", "Piper Thorsten", "CC0-1.0"),
    ("fr-siwis", "fr/fr_FR/siwis/medium/fr_FR-siwis-medium", "Piper Siwis", "CC-BY-4.0"),
)
"""Piper voices: id, where in the repository (which is MIT), title, licence of the recordings that they learned from."""

PARTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "svd-xt": {"unet": 1_524_623_082, "vae": 97_742_847, "image_encoder": 632_076_800},
        "animate-anyone": {"denoising": 1_312_730_244, "reference": 859_508_800, "guider": 1_086_480},
        "sd-vae-ft-mse": {"vae": 83_653_863},
        "image-variations-encoder": {"image_encoder": 303_966_208},
        "wav2vec2-base-960h": {"ctc": 94_396_320},
        "wav2vec2-base": {"pretraining": 95_044_608},
        "speecht5-tts": {"tts": 144_431_684},
        "speecht5-hifigan": {"vocoder": 12_656_257},
        "pocket-tts": {"tts": 89_451_778},
        "pocket-tts-audio-tokenizer": {"codec": 20_054_337},
        **{f"mms-{code}": {"vits": 36_284_592} for code, _ in MMS},
        "sd-turbo": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
        "sd15": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
        "modelscope-t2v": {"unet": 1_411_233_860, "vae": 83_653_863, "text_encoder": 340_387_840},
        "ltx-2b-distilled": {"transformer": 1_923_385_472, "vae": 1_246_913_522},
        "ltx-upscaler": {"upscaler": 126_250_624},
        "rife": {"network": 5_160_980},
        "t5-xxl": {"text_encoder": 4_762_310_656},
        "ltx-2": {
            "transformer": 18_876_174_592,
            "connectors": 1_431_475_200,
            "vae": 1_222_479_601,
            "audio_vae": 53_248_146,
            "text_encoder": 12_202_563_392,
        },
        "wan21-t2v-13b": {"transformer": 1_418_996_800, "vae": 126_892_531, "text_encoder": 5_680_910_336},
        "wan21-i2v-14b": {
            "transformer": 16_394_878_784,
            "vae": 126_892_531,
            "text_encoder": 5_680_910_336,
            "image_encoder": 630_766_080,
        },
        "wan22-ti2v-5b": {"transformer": 4_999_787_712, "vae": 704_688_668, "text_encoder": 5_680_910_336},
        "wan22-t2v-a14b": {
            "transformer": 14_288_491_584,
            "transformer_2": 14_288_491_584,
            "vae": 126_892_531,
            "text_encoder": 5_680_910_336,
        },
        "wan22-animate-14b": {
            "transformer": 17_274_816_884,
            "vae": 126_892_531,
            "text_encoder": 5_680_910_336,
            "image_encoder": 630_766_080,
        },
    }
)
"""Parameters, buffers not counted. `tests/weights` builds each architecture without memory and counts anew."""


def files_of(*pairs: tuple[str, int]) -> tuple[WeightFile, ...]:
    """Files by path, as large as their pages say."""
    return tuple(WeightFile(path, size) for path, size in pairs)


def diffusers_files(*weights: tuple[str, int]) -> tuple[WeightFile, ...]:
    """A pipeline as diffusers keeps it: the index, the scheduler, and each part's weights with its configuration."""
    folders = [path.split("/")[0] for path, _ in weights]
    parts = [(f"{folder}/config.json", CONFIG) for folder in folders]
    return files_of(("model_index.json", CONFIG), ("scheduler/scheduler_config.json", CONFIG), *parts, *weights)


def wan_files(*parts: tuple[str, int]) -> tuple[WeightFile, ...]:
    """A Wan pipeline: large parts are cut into pieces, with an index beside them."""
    names = {"text_encoder": "model"}
    weights = [(f"{part}/{names.get(part, 'diffusion_pytorch_model')}*", size) for part, size in parts]
    return (*diffusers_files(*weights), WeightFile("tokenizer/*", 21_000_000))


def parameters_of(name: str) -> int:
    """Parameters of all parts of a model."""
    return sum(PARTS[name].values())
