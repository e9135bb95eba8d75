"""The motion module: attention of every place to itself across frames. Knows no picture and no absolute time.

Parameter names are those of AnimateDiff v2's temporal transformer. Positions are counted within the window.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch says neither what calling a module returns nor what some tensor methods take.

import math

import torch
from torch import Tensor, nn

from stages.pose.animate_anyone.layers import TOKENS_AT_ONCE, Attention, FeedForward, to_map, to_tokens
from stages.pose.animate_anyone.layout import Motion

GROUPS = 32
"""Groups of the module's norm, whatever the UNet's own number is."""


def sinusoid(length: int, channels: int) -> Tensor:
    """Position code (1, length, channels): sines in even channels, cosines in odd ones, base 10000 (Vaswani 2017).

    On the CPU whatever the default device is, so that a model without memory has it all the same.
    """
    place = torch.arange(length, dtype=torch.float32, device="cpu")[:, None]
    rate = torch.exp(torch.arange(0, channels, 2, dtype=torch.float32, device="cpu") * (-math.log(10000.0) / channels))
    code = torch.zeros(1, length, channels, device="cpu")
    code[0, :, 0::2] = torch.sin(place * rate)
    code[0, :, 1::2] = torch.cos(place * rate)
    return code


class Positions(nn.Module):
    """The position code, a buffer that checkpoints carry."""

    pe: Tensor

    def __init__(self, length: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("pe", sinusoid(length, channels))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (..., frames, c) with their places told, in place."""
        return tokens.add_(self.pe[0, : tokens.shape[-2]])


class TemporalAttention(Attention):
    """Attention over frames, each frame's place added to what all three projections see."""

    def __init__(self, channels: int, *, heads: int, positions: int | None) -> None:
        super().__init__(channels, heads=heads)
        self.pos_encoder = Positions(positions, channels) if positions else None

    def forward(self, inner: Tensor) -> Tensor:
        """(places, frames, c), normed, to the same."""
        if self.pos_encoder is not None:
            inner = self.pos_encoder(inner)
        return self.out(self.mix(self.to_q(inner), self.to_k(inner), self.to_v(inner)))


class TemporalBlock(nn.Module):
    """Temporal attentions one after another, then the feed-forward."""

    def __init__(self, channels: int, motion: Motion) -> None:
        super().__init__()
        many = range(motion.attentions)
        self.attention_blocks = nn.ModuleList(
            [TemporalAttention(channels, heads=motion.heads, positions=motion.positions) for _ in many]
        )
        self.norms = nn.ModuleList([nn.LayerNorm(channels) for _ in many])
        self.ff = FeedForward(channels)
        self.ff_norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor) -> None:
        """Change tokens (places, frames, c) in place."""
        for attention, norm in zip(self.attention_blocks, self.norms, strict=True):
            tokens += attention(norm(tokens))
        tokens += self.ff(self.ff_norm(tokens))


class TemporalTransformer(nn.Module):
    """Temporal blocks between two linear layers."""

    def __init__(self, channels: int, motion: Motion) -> None:
        super().__init__()
        inner = channels // motion.heads // motion.divisor * motion.heads
        self.norm = nn.GroupNorm(GROUPS, channels, 1e-6)
        self.proj_in = nn.Linear(channels, inner)
        self.transformer_blocks = nn.ModuleList([TemporalBlock(inner, motion) for _ in range(motion.blocks)])
        self.proj_out = nn.Linear(inner, channels)

    def forward(self, hidden: Tensor, frames: int) -> Tensor:
        """(windows*frames, c, y, x) to the same. Raises `BadRequest` for more frames than the net knows places."""
        rows, places = len(hidden), hidden[0, 0].numel()
        tokens = to_tokens(self.norm(hidden), self.proj_in.weight, self.proj_in.bias)
        tokens = tokens.view(-1, frames, places, tokens.shape[-1]).transpose(1, 2).flatten(0, 1)
        for part in tokens.split(places_at_once(tokens)):
            for block in self.transformer_blocks:
                block(part)
        tokens = tokens.view(-1, places, frames, tokens.shape[-1]).transpose(1, 2).reshape(rows, places, -1)
        return to_map(tokens, self.proj_out.weight, self.proj_out.bias, hidden)


def places_at_once(tokens: Tensor) -> int:
    """How many places (of (places, frames, c)) go through the layers together."""
    return max(1, TOKENS_AT_ONCE // tokens.shape[1]) if tokens.device.type == "cpu" else len(tokens)


class MotionModule(nn.Module):
    """The temporal transformer under the name that checkpoints give it."""

    def __init__(self, channels: int, motion: Motion) -> None:
        super().__init__()
        self.temporal_transformer = TemporalTransformer(channels, motion)

    def forward(self, hidden: Tensor, frames: int) -> Tensor:
        """(windows*frames, c, y, x) to the same."""
        return self.temporal_transformer(hidden, frames)
