"""What `benchmarks.gpu` measures: networks of each recipe with random weights, at full size and very small.

Text encoders are not built: their weights can be counted. Knows no clock and no way of running faster.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# diffusers does not say what making a model takes.

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.weights.architectures import ARCHITECTURES

# isort: split

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLLTXVideo,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    LTXVideoTransformer3DModel,
    UNet2DConditionModel,
    UNet3DConditionModel,
    UNetSpatioTemporalConditionModel,
    WanTransformer3DModel,
)
from torch import Tensor

from benchmarks import works
from benchmarks.activations import FINE, LTX, SMALL, SPOKEN, SVD, WIDE, placed
from benchmarks.works import Film, Work
from tests.pose import tiny_ltx2

WIDTHS = (16, 16, 16, 16)
SPREAD = 0.02
"""Of weights that are drawn."""
WAN: dict[str, Any] = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 2,
    "text_dim": 16,
    "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One network of a subject: the catalogue's model and part, how a very small one is made, what is asked of it."""

    model: str
    part: str
    tiny: Callable[[], Any]
    work: Work
    blank: bool = False
    """Whether its weights are drawn in their own type, since in float32 they would not fit onto the device."""

    def build(self, device: str, dtype: torch.dtype, *, tiny: bool) -> Any:
        """The network with random weights."""
        torch.manual_seed(1)
        blank = self.blank and not tiny
        with torch.device("meta" if blank else device):
            net = self.tiny() if tiny else ARCHITECTURES[self.model][self.part]()
        return placed(net, dtype, lambda tensor, kind: (_drawn if blank else _moved)(tensor, device, kind))


@dataclass(frozen=True, slots=True)
class Subject:
    """A recipe as it is measured: denoiser, autoencoder, film, and the ways to run the denoiser, joined by `+`."""

    recipe: str
    denoiser: Piece
    decoder: Piece
    film: Film
    dtype: torch.dtype
    ways: tuple[str, ...]
    blocks: tuple[str, ...] = ()
    beside: tuple[Piece, ...] = ()
    """Networks that rest on the device meanwhile."""
    tiled: bool = False
    """Whether the decoder works tile by tile."""

    def small(self) -> "Subject":
        """The same with a film that a processor makes at once."""
        return replace(self, film=Film(128, 64, min(self.film.frames, 9)))


def _moved(tensor: Tensor, device: str, kind: torch.dtype) -> Tensor:
    return tensor.detach().to(device, kind)


def _drawn(tensor: Tensor, device: str, kind: torch.dtype) -> Tensor:
    made = torch.empty(tensor.shape, device=device, dtype=kind)
    return made.normal_(std=SPREAD) if kind.is_floating_point else made.zero_()


def _image_vae() -> Any:
    return AutoencoderKL(
        block_out_channels=WIDTHS,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=8,
        layers_per_block=1,
    )


def _image_unet() -> Any:
    return UNet2DConditionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def _svd_unet() -> Any:
    return UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=4,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )


def _svd_vae() -> Any:
    return AutoencoderKLTemporalDecoder(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
    )


def _video_unet() -> Any:
    return UNet3DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=2,
    )


def _ltx_vae() -> Any:
    return AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5,
        spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4,
        upsample_factor=(1,) * 4,
        timestep_conditioning=True,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )


def _ltx_net() -> Any:
    return LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=2,
        caption_channels=32,
    )


def _wan_vae() -> Any:
    return AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1] * 4, num_res_blocks=1, temperal_downsample=[False, True, True]
    )


def _wan22_vae() -> Any:
    return AutoencoderKLWan(
        base_dim=3,
        decoder_base_dim=3,
        z_dim=48,
        dim_mult=[1] * 4,
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
    )


TRANSFORMER = ("plain", "cache", "compile")
UNET = ("plain", "channels_last", "compile")
BLOCKS = ("BasicTransformerBlock", "TemporalBasicTransformerBlock")
HALF, BRAIN = torch.float16, torch.bfloat16

SUBJECTS: dict[str, Subject] = {
    subject.recipe: subject
    for subject in (
        Subject(
            "svd",
            Piece("svd-xt", "unet", _svd_unet, works.svd_step),
            Piece("svd-xt", "vae", _svd_vae, works.svd_decode),
            SVD,
            HALF,
            UNET,
            BLOCKS,
        ),
        Subject(
            "ltx",
            Piece("ltx-2b-distilled", "transformer", _ltx_net, works.ltx_step(2)),
            Piece("ltx-2b-distilled", "vae", _ltx_vae, works.ltx_decode),
            LTX,
            BRAIN,
            TRANSFORMER,
            ("LTXVideoTransformerBlock",),
        ),
        Subject(
            "wan21-t2v-13b",
            Piece("wan21-t2v-13b", "transformer", lambda: WanTransformer3DModel(**WAN), works.wan_step),
            Piece("wan21-t2v-13b", "vae", _wan_vae, works.wan_decode),
            WIDE,
            BRAIN,
            TRANSFORMER,
            ("WanTransformerBlock",),
        ),
        Subject(
            "sd-turbo",
            Piece("sd-turbo", "unet", _image_unet, works.image_step(1)),
            Piece("sd-turbo", "vae", _image_vae, works.image_decode),
            Film(512, 512),
            HALF,
            ("plain", "graph"),
            BLOCKS,
        ),
        Subject(
            "modelscope",
            Piece("modelscope-t2v", "unet", _video_unet, works.modelscope_step),
            Piece("modelscope-t2v", "vae", _image_vae, works.image_decode),
            SMALL,
            HALF,
            ("plain", "graph", "compile"),
            BLOCKS,
        ),
        Subject(
            "wan22-ti2v-5b",
            Piece(
                "wan22-ti2v-5b",
                "transformer",
                lambda: WanTransformer3DModel(in_channels=48, out_channels=48, **WAN),
                works.wan22_step,
            ),
            Piece("wan22-ti2v-5b", "vae", _wan22_vae, works.wan_decode),
            FINE,
            BRAIN,
            ("plain", "compile"),
            ("WanTransformerBlock",),
        ),
        Subject(
            "ltx2",
            Piece("ltx-2", "transformer", tiny_ltx2.transformer, works.ltx2_step, blank=True),
            Piece("ltx-2", "vae", tiny_ltx2.video_vae, works.tiled(works.ltx2_decode), blank=True),
            SPOKEN,
            BRAIN,
            ("plain", "compile"),
            ("LTX2VideoTransformerBlock",),
            beside=(
                Piece("ltx-2", "connectors", tiny_ltx2.connectors, works.ltx2_connect, blank=True),
                Piece("ltx-2", "text_encoder", lambda: tiny_ltx2.encoder(400), works.ltx2_read, blank=True),
            ),
            tiled=True,
        ),
    )
}
"""Without AnimateAnyone, whose networks and whose pipeline are our own."""
