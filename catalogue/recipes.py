"""What each neural backend needs: weights, packages, and modes, best first. Pure data."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from avatar.stage import Mode, Needs
from catalogue.modes import GIB, Recipe, busy_parts, ladder, on_cpu, on_cuda, parts_of
from catalogue.parts import DIFFUSERS, MMS, PARTS, PIPER, TORCH

SPEECHT5 = ("speecht5-tts", "speecht5-hifigan", "cmu-arctic-xvectors")
SPEECH = (*parts_of("speecht5-tts", tts=0.2), *parts_of("speecht5-hifigan", vocoder=0.2))
POCKET = (*parts_of("pocket-tts", tts=0.1), *parts_of("pocket-tts-audio-tokenizer", codec=0.2))
REFINED = ("ltx-2b-distilled", "ltx-upscaler")
LTX = (*busy_parts("ltx, refined", *REFINED), *busy_parts("ltx", "t5-xxl"))
LTX_TILED = (*busy_parts("ltx, refined", *REFINED, tiled=True), *busy_parts("ltx", "t5-xxl"))
WAN_13B = busy_parts("wan21-t2v-13b", "wan21-t2v-13b")
WAN_13B_TILED = busy_parts("wan21-t2v-13b", "wan21-t2v-13b", tiled=True)
ANYONE = busy_parts("animate-anyone", "animate-anyone", "sd-vae-ft-mse", "image-variations-encoder")


SOUND_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "speech",
        "speecht5",
        Needs(SPEECHT5, (*TORCH, "sentencepiece"), (on_cuda(SPEECH, "float32", "none", 0.2), on_cpu(SPEECH, 1.0))),
        "500 letters at once; activations are an allowance",
    ),
    Recipe(
        "speech",
        "speecht5-clone",
        Needs(
            (*SPEECHT5[:2], "spkrec-xvect-voxceleb"),
            (*TORCH, "sentencepiece", "speechbrain", "torchaudio"),
            (on_cuda(SPEECH, "float32", "none", 0.2), on_cpu(SPEECH, 1.0)),
        ),
        "500 letters at once; activations are an allowance",
    ),
    Recipe(
        "speech",
        "pocket",
        Needs(
            ("pocket-tts", "pocket-tts-audio-tokenizer"),
            TORCH,
            (on_cuda(POCKET, "float32", "none", 0.1), on_cpu(POCKET, 0.8)),
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
                    on_cuda(parts_of(f"mms-{code}", vits=0.3), "float32", "none", 0.05),
                    on_cpu(parts_of(f"mms-{code}", vits=0.3), 0.3),
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
                on_cuda(parts_of("wav2vec2-base-960h", ctc=0.74), "float32", "none", 0.02),
                on_cpu(parts_of("wav2vec2-base-960h", ctc=0.74), 0.1),
            ),
        ),
        "60 s of sound at once",
    ),
)


SD_TURBO = busy_parts("sd-turbo", "sd-turbo")
SD15 = busy_parts("sd15", "sd15")
WAN_STILL = busy_parts("wan-image", "wan21-t2v-13b")
WAN_STILL_TILED = busy_parts("wan-image", "wan21-t2v-13b", tiled=True)

PORTRAIT_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "portrait",
        "sd-turbo",
        Needs(
            ("sd-turbo",),
            DIFFUSERS,
            (
                on_cuda(SD_TURBO, "float16", "none", 0.1),
                on_cuda(SD_TURBO, "float16", "model", 0.1),
                on_cpu(SD_TURBO, 3.0),
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
                on_cuda(SD15, "float16", "none", 0.6),
                on_cuda(SD15, "float16", "model", 0.6),
            ),
        ),
        "512x512, 25 steps",
    ),
    Recipe(
        "portrait",
        "wan-image",
        Needs(("wan21-t2v-13b",), (*DIFFUSERS, "ftfy"), ladder(WAN_STILL, "bfloat16", 3.0, tiled=WAN_STILL_TILED)),
        "480x832, one frame",
    ),
)


SVD = busy_parts("svd", "svd-xt")
MODELSCOPE = busy_parts("modelscope", "modelscope-t2v")
WAN_I2V = busy_parts("wan21-i2v", "wan21-i2v-14b")
WAN_I2V_TILED = busy_parts("wan21-i2v", "wan21-i2v-14b", tiled=True)
WAN_5B = busy_parts("wan22-ti2v-5b", "wan22-ti2v-5b")
WAN_5B_TILED = busy_parts("wan22-ti2v-5b", "wan22-ti2v-5b", tiled=True)
WAN_A14B = busy_parts("wan22-a14b", "wan22-t2v-a14b")
WAN_A14B_TILED = busy_parts("wan22-a14b", "wan22-t2v-a14b", tiled=True)
WAN_PACKAGES = (*DIFFUSERS, "ftfy")

MOTION_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "motion",
        "svd",
        Needs(("svd-xt",), DIFFUSERS, ladder(SVD, "float16", 25.0)),
        "576x1024, 25 frames with guidance; the autoencoder two frames at a time",
    ),
    Recipe(
        "video",
        "ltx",
        Needs(
            ("ltx-2b-distilled", "t5-xxl"),
            (*DIFFUSERS, "sentencepiece"),
            ladder(LTX, "bfloat16", 4.0, tiled=LTX_TILED),
            also=("ltx-upscaler",),
        ),
        "512x704, 121 frames, two films at once, refined at 640x896",
    ),
    Recipe(
        "video",
        "wan21-t2v-13b",
        Needs(("wan21-t2v-13b",), WAN_PACKAGES, ladder(WAN_13B, "bfloat16", 60.0, tiled=WAN_13B_TILED)),
        "480x832, 81 frames",
    ),
    Recipe(
        "video",
        "wan21-i2v",
        Needs(
            ("wan21-i2v-14b", "wan21-causvid-lora"),
            (*WAN_PACKAGES, "peft"),
            ladder(WAN_I2V, "bfloat16", 30.0, tiled=WAN_I2V_TILED),
        ),
        "480x832, 81 frames, 4 steps",
    ),
    Recipe(
        "video",
        "wan22-ti2v-5b",
        Needs(("wan22-ti2v-5b",), WAN_PACKAGES, ladder(WAN_5B, "bfloat16", 90.0, tiled=WAN_5B_TILED)),
        "704x1280, 121 frames",
    ),
    Recipe(
        "video",
        "wan22-a14b",
        Needs(("wan22-t2v-a14b",), WAN_PACKAGES, ladder(WAN_A14B, "bfloat16", 200.0, tiled=WAN_A14B_TILED)),
        "480x832, 81 frames",
    ),
    Recipe(
        "video",
        "modelscope",
        Needs(("modelscope-t2v",), DIFFUSERS, ladder(MODELSCOPE, "float16", 15.0)),
        "576x320, 24 frames with guidance; the autoencoder frame by frame",
    ),
)


WAN_ANIMATE = busy_parts("wan-animate", "wan22-animate-14b")
WAN_ANIMATE_TILED = busy_parts("wan-animate", "wan22-animate-14b", tiled=True)

LTX2 = busy_parts("ltx2", "ltx-2")
LTX2_TILED = busy_parts("ltx2", "ltx-2", tiled=True)
LTX2_STAYS = 2 * PARTS["ltx-2"]["vae"]
"""What looked at a film's first frames stays on the device beside what draws, also where parts take turns."""


def _ltx2() -> tuple[Mode, ...]:
    """No way down below one whole part at a time: films of minutes would take hours."""
    turns = on_cuda(LTX2_TILED, "bfloat16", "model", 12.0)
    return (
        on_cuda(LTX2, "bfloat16", "none", 12.0),
        on_cuda(LTX2_TILED, "bfloat16", "tiles", 12.0),
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
            (on_cuda(ANYONE, "float16", "none", 60.0), on_cuda(ANYONE, "float16", "model", 60.0)),
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
            ladder(WAN_ANIMATE, "bfloat16", 120.0, tiled=WAN_ANIMATE_TILED),
            (*FOLLOWERS, "rife"),
        ),
        "480x832, 77 frames",
    ),
)


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {recipe.backend: recipe for recipe in (*SOUND_RECIPES, *PORTRAIT_RECIPES, *MOTION_RECIPES, *POSE_RECIPES)}
)
