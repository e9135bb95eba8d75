"""What one film is asked to be and what is prepared once for it. Knows the nets, but not the steps.

`Prepared` holds the image embedding, the reference's keys and values in every block, and the skeletons' features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import Tensor

from stages.pose.animate_anyone import pictures
from stages.pose.animate_anyone.blocks import Half
from stages.pose.animate_anyone.diffusion import SCHEDULE, Curve
from stages.pose.animate_anyone.foreign import AutoencoderKL, CLIPVisionModelWithProjection
from stages.pose.animate_anyone.networks import PoseGuider, UNet
from stages.pose.animate_anyone.windows import Schedule, Window

LATENT_SCALE = 0.18215
"""What the released inference multiplies the autoencoder's latents by."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One film. Sides are pixels, floored to multiples of 8; `guidance` 1 or less needs half the work.

    `guided` is the share of the steps, from the start, that are guided; of `reuse` steps the first goes through the
    whole net, the others through its outermost layers; `interpolation` n adds n - 1 frames between neighbours. The
    defaults are the released ones.
    """

    width: int = 512
    height: int = 784
    steps: int = 30
    guidance: float = 3.5
    seed: int = 42
    schedule: Schedule = field(default_factory=Schedule)
    guided: float = 1.0
    reuse: int = 1
    interpolation: int = 1
    curve: Curve = "slerp"


@dataclass(frozen=True, slots=True)
class Quirks:
    """Two faults of the released inference, off unless its very numbers are wanted.

    `half_bank` rounds the reference's tokens through float16 even in a float32 run; `summed` forgets to divide by the
    number of windows a frame is in when there is no guidance.
    """

    half_bank: bool = False
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is held at once. No figure changes the result by more than rounding.

    `windows` and `halves` (2 or 1) go through the net together, `decode` frames through the autoencoder, `guide`
    skeletons through the guider. Skeleton features of a film over `features` bytes are made anew for every window,
    which costs a hundredth of its step at full size, so that a long film takes no more memory than a short one.
    """

    windows: int = 1
    halves: int = 2
    decode: int = 4
    guide: int = 8
    features: int = 1 << 27


@dataclass(frozen=True, slots=True)
class Models:
    """The loaded networks, all on one device and of one precision."""

    denoising: UNet
    reference: UNet
    guider: PoseGuider
    autoencoder: AutoencoderKL
    encoder: CLIPVisionModelWithProjection
    schedule: dict[str, object] = field(default_factory=lambda: dict(SCHEDULE))

    @property
    def device(self) -> torch.device:
        """Where they compute."""
        return self.denoising.conv_in.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What they compute in."""
        return self.denoising.conv_in.weight.dtype


class Skeletons:
    """Features of a film's skeleton pictures, made in chunks, kept when they are small enough."""

    def __init__(self, models: Models, drawn: Sequence[Image.Image], size: tuple[int, int], effort: Effort) -> None:
        self._models, self._drawn, self._size, self._chunk = models, drawn, size, effort.guide
        (width, height), guider = size, models.guider
        self.bytes = len(drawn) * guider.conv_out.out_channels * width * height // 64 * models.dtype.itemsize
        self._kept = self._made(range(len(drawn))) if self.bytes <= effort.features else None

    def of(self, windows: Sequence[Window]) -> Tensor:
        """(windows, channels, frames, y, x) for windows of equal length."""
        rows = [row for window in windows for row in window]
        made = self._made(rows) if self._kept is None else self._kept[rows]
        return made.reshape(len(windows), -1, *made.shape[1:]).transpose(1, 2)

    def _made(self, rows: Sequence[int]) -> Tensor:
        parts = [rows[start : start + self._chunk] for start in range(0, len(rows), self._chunk)]
        return torch.cat([self._guided([self._drawn[row] for row in part]) for part in parts])

    def _guided(self, drawn: Sequence[Image.Image]) -> Tensor:
        seen = pictures.skeletons(drawn, self._size).to(self._models.device)
        made: Tensor = self._models.guider((seen.float() / 255).to(self._models.dtype))
        return made


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything of a film that does not change from step to step. `plain` is None without guidance."""

    skeletons: Skeletons
    seeing: Half
    plain: Half | None
    size: tuple[int, int]


def prepare(
    models: Models,
    portrait: Image.Image,
    drawn: Sequence[Image.Image],
    *,
    ask: Ask,
    quirks: Quirks,
    effort: Effort,
    beat: Callable[[], None],
) -> Prepared:
    """Look at the portrait and the skeletons once; `beat` is called between the parts and may raise."""
    size = pictures.fitting(ask.width, ask.height)
    embeds = embedding(models, portrait)
    beat()
    bank = models.reference.see(reference_mean(models, portrait, size) * LATENT_SCALE, embeds)
    if quirks.half_bank:
        bank = tuple(tokens.half().to(tokens.dtype) for tokens in bank)
    beat()
    skeletons = Skeletons(models, drawn, size, effort)
    net = models.denoising
    plain = net.tell(torch.zeros_like(embeds)) if ask.guidance > 1 else None
    return Prepared(skeletons, net.tell(embeds, bank), plain, (size[1] // 8, size[0] // 8))


def embedding(models: Models, portrait: Image.Image) -> Tensor:
    """The image encoder's view of the portrait, one token (1, 1, cross)."""
    seen = pictures.standardised(pictures.for_encoder(portrait)).to(models.device, models.dtype)
    embeds: Tensor = models.encoder(seen).image_embeds
    return embeds[:, None]


def reference_mean(models: Models, portrait: Image.Image, size: tuple[int, int]) -> Tensor:
    """The autoencoder's mean latents of the portrait at (width, height), (1, 4, height/8, width/8), unscaled."""
    seen = pictures.signed(pictures.for_autoencoder(portrait, size)).to(models.device, models.dtype)
    mean: Tensor = models.autoencoder.encode(seen).latent_dist.mean
    return mean
