"""RIFE 4.0: what lies between two pictures, drawn by a network. Knows no film and no stage.

Four blocks, from coarse to fine, estimate how both pictures move towards a moment between them, and which of them is
seen where (Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", 2022). Names of the
layers are those of the released checkpoint; its teacher and its refining networks are for training, and left out.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from avatar.errors import Unavailable
from avatar.memory import memory_errors
from avatar.stage import Placement
from avatar.turns import Turns

Bytes = NDArray[np.uint8]

WEIGHTS = "rife"
FILE = "flownet_v4.0.pkl"
PREFIX = "module."
UNUSED = ("block_tea.", "contextnet.", "unet.")
WIDTHS = (192, 128, 96, 64)
SCALES = (8, 4, 2, 1)
"""How much smaller each block sees the pictures."""
LAYERS = 8
FAR = 32.0
"""Pixels of movement after two blocks both ways from which all blocks see the pictures smaller by half."""
GRAIN = 128
"""Pixels that both sides are multiples of, so that the smallest picture can still be halved twice."""
DAMAGES = (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, AttributeError, KeyError)
"""What reading a damaged file, or one that is no checkpoint, raises."""
NOTE = "Frames in between were drawn by RIFE."
AGAIN = "Fetch it again: python smart_startup.py --evict rife, then --fetch rife."


def _conv(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1), nn.PReLU(out))


class Block(nn.Module):
    """Estimates movement and mask of pictures seen `scale` times smaller."""

    def __init__(self, into: int, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_conv(into, width // 2, 2), _conv(width // 2, width, 2))
        self.convblock = nn.Sequential(*(_conv(width, width) for _ in range(LAYERS)))
        self.lastconv = nn.ConvTranspose2d(width, 5, 4, 2, 1)

    def forward(self, seen: Tensor, flow: Tensor | None, scale: float) -> tuple[Tensor, Tensor]:
        """(n, c, h, w) and the movement so far (n, 4, h, w) to what that, and the mask, want more."""
        small = _sized(seen, 1 / scale)
        if flow is not None:
            small = torch.cat((small, _sized(flow, 1 / scale) / scale), 1)
        hidden = self.conv0(small)
        out = _sized(self.lastconv(self.convblock(hidden) + hidden), 2 * scale)
        return out[:, :4] * scale * 2, out[:, 4:]


class Network(nn.Module):
    """All blocks: two pictures (n, 3, h, w) in [0, 1], sides multiples of `GRAIN`, to the one at `part` of the way."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        for number, width in enumerate(widths):
            self.add_module(f"block{number}", Block(12 if number else 7, width))

    def forward(self, first: Tensor, second: Tensor, part: float) -> Tensor:
        """The picture between."""
        moment = torch.full_like(first[:, :1], part)
        scales = [float(scale) for scale in SCALES]
        flow, mask = self._first(first, second, moment, scales[0])
        for number in range(1, len(SCALES)):
            more, shade = self._next(number, (first, second), moment, (flow, mask), scales[number])
            if number == 1 and min(float(more[:, :2].abs().max()), float(more[:, 2:].abs().max())) > FAR:
                scales = [2 * scale for scale in scales]
                flow, mask = self._first(first, second, moment, scales[0])
                more, shade = self._next(number, (first, second), moment, (flow, mask), scales[number])
            flow, mask = flow + more, mask + shade
        share = torch.sigmoid(mask)
        return moved(first, flow[:, :2]) * share + moved(second, flow[:, 2:]) * (1 - share)

    def _first(self, first: Tensor, second: Tensor, moment: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.get_submodule("block0")(torch.cat((first, second, moment), 1), None, scale)
        return found

    def _next(
        self,
        number: int,
        pictures: tuple[Tensor, Tensor],
        moment: Tensor,
        so_far: tuple[Tensor, Tensor],
        scale: float,
    ) -> tuple[Tensor, Tensor]:
        (first, second), (flow, mask) = pictures, so_far
        seen = torch.cat((moved(first, flow[:, :2]), moved(second, flow[:, 2:]), moment, mask), 1)
        found: tuple[Tensor, Tensor] = self.get_submodule(f"block{number}")(seen, flow, scale)
        return found


def moved(picture: Tensor, flow: Tensor) -> Tensor:
    """(n, c, h, w) as seen from where each pixel is moved to by `flow`, (n, 2, h, w) in pixels, right and down."""
    height, width = picture.shape[2:]
    across = torch.linspace(-1, 1, width, device=flow.device, dtype=flow.dtype)
    down = torch.linspace(-1, 1, height, device=flow.device, dtype=flow.dtype)[:, None]
    places = torch.stack((across + flow[:, 0] * 2 / (width - 1), down + flow[:, 1] * 2 / (height - 1)), -1)
    return F.grid_sample(picture, places, mode="bilinear", padding_mode="border", align_corners=True)


def _sized(tensor: Tensor, by: float) -> Tensor:
    return F.interpolate(tensor, scale_factor=by, mode="bilinear", align_corners=False, recompute_scale_factor=False)


@dataclass(frozen=True)
class Rife:
    """A loaded network that draws pictures between pictures, one at a time."""

    network: Network
    device: str = "cpu"
    _turns: Turns = field(default_factory=Turns)

    def __call__(self, first: Bytes, second: Bytes, part: float) -> Bytes:
        """R'G'B' (height, width, 3) at `part` of the way, 0 to 1."""
        height, width = first.shape[:2]
        with self._turns.turn("rife", check=lambda: None), torch.inference_mode():
            pair = torch.from_numpy(np.stack((first, second))).to(self.device).permute(0, 3, 1, 2).float() / 255
            edges = (0, -width % GRAIN, 0, -height % GRAIN)
            pair = F.pad(pair, edges, mode="replicate")
            between = self.network(pair[:1], pair[1:], part)[0, :, :height, :width]
            drawn = (between.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        return np.asarray(drawn, np.uint8)


def drawer(placement: Placement) -> Rife | None:
    """The network of a placement; none where its weights were not fetched. Raises `Unavailable`, `OutOfMemory`."""
    folder = placement.weights.get(WEIGHTS)
    return load(folder, placement.device) if folder else None


def load(folder: Path, device: str = "cpu") -> Rife:
    """The network of a folder. Raises `Unavailable` naming what is missing, damaged or of another model."""
    try:
        held: Any = torch.load(folder / FILE, map_location="cpu", weights_only=True)
        named = {str(key).removeprefix(PREFIX): tensor for key, tensor in held.items()}
    except FileNotFoundError:
        raise Unavailable(f"{FILE} of {WEIGHTS} is not there. {AGAIN}") from None
    except DAMAGES as wrong:
        raise Unavailable(f"{FILE} of {WEIGHTS} is damaged ({type(wrong).__name__}). {AGAIN}") from wrong
    network = Network()
    own = network.state_dict()
    kept = {key: tensor for key, tensor in named.items() if not key.startswith(UNUSED)}
    strange = sorted(key for key in own.keys() | kept.keys() if shape(own.get(key)) != shape(kept.get(key)))
    if strange:
        raise Unavailable(f"{FILE} of {WEIGHTS} is of another model: see {strange[0]}. {AGAIN}")
    network.load_state_dict(kept)
    with memory_errors():
        return Rife(network.eval().requires_grad_(requires_grad=False).to(device), device)


def shape(tensor: Tensor | None) -> tuple[int, ...] | None:
    """Its sizes; None for none."""
    return None if tensor is None else tuple(tensor.shape)


def told(draw: object) -> tuple[str, ...]:
    """What is to be noted of a film whose frames in between were drawn by `draw`."""
    return (NOTE,) if isinstance(draw, Rife) else ()
