"""The models that film: where they come from and what they film well. Knows no library.

Sizes, lengths, steps and guidance are those of their model cards and of the pipelines' own defaults.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stages.diffusion.controls import Limits
from stages.diffusion.shots import Camera
from stages.diffusion.source import Source

WAN_NEGATIVE = (
    "Bright tones, overexposed, static, blurred details, subtitles, style, works, paintings, images, overall gray,"
    " worst quality, low quality, JPEG compression residue, ugly, incomplete, extra fingers, poorly drawn hands, poorly"
    " drawn faces, deformed, disfigured, misshapen limbs, fused fingers, still picture, messy background, three legs,"
    " many people in the background, walking backwards, watermark, text, signature"
)
"""What Wan's makers advise against, in English."""
WAN_SIZES = (64, 1280)

UNET = ("BasicTransformerBlock", "TemporalBasicTransformerBlock")
"""What repeats in UNets."""

SVD = Camera(
    "svd",
    Source(
        "svd-xt",
        "StableVideoDiffusionPipeline",
        "svd",
        variant="fp16",
        float32=("vae",),
        encoders=("image_encoder",),
        tiles=False,
        compiles=True,
        blocks=UNET,
    ),
    Limits(
        "svd",
        "Stable Video Diffusion",
        1024,
        576,
        grid=64,
        sides=(64, 1024),
        pixels=576 * 1024,
        frames=25,
        most_frames=1000,
        steps=25,
        guidance=3.0,
        most_guidance=10.0,
    ),
    fps=7.0,
    tokens=0,
    begins="must",
)
LTX = Camera(
    "ltx",
    Source("ltx-2b-distilled", "LTXConditionPipeline", "ltx", compiles=True),
    Limits(
        "ltx",
        "LTX-Video",
        704,
        512,
        grid=32,
        sides=(64, 1280),
        pixels=768 * 1280,
        frames=97,
        every=8,
        most_frames=257,
        steps=8,
        guidance=1.0,
        fixed_steps=(8,),
        caches=True,
    ),
    fps=24.0,
    tokens=256,
    begins="may",
    together=2,
    only=("euler",),
)
WAN21 = Camera(
    "wan21-t2v-13b",
    Source("wan21-t2v-13b", "WanPipeline", "wan", float32=("vae",), compiles=True),
    Limits(
        "wan",
        "Wan 2.1",
        832,
        480,
        grid=16,
        sides=WAN_SIZES,
        pixels=832 * 480,
        frames=81,
        every=4,
        most_frames=81,
        steps=50,
        guidance=5.0,
        caches=True,
    ),
    fps=16.0,
    tokens=512,
    together=2,
    negative=WAN_NEGATIVE,
    shift=3.0,
)
WAN21_I2V = Camera(
    "wan21-i2v",
    Source(
        "wan21-i2v-14b",
        "WanImageToVideoPipeline",
        "wan",
        float32=("vae", "image_encoder"),
        encoders=("text_encoder", "image_encoder"),
        compiles=True,
    ),
    Limits(
        "wan",
        "Wan 2.1 with CausVid",
        832,
        480,
        grid=16,
        sides=WAN_SIZES,
        pixels=832 * 480,
        frames=81,
        every=4,
        most_frames=81,
        steps=4,
        most_steps=30,
        guidance=1.0,
        caches=True,
    ),
    fps=16.0,
    tokens=512,
    begins="must",
    shift=8.0,
)
WAN22_5B = Camera(
    "wan22-ti2v-5b",
    Source("wan22-ti2v-5b", "WanPipeline", "wan", float32=("vae",), compiles=True),
    Limits(
        "wan",
        "Wan 2.2 5B",
        1280,
        704,
        grid=32,
        sides=WAN_SIZES,
        pixels=1280 * 704,
        frames=121,
        every=4,
        most_frames=121,
        steps=50,
        guidance=5.0,
        caches=True,
    ),
    fps=24.0,
    tokens=512,
    begins="may",
    negative=WAN_NEGATIVE,
    shift=5.0,
    pictured="WanImageToVideoPipeline",
)
WAN22_A14B = Camera(
    "wan22-a14b",
    Source("wan22-t2v-a14b", "WanPipeline", "wan", float32=("vae",), compiles=True),
    Limits(
        "wan",
        "Wan 2.2 A14B",
        832,
        480,
        grid=16,
        sides=WAN_SIZES,
        pixels=832 * 480,
        frames=81,
        every=4,
        most_frames=81,
        steps=40,
        guidance=4.0,
        caches=True,
    ),
    fps=16.0,
    tokens=512,
    negative=WAN_NEGATIVE,
    second=0.75,
)
MODELSCOPE = Camera(
    "modelscope",
    Source("modelscope-t2v", "TextToVideoSDPipeline", "modelscope", variant="fp16", compiles=True, blocks=UNET),
    Limits(
        "modelscope",
        "ModelScope",
        256,
        256,
        grid=64,
        sides=(64, 576),
        pixels=576 * 320,
        frames=16,
        most_frames=64,
        steps=25,
        most_steps=50,
        guidance=9.0,
    ),
    fps=8.0,
    tokens=77,
    together=2,
)
CAMERAS: Mapping[str, Camera] = MappingProxyType(
    {camera.id: camera for camera in (SVD, LTX, WAN21, WAN21_I2V, WAN22_5B, WAN22_A14B, MODELSCOPE)}
)
