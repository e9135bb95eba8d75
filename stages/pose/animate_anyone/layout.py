"""The sizes of the networks, read from configuration dictionaries. Knows no tensor and needs no heavy library.

The names on the left of a configuration are those of the diffusers and AnimateDiff families, since the released
configuration files use them. Source: the released `inference_v2.yaml` and the Stable Diffusion 1.5 UNet.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from avatar.errors import Unavailable

FIXED: dict[str, object] = {
    "act_fn": "silu",
    "downsample_padding": 1,
    "mid_block_scale_factor": 1,
    "unet_use_cross_frame_attention": False,
    "unet_use_temporal_attention": False,
    "motion_module_type": "Vanilla",
}
"""What a configuration may name, but only with the one value that was ever released."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Temporal attention, AnimateDiff v2 layout. `positions` is the longest window, None for no position code."""

    resolutions: tuple[int, ...] = (1, 2, 4, 8)
    mid: bool = True
    decoder_only: bool = False
    heads: int = 8
    blocks: int = 1
    attentions: int = 2
    positions: int | None = 32
    divisor: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """One UNet. `heads` is what configurations of this family call `attention_head_dim`.

    `motion` None makes the 2-D reference net; `head` False leaves out the last norm and convolution; `joint_norm`
    takes the statistics of resnet norms over all frames together, as the first release did.
    """

    in_channels: int = 4
    out_channels: int = 4
    channels: tuple[int, ...] = (320, 640, 1280, 1280)
    layers: int = 2
    heads: int = 8
    cross: int = 768
    groups: int = 32
    eps: float = 1e-5
    flip_sin_to_cos: bool = True
    freq_shift: int = 0
    center_input: bool = False
    motion: Motion | None = field(default_factory=Motion)
    head: bool = True
    joint_norm: bool = False

    def plain(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold and `restore` reads."""
        return asdict(self)


def restore(plain: Mapping[str, Any]) -> Layout:
    """The layout that `Layout.plain` wrote."""
    motion = plain["motion"]
    inner = Motion(**{**motion, "resolutions": tuple(motion["resolutions"])}) if motion else None
    return Layout(**{**plain, "channels": tuple(plain["channels"]), "motion": inner})


REFERENCE = Layout(motion=None, head=False)
DENOISING = Layout()


@dataclass(frozen=True, slots=True)
class Guider:
    """The pose guider: picture channels in, a ladder of widths each half the size of the one before, channels out."""

    channels: int = 3
    widths: tuple[int, ...] = (16, 32, 96, 256)
    out: int = 320


def spatial(unet: Mapping[str, Any]) -> Layout:
    """The reference net of a UNet configuration. Raises `Unavailable` for one of another family."""
    _only_released(unet)
    heads = unet.get("attention_head_dim", 8)
    if not isinstance(heads, int):
        raise Unavailable(f"attention_head_dim is {heads!r}, one number is supported. Use the released configuration.")
    return Layout(
        in_channels=unet.get("in_channels", 4),
        out_channels=unet.get("out_channels", 4),
        channels=tuple(unet["block_out_channels"]),
        layers=unet.get("layers_per_block", 2),
        heads=heads,
        cross=unet["cross_attention_dim"],
        groups=unet.get("norm_num_groups", 32),
        eps=unet.get("norm_eps", 1e-5),
        flip_sin_to_cos=unet.get("flip_sin_to_cos", True),
        freq_shift=unet.get("freq_shift", 0),
        center_input=unet.get("center_input_sample", False),
        motion=None,
        head=False,
    )


def denoising(unet: Mapping[str, Any], additional: Mapping[str, Any]) -> Layout:
    """The denoising net of a UNet configuration and the release's additional arguments. Raises `Unavailable`."""
    _only_released(additional)
    base = asdict(spatial(unet))
    motion = _motion(additional) if additional.get("use_motion_module", False) else None
    joint = not additional.get("use_inflated_groupnorm", False)
    return Layout(**{**base, "motion": motion, "head": True, "joint_norm": joint})


def guider(config: Mapping[str, Any]) -> Guider:
    """The pose guider of its constructor arguments."""
    widths = tuple(config.get("block_out_channels", Guider().widths))
    return Guider(config.get("conditioning_channels", 3), widths, config["conditioning_embedding_channels"])


def _motion(additional: Mapping[str, Any]) -> Motion:
    kwargs = additional["motion_module_kwargs"]
    kinds = tuple(kwargs.get("attention_block_types", ("Temporal_Self", "Temporal_Self")))
    if set(kinds) - {"Temporal_Self"}:
        raise Unavailable(f"Motion attention {kinds} is not known, only Temporal_Self. Use the released configuration.")
    return Motion(
        resolutions=tuple(additional.get("motion_module_resolutions", (1, 2, 4, 8))),
        mid=additional.get("motion_module_mid_block", False),
        decoder_only=additional.get("motion_module_decoder_only", False),
        heads=kwargs.get("num_attention_heads", 8),
        blocks=kwargs.get("num_transformer_block", 2),
        attentions=len(kinds),
        positions=kwargs.get("temporal_position_encoding_max_len", 24)
        if kwargs.get("temporal_position_encoding", False)
        else None,
        divisor=kwargs.get("temporal_attention_dim_div", 1),
    )


def _only_released(config: Mapping[str, Any]) -> None:
    for name, value in FIXED.items():
        if config.get(name, value) != value:
            raise Unavailable(f"{name} is {config[name]!r}, only {value!r} works. Use the released configuration.")
