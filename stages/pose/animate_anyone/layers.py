"""The 2-D parts of the networks: resnets, spatial transformers, samplers. Knows no film, no frame order, no file.

Hidden maps are (rows, c, y, x) where the rows are halves x windows x frames, in this order; tokens are (rows, y*x, c).
Parameter names are those of the Stable Diffusion 1.5 UNet. The layers work in place on tensors of their own, so run
them under `torch.inference_mode()`.
"""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch says neither what calling a module returns nor what some tensor methods take.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

TOKENS_AT_ONCE = 1 << 11
"""Tokens that a transformer block takes through its layers together on a CPU: more falls out of its caches."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one spatial block is told of a film, for one half of the batch, projected by its own weights.

    `keys` and `values` are the reference's, (1, tokens, c), or None where the half does not look at it. `constant` is
    what cross-attention to a single token comes to for every query, (c,), the output's bias included; with more
    tokens it is None and `text` holds their keys and values, (1, tokens, c) each.
    """

    keys: Tensor | None
    values: Tensor | None
    constant: Tensor | None
    text: tuple[Tensor, Tensor] | None = None


class Resnet(nn.Module):
    """GroupNorm, SiLU, convolution, time, twice; `index` is its place among the net's resnets."""

    def __init__(self, into: int, out: int, *, time: int, groups: int, eps: float, index: int) -> None:
        super().__init__()
        self.index = index
        self.norm1 = nn.GroupNorm(groups, into, eps)
        self.conv1 = nn.Conv2d(into, out, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, out)
        self.norm2 = nn.GroupNorm(groups, out, eps)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(into, out, 1) if into != out else None

    def timed(self, active: Tensor) -> Tensor:
        """The first convolution's bias at one moment: time (1, t), activated, lands where a bias does. (out,)."""
        bias = self.conv1.bias
        return self.time_emb_proj(active)[0] + bias if bias is not None else self.time_emb_proj(active)[0]

    def forward(self, hidden: Tensor, times: Sequence[Tensor], joint: int | None = None) -> Tensor:
        """(rows, into, y, x) to (rows, out, y, x). `joint` frames share their norms' statistics."""
        inner = F.silu(normed(self.norm1, hidden, joint), inplace=True)
        inner = F.conv2d(inner, self.conv1.weight, times[self.index], padding=1)
        inner = F.silu(normed(self.norm2, inner, joint), inplace=True)
        short = hidden if self.conv_shortcut is None else self.conv_shortcut(hidden)
        return self.conv2(inner).add_(short)


def normed(norm: nn.GroupNorm, hidden: Tensor, joint: int | None) -> Tensor:
    """Group norm per frame, or over `joint` frames together."""
    if joint is None:
        return norm(hidden)
    rows, c, y, x = hidden.shape
    films = hidden.view(-1, joint, c, y, x).transpose(1, 2)
    return norm(films).transpose(1, 2).reshape(rows, c, y, x)


class Down(nn.Module):
    """Half the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, hidden: Tensor) -> Tensor:
        """(rows, c, y, x) to (rows, c, ceil(y/2), ceil(x/2))."""
        return self.conv(hidden)


class Up(nn.Module):
    """Twice the size, or that of the skip connection that follows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, hidden: Tensor, size: tuple[int, int]) -> Tensor:
        """(rows, c, y, x) to (rows, c, *size)."""
        return self.conv(F.interpolate(hidden, size=size, mode="nearest"))


class Gate(nn.Module):
    """Gated GELU (Shazeer 2020), its halves projected apart: strided halves of one product are slow to go through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, 8 * channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., c) to (..., 4*c)."""
        (value, gate), (low, high) = self.proj.weight.chunk(2), self.proj.bias.chunk(2)
        return F.gelu(F.linear(tokens, gate, high)).mul_(F.linear(tokens, value, low))


class FeedForward(nn.Module):
    """GEGLU, four times as wide inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.ModuleList([Gate(channels), nn.Identity(), nn.Linear(4 * channels, channels)])

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., c) to (..., c)."""
        return self.net[2](self.net[0](tokens))


class Attention(nn.Module):
    """Projections of one attention: queries, keys and values without bias, the output with one."""

    def __init__(self, channels: int, *, heads: int, context: int | None = None, inner: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        inner = inner or channels
        self.to_q = nn.Linear(channels, inner, bias=False)
        self.to_k = nn.Linear(context or channels, inner, bias=False)
        self.to_v = nn.Linear(context or channels, inner, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(inner, channels)])

    def out(self, mixed: Tensor, extra: Tensor | None = None) -> Tensor:
        """The output projection of (..., inner), with a constant (c,) added to its bias."""
        last = cast(nn.Linear, self.to_out[0])
        return F.linear(mixed, last.weight, last.bias if extra is None else last.bias + extra)

    def mix(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attention proper: (rows, q, inner), (rows or 1, k, inner) twice, to (rows, q, inner)."""
        rows = len(queries)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (queries, keys, values))
        mixed = F.scaled_dot_product_attention(q, k.expand(rows, -1, -1, -1), v.expand(rows, -1, -1, -1))
        return mixed.transpose(1, 2).flatten(2)


class Block(nn.Module):
    """Self-attention that may look at a reference too, cross-attention, feed-forward."""

    def __init__(self, channels: int, *, heads: int, cross: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn1 = Attention(channels, heads=heads)
        self.norm2 = nn.LayerNorm(channels)
        self.attn2 = Attention(channels, heads=heads, context=cross)
        self.norm3 = nn.LayerNorm(channels)
        self.ff = FeedForward(channels)

    def told(self, embeds: Tensor, seen: Tensor | None) -> Told:
        """Project image embeddings (1, n, cross) and the reference's normed tokens (1, tokens, c), once a film."""
        keys, values = (None, None) if seen is None else (self.attn1.to_k(seen), self.attn1.to_v(seen))
        if embeds.shape[1] == 1:
            return Told(keys, values, self.attn2.out(self.attn2.to_v(embeds))[0, 0])
        return Told(keys, values, None, (self.attn2.to_k(embeds), self.attn2.to_v(embeds)))

    def forward(self, tokens: Tensor, told: Told, keep: list[Tensor] | None = None) -> None:
        """Change tokens (rows, n, c) in place; `keep` collects what self-attention was given."""
        inner = self.norm1(tokens)
        if keep is not None:
            keep.append(inner)
        attn = self.attn1
        queries, keys, values = attn.to_q(inner), attn.to_k(inner), attn.to_v(inner)
        if told.keys is not None and told.values is not None:
            rows = len(tokens)
            keys = torch.cat((keys, told.keys.expand(rows, -1, -1)), 1)
            values = torch.cat((values, told.values.expand(rows, -1, -1)), 1)
        tokens += attn.out(attn.mix(queries, keys, values), told.constant)
        if told.text is not None:
            asked = self.attn2.to_q(self.norm2(tokens))
            tokens += self.attn2.out(self.attn2.mix(asked, *told.text))
        tokens += self.ff(self.norm3(tokens))


def to_tokens(hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Maps (rows, c, y, x), projected and turned into tokens (rows, y*x, inner), in one product."""
    rows = len(hidden)
    first = weight.new_zeros(1) if bias is None else bias
    return torch.baddbmm(first, hidden.flatten(2).transpose(1, 2), weight.t().expand(rows, -1, -1))


def to_map(tokens: Tensor, weight: Tensor, bias: Tensor | None, hidden: Tensor) -> Tensor:
    """Tokens (rows, y*x, inner), projected, turned into maps and added to `hidden` (rows, c, y, x), in one product."""
    added = torch.baddbmm(hidden.flatten(2), weight.expand(len(tokens), -1, -1), tokens.transpose(1, 2))
    if bias is not None:
        added += bias[:, None]
    return added.view_as(hidden)


class SpatialTransformer(nn.Module):
    """One block between two 1x1 convolutions; `index` is its place among the net's spatial transformers."""

    def __init__(self, channels: int, *, heads: int, cross: int, groups: int, index: int) -> None:
        super().__init__()
        self.index = index
        self.norm = nn.GroupNorm(groups, channels, 1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([Block(channels, heads=heads, cross=cross)])
        self.proj_out = nn.Conv2d(channels, channels, 1)

    @property
    def block(self) -> Block:
        """The one block."""
        return cast(Block, self.transformer_blocks[0])

    def enter(self, hidden: Tensor) -> Tensor:
        """(rows, c, y, x) to tokens (rows, y*x, c)."""
        return to_tokens(self.norm(hidden), self.proj_in.weight[:, :, 0, 0], self.proj_in.bias)

    def forward(self, hidden: Tensor, halves: Sequence[Sequence[Told]], keep: list[Tensor] | None = None) -> Tensor:
        """Same shape out. The rows are split evenly among the halves, each told its own things."""
        rows = len(hidden)
        tokens = self.enter(hidden)
        for half, part in zip(halves, tokens.chunk(len(halves)), strict=True):
            told = half[self.index]
            for some in part.split(self._rows_at_once(part) if keep is None else rows):
                self.block(some, told, keep)
        return to_map(tokens, self.proj_out.weight[:, :, 0, 0], self.proj_out.bias, hidden)

    @staticmethod
    def _rows_at_once(part: Tensor) -> int:
        return max(1, TOKENS_AT_ONCE // part.shape[1]) if part.device.type == "cpu" else len(part)
