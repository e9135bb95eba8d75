"""The most memory that a film of AnimateAnyone takes beside the weights: short and long, ours and the original's.

Both are followed without weights and without memory, as `benchmarks.activations` does: what a GPU would hold. At the
middle size, where skeleton features take a 21st of what they take at full size, fewer bytes of them may be kept.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch does not say what calling a model returns.

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from benchmarks import upstream_film
from benchmarks.activations import Fused, Tally, on_meta
from benchmarks.animate_anyone import MIDDLE
from benchmarks.table import Row
from benchmarks.works import Film, Maker
from stages.pose.animate_anyone import weights
from stages.pose.animate_anyone.film import Ask, Effort, Models
from stages.pose.animate_anyone.foreign import AutoencoderKL, CLIPVisionConfig, CLIPVisionModelWithProjection
from stages.pose.animate_anyone.layout import DENOISING, Layout
from stages.pose.animate_anyone.networks import PoseGuider, UNet
from stages.pose.animate_anyone.pipeline import Pipeline

MIB = 1 << 20
SHORT, LONG = 48, 240
EYE = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 224}


class Shapeless(Fused):
    """As `Fused`; numbers without memory are finite, and on the processor their frames are shapes that count."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answers what can't be known; all else as it is."""
        if func is Tensor.__bool__ and args[0].is_meta:
            return True
        if func is Tensor.cpu and args[0].is_meta:
            return torch.empty(args[0].shape)
        return super().__torch_function__(func, types, args, kwargs)


def models(sizes: Layout, widths: tuple[int, ...], dtype: torch.dtype) -> Models:
    """All networks without memory."""
    still = replace(sizes, motion=None, head=False)
    kind: Any = CLIPVisionConfig  # whose types know no dictionary
    eye = kind(**EYE, projection_dim=sizes.cross)
    return Models(
        denoising=_empty(lambda: UNet(layout=sizes.plain()), dtype),
        reference=_empty(lambda: UNet(layout=still.plain()), dtype),
        guider=_empty(lambda: PoseGuider(out=sizes.channels[0]), dtype),
        autoencoder=_empty(lambda: _autoencoder(widths), dtype),
        encoder=_empty(lambda: CLIPVisionModelWithProjection(eye), dtype),
    )


def _autoencoder(widths: tuple[int, ...]) -> Any:
    down, up = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4
    return AutoencoderKL(
        block_out_channels=widths, down_block_types=down, up_block_types=up, layers_per_block=2, latent_channels=4
    )


def _empty(make: Callable[[], Any], dtype: torch.dtype) -> Any:
    return on_meta(weights.empty(make), dtype)


def ours(loaded: Models, film: Film) -> None:
    """A film of one step by our pipeline; frames are let go as they come."""
    drawn = [Image.new("RGB", (film.width, film.height))] * film.frames
    effort = Effort() if loaded.denoising.layout == DENOISING else Effort(features=Effort().features // 21)
    for _ in Pipeline(loaded, effort=effort).generate(drawn[0], drawn, Ask(film.width, film.height, steps=1)):
        pass


def theirs(loaded: Models, film: Film) -> None:
    """The same in the original's order."""
    upstream_film.film(loaded, Maker("meta", loaded.dtype), film)


def held(make: Callable[[Models, Film], None], loaded: Models, film: Film) -> int:
    """Bytes at the highest, weights not among them."""
    tally = Tally()
    for net in (loaded.denoising, loaded.reference, loaded.guider, loaded.autoencoder, loaded.encoder):
        for tensor in (*net.parameters(), *net.buffers()):
            tally.ignore(tensor)
    with torch.inference_mode(), Shapeless(), tally:
        make(loaded, film)
    return tally.peak


def rows() -> Iterator[Row]:
    """The figures."""
    middle = models(MIDDLE, (32, 64, 128, 128), torch.float32)
    yield from _rows("middle size, 192 x 256", middle, Film(192, 256))
    full = models(DENOISING, (128, 256, 512, 512), torch.float16)
    yield from _rows("full size, 512 x 784", full, Film(512, 784))


def _rows(name: str, loaded: Models, film: Film) -> Iterator[Row]:
    name = f"AnimateAnyone {name}"
    short, long = (held(ours, loaded, replace(film, frames=frames)) for frames in (SHORT, LONG))
    original = held(theirs, loaded, replace(film, frames=LONG))
    yield Row(f"{name}: peak, {SHORT} frames", short / MIB, "MiB")
    yield Row(f"{name}: peak, {LONG} frames", long / MIB, "MiB")
    yield Row(f"{name}: peak, {LONG} frames, original's order", original / MIB, "MiB")
    yield Row(f"{name}: peak, long : short", long / short, "x", 1.1)
    yield Row(f"{name}: peak, ours : original's", long / original, "x", 0.6)


if __name__ == "__main__":
    for row in rows():
        print(row, flush=True)
