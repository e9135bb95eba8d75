"""The catalogue of weights: where each model comes from, which of its files, how large, under which licence, for what.

Pure data: knows neither the disk nor the network nor who uses a model.

CATALOGUE  every model, by id
PARTS      what a model consists of, and how many parameters each part has
RECIPES    what each neural backend of the pipeline needs: weights, packages, and modes, best first
PROFILES   which models somebody gets who asks for little, for what is recommended, for everything

Sizes without a digest are those of the models' pages and are put right by the hub before anything is fetched. A path
with `*` stands for all files that match, so that nobody has to know into how many pieces a model was cut. A revision
that is empty is pinned to the commit that the first fetch finds. `gated` are those known to want a token; where another
one turns out to want one, fetching it says so.

Memory is counted, not measured: parameters times bytes, plus the largest activations of one forward pass at the size
that a recipe names (followed storage by storage without weights, see ACTIVATIONS; of speech, an allowance), plus what
the CUDA context and the allocator keep, see SLACK and docs/gpu.md. `pace` is a guess. Times measured on this machine
take its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from avatar.plan import Profile, WeightFile, Weights
from avatar.stage import Mode, Needs, Offload, Precision

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


def _files(*pairs: tuple[str, int]) -> tuple[WeightFile, ...]:
    return tuple(WeightFile(path, size) for path, size in pairs)


def _diffusers(*weights: tuple[str, int]) -> tuple[WeightFile, ...]:
    """A pipeline as diffusers keeps it: the index, the scheduler, and each part's weights with its configuration."""
    folders = [path.split("/")[0] for path, _ in weights]
    parts = [(f"{folder}/config.json", CONFIG) for folder in folders]
    return _files(("model_index.json", CONFIG), ("scheduler/scheduler_config.json", CONFIG), *parts, *weights)


def _wan(*parts: tuple[str, int]) -> tuple[WeightFile, ...]:
    """A Wan pipeline: large parts are cut into pieces, with an index beside them."""
    names = {"text_encoder": "model"}
    weights = [(f"{part}/{names.get(part, 'diffusion_pytorch_model')}*", size) for part, size in parts]
    return (*_diffusers(*weights), WeightFile("tokenizer/*", 21_000_000))


def _count(name: str) -> int:
    return sum(PARTS[name].values())


FACES_AND_SOUNDS: tuple[Weights, ...] = (
    Weights(
        id="face-landmarker",
        source="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1",
        revision="float16/1",
        files=(
            WeightFile(
                path="face_landmarker.task",
                size=3_758_596,
                sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
            ),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="MediaPipe FaceLandmarker",
        stage="portrait",
    ),
    Weights(
        id="selfie-segmenter",
        source="https://storage.googleapis.com/mediapipe-models/image_segmenter/selfie_segmenter/float16/1",
        revision="float16/1",
        files=(
            WeightFile(
                path="selfie_segmenter.tflite",
                size=249_537,
                sha256="191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
            ),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="MediaPipe SelfieSegmenter, which tells a person from the background",
        stage="portrait",
    ),
    Weights(
        id="wav2vec2-base-960h",
        source="facebook/wav2vec2-base-960h",
        revision="",
        files=_files(
            ("config.json", CONFIG),
            ("preprocessor_config.json", CONFIG),
            ("special_tokens_map.json", CONFIG),
            ("tokenizer_config.json", CONFIG),
            ("vocab.json", CONFIG),
            ("model.safetensors", 378_000_000),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="wav2vec 2.0 base, 960 h, with letters",
        stage="lips",
        parameters=_count("wav2vec2-base-960h"),
    ),
    Weights(
        id="speecht5-tts",
        source="microsoft/speecht5_tts",
        revision="",
        files=_files(
            ("config.json", SMALL),
            ("added_tokens.json", CONFIG),
            ("preprocessor_config.json", CONFIG),
            ("special_tokens_map.json", CONFIG),
            ("tokenizer_config.json", CONFIG),
            ("spm_char.model", 240_000),
            ("pytorch_model.bin", 585_000_000),
        ),
        licence="MIT",
        commercial=True,
        title="SpeechT5",
        stage="speech",
        parameters=_count("speecht5-tts"),
    ),
    Weights(
        id="speecht5-hifigan",
        source="microsoft/speecht5_hifigan",
        revision="",
        files=_files(("config.json", CONFIG), ("pytorch_model.bin", 50_672_453)),
        licence="MIT",
        commercial=True,
        title="SpeechT5 HiFi-GAN vocoder",
        stage="speech",
        parameters=_count("speecht5-hifigan"),
    ),
    Weights(
        id="cmu-arctic-xvectors",
        source="datasets/Matthijs/cmu-arctic-xvectors",
        revision="",
        files=_files(("spkrec-xvect.zip", 17_000_000)),
        licence="MIT",
        commercial=True,
        title="Voices of CMU Arctic as x-vectors",
        stage="speech",
    ),
    Weights(
        id="spkrec-xvect-voxceleb",
        source="speechbrain/spkrec-xvect-voxceleb",
        revision="",
        files=_files(("embedding_model.ckpt", 17_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="SpeechBrain x-vector encoder",
        stage="speech",
    ),
)


MORE_VOICES: tuple[Weights, ...] = (
    *(
        Weights(
            id=f"mms-{code}",
            source=f"facebook/mms-tts-{code}",
            revision="",
            files=_files(
                ("config.json", SMALL),
                ("special_tokens_map.json", CONFIG),
                ("tokenizer_config.json", CONFIG),
                ("vocab.json", CONFIG),
                ("model.safetensors", 145_000_000),
            ),
            licence="CC-BY-NC-4.0",
            commercial=False,
            title=f"MMS {language}",
            stage="speech",
            parameters=_count(f"mms-{code}"),
        )
        for code, language in MMS
    ),
    *(
        Weights(
            id=f"piper-{name}",
            source="rhasspy/piper-voices",
            revision="",
            files=(
                WeightFile(f"{path}.onnx", 63_200_000, load="voice.onnx"),
                WeightFile(f"{path}.onnx.json", 5_000, load="voice.onnx.json"),
            ),
            licence=licence,
            commercial=True,
            title=title,
            stage="speech",
        )
        for name, path, title, licence in PIPER
    ),
    Weights(
        id="pocket-tts",
        source="eustlb/pocket-tts",
        revision="",
        files=_files(
            ("config.json", SMALL),
            ("generation_config.json", CONFIG),
            ("processor_config.json", SMALL),
            ("chat_template.jinja", SMALL),
            ("tokenizer.json", 200_000),
            ("tokenizer_config.json", SMALL),
            ("model*.safetensors", 358_000_000),
        ),
        licence="CC-BY-4.0",
        commercial=True,
        title="Pocket TTS",
        stage="speech",
        parameters=_count("pocket-tts"),
    ),
    Weights(
        id="pocket-tts-audio-tokenizer",
        source="eustlb/pocket-tts-audio-tokenizer",
        revision="",
        files=_files(("config.json", SMALL), ("model.safetensors", 80_200_000)),
        licence="CC-BY-4.0",
        commercial=True,
        title="Pocket TTS, its codec",
        stage="speech",
        parameters=_count("pocket-tts-audio-tokenizer"),
    ),
)
"""Pocket TTS: repositories that transformers names, files as its classes save them; counted as float32, not seen."""


PICTURES_AND_MOTION: tuple[Weights, ...] = (
    Weights(
        id="sd-turbo",
        source="stabilityai/sd-turbo",
        revision="",
        files=(
            *_diffusers(
                ("unet/diffusion_pytorch_model.fp16.safetensors", 1_730_000_000),
                ("vae/diffusion_pytorch_model.fp16.safetensors", 167_000_000),
                ("text_encoder/model.fp16.safetensors", 681_000_000),
            ),
            WeightFile("tokenizer/*", VOCABULARY),
        ),
        licence="Stability AI, for non-commercial use as first published",
        commercial=False,
        title="SD-Turbo",
        stage="portrait",
        parameters=_count("sd-turbo"),
    ),
    Weights(
        id="sd15",
        source="stable-diffusion-v1-5/stable-diffusion-v1-5",
        revision="",
        files=(
            *_diffusers(
                ("unet/diffusion_pytorch_model.fp16.safetensors", 1_720_000_000),
                ("vae/diffusion_pytorch_model.fp16.safetensors", 167_000_000),
                ("text_encoder/model.fp16.safetensors", 246_000_000),
            ),
            WeightFile("tokenizer/*", VOCABULARY),
        ),
        licence="CreativeML-OpenRAIL-M",
        commercial=True,
        title="Stable Diffusion 1.5",
        stage="portrait",
        parameters=_count("sd15"),
    ),
    Weights(
        id="svd-xt",
        source="stabilityai/stable-video-diffusion-img2vid-xt",
        revision="",
        files=(
            *_diffusers(
                ("unet/diffusion_pytorch_model.fp16.safetensors", 3_050_000_000),
                ("vae/diffusion_pytorch_model.fp16.safetensors", 196_000_000),
                ("image_encoder/model.fp16.safetensors", 1_260_000_000),
            ),
            WeightFile("feature_extractor/preprocessor_config.json", CONFIG),
        ),
        licence="stable-video-diffusion-community",
        commercial=True,
        title="Stable Video Diffusion XT",
        stage="motion",
        parameters=_count("svd-xt"),
    ),
    Weights(
        id="rife",
        source="https://github.com/HolyWu/vs-rife/releases/download/model",
        revision="model",
        files=_files(("flownet_v4.0.pkl", 35_037_125)),
        licence="MIT",
        commercial=True,
        title="RIFE 4.0",
        stage="motion",
        parameters=_count("rife"),
    ),
    Weights(
        id="animate-anyone",
        source="patrolli/AnimateAnyone",
        revision="",
        files=_files(
            ("pose_guider.pth", 4_350_000),
            ("denoising_unet.pth", 3_440_000_000),
            ("reference_unet.pth", 3_440_000_000),
            ("motion_module.pth", 1_820_000_000),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="AnimateAnyone, as released by Moore Threads",
        stage="pose",
        parameters=_count("animate-anyone"),
        conversion="animate-anyone",
        converted=4_351_484_328,
    ),
    Weights(
        id="sd-vae-ft-mse",
        source="stabilityai/sd-vae-ft-mse",
        revision="",
        files=_files(("config.json", CONFIG), ("diffusion_pytorch_model.safetensors", 335_000_000)),
        licence="MIT",
        commercial=True,
        title="Stable Diffusion's autoencoder, fine-tuned",
        stage="pose",
        parameters=_count("sd-vae-ft-mse"),
    ),
    Weights(
        id="image-variations-encoder",
        source="lambdalabs/sd-image-variations-diffusers",
        revision="",
        files=(
            WeightFile("image_encoder/config.json", CONFIG, load="config.json"),
            WeightFile("image_encoder/pytorch_model.bin", 1_215_993_967, load="pytorch_model.bin"),
        ),
        licence="CreativeML-OpenRAIL-M",
        commercial=True,
        title="CLIP ViT-L/14, the picture half",
        stage="pose",
        parameters=_count("image-variations-encoder"),
    ),
    Weights(
        id="dwpose",
        source="yzd-v/DWPose",
        revision="",
        files=_files(("yolox_l.onnx", 217_000_000), ("dw-ll_ucoco_384.onnx", 134_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="DWPose, which finds people's points in a picture",
        stage="pose",
    ),
    Weights(
        id="pose-landmarker",
        source="https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/1",
        revision="float16/1",
        files=_files(("pose_landmarker_full.task", 9_400_000)),
        licence="Apache-2.0",
        commercial=True,
        title="MediaPipe PoseLandmarker",
        stage="pose",
    ),
    Weights(
        id="wan22-animate-14b",
        source="Wan-AI/Wan2.2-Animate-14B-Diffusers",
        revision="",
        files=(
            *_wan(("transformer", 69_100_000_000), ("text_encoder", 11_400_000_000), ("vae", 508_000_000)),
            *_files(
                ("image_encoder/config.json", CONFIG),
                ("image_encoder/model*.safetensors", 1_260_000_000),
                ("image_processor/preprocessor_config.json", CONFIG),
            ),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="Wan 2.2 Animate 14B",
        stage="pose",
        parameters=_count("wan22-animate-14b"),
    ),
    Weights(
        id="ltx-2",
        source="rootonchair/LTX-2-19b-distilled",
        revision="",
        files=(
            *_diffusers(
                ("transformer/diffusion_pytorch_model*", 37_800_000_000),
                ("connectors/diffusion_pytorch_model*", 2_863_000_000),
                ("vae/diffusion_pytorch_model*", 2_445_000_000),
                ("audio_vae/diffusion_pytorch_model*", 106_500_000),
                ("text_encoder/model*", 24_400_000_000),
            ),
            WeightFile("tokenizer/*", 39_000_000),
        ),
        licence="LTX-2-Community, for yearly revenues below 10 million USD",
        commercial=True,
        title="LTX-2 19B, distilled: pictures that hear",
        stage="pose",
        parameters=_count("ltx-2"),
    ),
)


FILMS_FROM_WORDS: tuple[Weights, ...] = (
    Weights(
        id="ltx-2b-distilled",
        source="Lightricks/LTX-Video",
        revision="",
        files=_files(("ltxv-2b-0.9.8-distilled.safetensors", 6_340_000_000), ("tokenizer/*", 800_000)),
        licence="LTXV-OpenRAIL-M",
        commercial=True,
        title="LTX-Video 2B 0.9.8, distilled",
        stage="video",
        parameters=_count("ltx-2b-distilled"),
    ),
    Weights(
        id="ltx-upscaler",
        source="Lightricks/LTX-Video",
        revision="",
        files=_files(("ltxv-spatial-upscaler-0.9.8.safetensors", 505_000_000)),
        licence="LTXV-OpenRAIL-M",
        commercial=True,
        title="LTX-Video's second pass: spatial upscaler 0.9.8",
        stage="video",
        parameters=_count("ltx-upscaler"),
    ),
    Weights(
        id="t5-xxl",
        source="city96/t5-v1_1-xxl-encoder-bf16",
        revision="",
        files=_files(("config.json", CONFIG), ("model.safetensors", 9_525_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="T5 v1.1 XXL, the encoder half",
        stage="video",
        parameters=_count("t5-xxl"),
    ),
    Weights(
        id="wan21-t2v-13b",
        source="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
        revision="",
        files=_wan(("transformer", 5_680_000_000), ("text_encoder", 22_700_000_000), ("vae", 508_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="Wan 2.1 T2V 1.3B",
        stage="video",
        parameters=_count("wan21-t2v-13b"),
    ),
    Weights(
        id="wan21-i2v-14b",
        source="Wan-AI/Wan2.1-I2V-14B-480P-Diffusers",
        revision="",
        files=(
            *_wan(("transformer", 65_600_000_000), ("text_encoder", 22_700_000_000), ("vae", 508_000_000)),
            *_files(
                ("image_encoder/config.json", CONFIG),
                ("image_encoder/model*.safetensors", 1_260_000_000),
                ("image_processor/preprocessor_config.json", CONFIG),
            ),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="Wan 2.1 I2V 14B, 480p",
        stage="video",
        parameters=_count("wan21-i2v-14b"),
    ),
    Weights(
        id="wan21-causvid-lora",
        source="Kijai/WanVideo_comfy",
        revision="",
        files=_files(("Wan21_CausVid_14B_T2V_lora_rank32.safetensors", 319_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="CausVid adapter for Wan 2.1 14B",
        stage="video",
    ),
    Weights(
        id="wan22-ti2v-5b",
        source="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        revision="",
        files=_wan(("transformer", 20_000_000_000), ("text_encoder", 11_400_000_000), ("vae", 2_820_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="Wan 2.2 TI2V 5B",
        stage="video",
        parameters=_count("wan22-ti2v-5b"),
    ),
    Weights(
        id="wan22-t2v-a14b",
        source="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
        revision="",
        files=_wan(
            ("transformer", 57_200_000_000),
            ("transformer_2", 57_200_000_000),
            ("text_encoder", 11_400_000_000),
            ("vae", 508_000_000),
        ),
        licence="Apache-2.0",
        commercial=True,
        title="Wan 2.2 T2V A14B, two experts",
        stage="video",
        parameters=_count("wan22-t2v-a14b"),
    ),
    Weights(
        id="modelscope-t2v",
        source="ali-vilab/text-to-video-ms-1.7b",
        revision="",
        files=(
            *_diffusers(
                ("unet/diffusion_pytorch_model.fp16.safetensors", 2_820_000_000),
                ("vae/diffusion_pytorch_model.fp16.safetensors", 167_000_000),
                ("text_encoder/model.fp16.safetensors", 681_000_000),
            ),
            WeightFile("tokenizer/*", VOCABULARY),
        ),
        licence="CC-BY-NC-4.0",
        commercial=False,
        title="ModelScope text to video 1.7B",
        stage="video",
        parameters=_count("modelscope-t2v"),
    ),
)


NOT_OFFERED: tuple[Weights, ...] = (
    Weights(
        id="wav2vec2-base",
        source="facebook/wav2vec2-base",
        revision="",
        files=_files(("config.json", CONFIG), ("pytorch_model.bin", 380_000_000)),
        licence="Apache-2.0",
        commercial=True,
        title="wav2vec 2.0 base, without letters",
        stage="lips",
        parameters=_count("wav2vec2-base"),
        excluded="its 0 letters align no speech; wav2vec2-base-960h, as large, has 32 symbols and serves in its place",
    ),
    Weights(
        id="omniavatar-14b",
        source="OmniAvatar/OmniAvatar-14B",
        revision="",
        files=_files(("config.json", CONFIG), ("pytorch_model.pt", 4_000_000_000)),
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
        files=_wan(("transformer", 57_200_000_000), ("text_encoder", 22_700_000_000), ("vae", 508_000_000)),
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
        files=_files(("ltxv-13b-0.9.8-distilled.safetensors", 28_600_000_000)),
        licence="LTXV-OpenRAIL-M",
        commercial=True,
        title="LTX-Video 13B, distilled",
        stage="motion",
        excluded="28.6 GB and a text encoder of 9.5 GB leave too little of a Space's 50 GB; the 2B model takes 16 GB",
    ),
)


CATALOGUE: Mapping[str, Weights] = MappingProxyType(
    {row.id: row for row in (*FACES_AND_SOUNDS, *MORE_VOICES, *PICTURES_AND_MOTION, *FILMS_FROM_WORDS, *NOT_OFFERED)}
)

MINIMAL = (
    "face-landmarker",
    "selfie-segmenter",
    "wav2vec2-base-960h",
    "speecht5-tts",
    "speecht5-hifigan",
    "cmu-arctic-xvectors",
    "spkrec-xvect-voxceleb",
)
RECOMMENDED = (*MINIMAL, "svd-xt", "sd-turbo")
MAXIMUM = (*RECOMMENDED, "sd15", "animate-anyone", "sd-vae-ft-mse", "image-variations-encoder")

PROFILES: Mapping[Profile, tuple[str, ...]] = MappingProxyType(
    {"minimal": MINIMAL, "recommended": RECOMMENDED, "maximum": MAXIMUM}
)


def to_fetch(names: Iterable[str]) -> int:
    """Bytes that these models are fetched as, together."""
    return sum(CATALOGUE[name].size for name in names)


def to_keep(names: Iterable[str]) -> int:
    """Bytes that they take on the disk in the end."""
    return sum(CATALOGUE[name].kept for name in names)


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


def _at(name: str, **gibibytes: float) -> tuple[Part, ...]:
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
        "ltx": {"transformer": 0.7, "vae": 4.07, "text_encoder": 0.05},
        "ltx, tiled": {"vae": 2.96},
        "ltx, refined": {"transformer": 1.11, "vae": 6.47, "upscaler": 0.04},
        "ltx, refined, tiled": {"vae": 2.96},
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


def _busy(recipe: str, *models: str, tiled: bool = False) -> tuple[Part, ...]:
    """The parts of the models of a recipe with their activations, `tiled` with the autoencoder working in tiles."""
    held = {**ACTIVATIONS[recipe], **(ACTIVATIONS[f"{recipe}, tiled"] if tiled else {})}
    return tuple(part for model in models for part in _at(model, **held))


BYTES: Mapping[Precision, float] = {"float32": 4, "bfloat16": 2, "float16": 2, "fp8": 1}
SLOWER: Mapping[Offload, float] = {"none": 1.0, "tiles": 1.1, "model": 1.3, "group": 1.6, "sequential": 5.0}
"""How much longer it takes when weights travel: guesses."""


def _cuda(parts: tuple[Part, ...], precision: Precision, offload: Offload, pace: float) -> Mode:
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


def _cpu(parts: tuple[Part, ...], pace: float) -> Mode:
    """On the processor, in float32."""
    weights = sum(4 * part.parameters for part in parts)
    return Mode("cpu", "float32", "none", 0, weights + 2 * max(part.activations for part in parts) + HOST, pace)


def _ladder(
    parts: tuple[Part, ...], precision: Precision, pace: float, *, tiled: tuple[Part, ...] = ()
) -> tuple[Mode, ...]:
    """All ways down for a large pipeline. `tiled` are its parts where the autoencoder works tile by tile."""
    small = tiled or parts
    whole, tiles = _cuda(parts, precision, "none", pace), _cuda(small, precision, "tiles", pace)
    return (
        whole,
        *((tiles,) if tiles.vram < whole.vram else ()),
        _cuda(small, precision, "model", pace),
        _cuda(small, "fp8", "model", pace * 1.1),
        _cuda(small, precision, "group", pace),
        _cuda(small, precision, "sequential", pace),
    )


SPEECHT5 = ("speecht5-tts", "speecht5-hifigan", "cmu-arctic-xvectors")
SPEECH = (*_at("speecht5-tts", tts=0.2), *_at("speecht5-hifigan", vocoder=0.2))
POCKET = (*_at("pocket-tts", tts=0.1), *_at("pocket-tts-audio-tokenizer", codec=0.2))
REFINED = ("ltx-2b-distilled", "ltx-upscaler")
LTX = (*_busy("ltx, refined", *REFINED), *_busy("ltx", "t5-xxl"))
LTX_TILED = (*_busy("ltx, refined", *REFINED, tiled=True), *_busy("ltx", "t5-xxl"))
WAN_13B = _busy("wan21-t2v-13b", "wan21-t2v-13b")
WAN_13B_TILED = _busy("wan21-t2v-13b", "wan21-t2v-13b", tiled=True)
ANYONE = _busy("animate-anyone", "animate-anyone", "sd-vae-ft-mse", "image-variations-encoder")


SOUND_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "speech",
        "speecht5",
        Needs(SPEECHT5, (*TORCH, "sentencepiece"), (_cuda(SPEECH, "float32", "none", 0.2), _cpu(SPEECH, 1.0))),
        "500 letters at once; activations are an allowance",
    ),
    Recipe(
        "speech",
        "speecht5-clone",
        Needs(
            (*SPEECHT5[:2], "spkrec-xvect-voxceleb"),
            (*TORCH, "sentencepiece", "speechbrain", "torchaudio"),
            (_cuda(SPEECH, "float32", "none", 0.2), _cpu(SPEECH, 1.0)),
        ),
        "500 letters at once; activations are an allowance",
    ),
    Recipe(
        "speech",
        "pocket",
        Needs(
            ("pocket-tts", "pocket-tts-audio-tokenizer"),
            TORCH,
            (_cuda(POCKET, "float32", "none", 0.1), _cpu(POCKET, 0.8)),
        ),
        "50 tokens at once; activations are an allowance",
    ),
    *(
        Recipe(
            "speech",
            f"mms-{code}",
            Needs(
                (f"mms-{code}",),
                TORCH,
                (
                    _cuda(_at(f"mms-{code}", vits=0.3), "float32", "none", 0.05),
                    _cpu(_at(f"mms-{code}", vits=0.3), 0.3),
                ),
            ),
            "400 letters at once; activations are an allowance",
        )
        for code, _ in MMS
    ),
    *(
        Recipe(
            "speech",
            f"piper-{name}",
            Needs((f"piper-{name}",), ("piper",), (Mode("cpu", ram=GIB, pace=0.1),)),
            "400 letters at once; memory is an allowance",
        )
        for name, *_ in PIPER
    ),
    Recipe(
        "lips",
        "wav2vec",
        Needs(
            ("wav2vec2-base-960h",),
            TORCH,
            (
                _cuda(_at("wav2vec2-base-960h", ctc=0.74), "float32", "none", 0.02),
                _cpu(_at("wav2vec2-base-960h", ctc=0.74), 0.1),
            ),
        ),
        "60 s of sound at once",
    ),
)


SD_TURBO = _busy("sd-turbo", "sd-turbo")
SD15 = _busy("sd15", "sd15")
WAN_STILL = _busy("wan-image", "wan21-t2v-13b")
WAN_STILL_TILED = _busy("wan-image", "wan21-t2v-13b", tiled=True)

PORTRAIT_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "portrait",
        "sd-turbo",
        Needs(
            ("sd-turbo",),
            DIFFUSERS,
            (
                _cuda(SD_TURBO, "float16", "none", 0.1),
                _cuda(SD_TURBO, "float16", "model", 0.1),
                _cpu(SD_TURBO, 3.0),
            ),
        ),
        "512x512, 2 steps",
    ),
    Recipe(
        "portrait",
        "sd15",
        Needs(
            ("sd15",),
            DIFFUSERS,
            (
                _cuda(SD15, "float16", "none", 0.6),
                _cuda(SD15, "float16", "model", 0.6),
            ),
        ),
        "512x512, 25 steps",
    ),
    Recipe(
        "portrait",
        "wan-image",
        Needs(("wan21-t2v-13b",), (*DIFFUSERS, "ftfy"), _ladder(WAN_STILL, "bfloat16", 3.0, tiled=WAN_STILL_TILED)),
        "480x832, one frame",
    ),
)


SVD = _busy("svd", "svd-xt")
MODELSCOPE = _busy("modelscope", "modelscope-t2v")
WAN_I2V = _busy("wan21-i2v", "wan21-i2v-14b")
WAN_I2V_TILED = _busy("wan21-i2v", "wan21-i2v-14b", tiled=True)
WAN_5B = _busy("wan22-ti2v-5b", "wan22-ti2v-5b")
WAN_5B_TILED = _busy("wan22-ti2v-5b", "wan22-ti2v-5b", tiled=True)
WAN_A14B = _busy("wan22-a14b", "wan22-t2v-a14b")
WAN_A14B_TILED = _busy("wan22-a14b", "wan22-t2v-a14b", tiled=True)
WAN_PACKAGES = (*DIFFUSERS, "ftfy")

MOTION_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "motion",
        "svd",
        Needs(("svd-xt",), DIFFUSERS, _ladder(SVD, "float16", 25.0)),
        "576x1024, 25 frames with guidance; the autoencoder two frames at a time",
    ),
    Recipe(
        "video",
        "ltx",
        Needs(
            ("ltx-2b-distilled", "t5-xxl"),
            (*DIFFUSERS, "sentencepiece"),
            _ladder(LTX, "bfloat16", 4.0, tiled=LTX_TILED),
            also=("ltx-upscaler",),
        ),
        "512x704, 121 frames, two films at once, refined at 640x896",
    ),
    Recipe(
        "video",
        "wan21-t2v-13b",
        Needs(("wan21-t2v-13b",), WAN_PACKAGES, _ladder(WAN_13B, "bfloat16", 60.0, tiled=WAN_13B_TILED)),
        "480x832, 81 frames",
    ),
    Recipe(
        "video",
        "wan21-i2v",
        Needs(
            ("wan21-i2v-14b", "wan21-causvid-lora"),
            (*WAN_PACKAGES, "peft"),
            _ladder(WAN_I2V, "bfloat16", 30.0, tiled=WAN_I2V_TILED),
        ),
        "480x832, 81 frames, 4 steps",
    ),
    Recipe(
        "video",
        "wan22-ti2v-5b",
        Needs(("wan22-ti2v-5b",), WAN_PACKAGES, _ladder(WAN_5B, "bfloat16", 90.0, tiled=WAN_5B_TILED)),
        "704x1280, 121 frames",
    ),
    Recipe(
        "video",
        "wan22-a14b",
        Needs(("wan22-t2v-a14b",), WAN_PACKAGES, _ladder(WAN_A14B, "bfloat16", 200.0, tiled=WAN_A14B_TILED)),
        "480x832, 81 frames",
    ),
    Recipe(
        "video",
        "modelscope",
        Needs(("modelscope-t2v",), DIFFUSERS, _ladder(MODELSCOPE, "float16", 15.0)),
        "576x320, 24 frames with guidance; the autoencoder frame by frame",
    ),
)


WAN_ANIMATE = _busy("wan-animate", "wan22-animate-14b")
WAN_ANIMATE_TILED = _busy("wan-animate", "wan22-animate-14b", tiled=True)

LTX2 = _busy("ltx2", "ltx-2")
LTX2_TILED = _busy("ltx2", "ltx-2", tiled=True)
LTX2_STAYS = 2 * PARTS["ltx-2"]["vae"]
"""What looked at a film's first frames stays on the device beside what draws, also where parts take turns."""


def _ltx2() -> tuple[Mode, ...]:
    """No way down below one whole part at a time: films of minutes would take hours."""
    turns = _cuda(LTX2_TILED, "bfloat16", "model", 12.0)
    return (
        _cuda(LTX2, "bfloat16", "none", 12.0),
        _cuda(LTX2_TILED, "bfloat16", "tiles", 12.0),
        replace(turns, vram=turns.vram + LTX2_STAYS),
    )


FOLLOWERS = ("dwpose", "pose-landmarker")
"""What a person in a video can be followed with, best first, where it is; without them their head alone is."""

POSE_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "pose",
        "ltx2",
        Needs(("ltx-2", "face-landmarker"), (*DIFFUSERS, "mediapipe"), _ltx2(), ("rife",)),
        "704x1216, pieces of 121 frames, 8 steps",
    ),
    Recipe(
        "pose",
        "animate-anyone",
        Needs(
            ("animate-anyone", "sd-vae-ft-mse", "image-variations-encoder", "face-landmarker"),
            (*DIFFUSERS, "mediapipe"),
            (_cuda(ANYONE, "float16", "none", 60.0), _cuda(ANYONE, "float16", "model", 60.0)),
            (*FOLLOWERS, "rife"),
        ),
        "512x784, windows of 24 frames with guidance",
    ),
    Recipe(
        "pose",
        "wan-animate",
        Needs(
            ("wan22-animate-14b", "face-landmarker"),
            (*DIFFUSERS, "ftfy", "mediapipe"),
            _ladder(WAN_ANIMATE, "bfloat16", 120.0, tiled=WAN_ANIMATE_TILED),
            (*FOLLOWERS, "rife"),
        ),
        "480x832, 77 frames",
    ),
)


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {recipe.backend: recipe for recipe in (*SOUND_RECIPES, *PORTRAIT_RECIPES, *MOTION_RECIPES, *POSE_RECIPES)}
)
