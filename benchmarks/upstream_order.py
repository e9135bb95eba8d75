"""The denoising net walked in the original's order of work, as what our own order is measured against.

Written from a description, with our own parameters: 5-D maps folded around every layer, both halves attending to a
reference that is repeated for every frame and projected anew in every step, the unguided half then computed again and
written over it, cross-attention in full, time projected in every resnet. Knows nothing of a film.
"""
# mypy: disable-error-code="no-any-return"
# torch does not say what calling a module returns.

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from stages.pose.animate_anyone.networks import UNet

Module = Any


def forward(
    net: UNet, sample: Tensor, timestep: int, embeds: Tensor, bank: Mapping[str, Tensor], pose: Tensor
) -> Tensor:
    """(2, 4, frames, y, x) with embeddings (2, 1, cross), bank (2, tokens, c) by path, to the same shape."""
    at = torch.full((len(sample),), timestep, device=sample.device)
    temb = net.time_embedding(net.time_proj(at).to(sample.dtype))
    hidden = folded(net.conv_in, sample) + pose
    skips = [hidden]
    walk = Walk(temb, embeds, bank)
    for level, down in enumerate(net.down_blocks):
        hidden, more = walk.down(down, f"down_blocks.{level}", hidden)
        skips += more
    hidden = walk.middle(net.mid_block, hidden)
    for step, up in enumerate(net.up_blocks):
        hidden = walk.up(up, f"up_blocks.{step}", hidden, skips)
    return folded(net.conv_out, F.silu(folded(net.conv_norm_out, hidden)))


def folded(layer: Callable[[Tensor], Tensor] | Module, hidden: Tensor) -> Tensor:
    """A 2-D layer on (b, c, f, y, x): frames into the batch and out again."""
    b, c, f, y, x = hidden.shape
    out: Tensor = layer(hidden.permute(0, 2, 1, 3, 4).reshape(b * f, c, y, x))
    return out.view(b, f, *out.shape[1:]).permute(0, 2, 1, 3, 4)


class Walk:
    """One pass with its time embedding, image embeddings and bank."""

    def __init__(self, temb: Tensor, embeds: Tensor, bank: Mapping[str, Tensor]) -> None:
        self.temb, self.embeds, self.bank = temb, embeds, bank

    def down(self, stage: Module, path: str, hidden: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A down stage and its skips."""
        skips = []
        for i, resnet in enumerate(stage.resnets):
            hidden = self.layer(stage, path, i, self.resnet(resnet, hidden))
            skips.append(hidden)
        if stage.downsamplers is not None:
            hidden = folded(stage.downsamplers[0].conv, hidden)
            skips.append(hidden)
        return hidden, skips

    def middle(self, stage: Module, hidden: Tensor) -> Tensor:
        """The middle stage."""
        hidden = self.layer(stage, "mid_block", 0, self.resnet(stage.resnets[0], hidden))
        return self.resnet(stage.resnets[1], hidden)

    def up(self, stage: Module, path: str, hidden: Tensor, skips: list[Tensor]) -> Tensor:
        """An up stage."""
        for i, resnet in enumerate(stage.resnets):
            hidden = self.layer(stage, path, i, self.resnet(resnet, torch.cat([hidden, skips.pop()], 1)))
        if stage.upsamplers is None:
            return hidden
        grown = F.interpolate(hidden, size=(hidden.shape[2], *skips[-1].shape[-2:]), mode="nearest")
        return folded(stage.upsamplers[0].conv, grown)

    def layer(self, stage: Module, path: str, index: int, hidden: Tensor) -> Tensor:
        """Spatial transformer and motion module, where the stage has them."""
        if stage.attentions is not None:
            seen = self.bank[f"{path}.attentions.{index}.transformer_blocks.0"]
            hidden = self.spatial(stage.attentions[index], hidden, seen)
        return self.temporal(stage.motion_modules[index].temporal_transformer, hidden)

    def resnet(self, resnet: Module, hidden: Tensor) -> Tensor:
        """Norms and convolutions folded one by one, the time added to a 5-D map."""
        inner = folded(resnet.conv1, F.silu(folded(resnet.norm1, hidden)))
        inner = inner + resnet.time_emb_proj(F.silu(self.temb))[:, :, None, None, None]
        inner = folded(resnet.conv2, F.silu(folded(resnet.norm2, inner)))
        short = hidden if resnet.conv_shortcut is None else folded(resnet.conv_shortcut, hidden)
        return short + inner

    def spatial(self, transformer: Module, hidden: Tensor, seen: Tensor) -> Tensor:
        """The spatial transformer over all rows, then the first half once more without the reference."""
        b, c, f, y, x = hidden.shape
        rows = hidden.permute(0, 2, 1, 3, 4).reshape(b * f, c, y, x)
        entered = transformer.proj_in(transformer.norm(rows))
        tokens = entered.permute(0, 2, 3, 1).reshape(b * f, y * x, c)
        block = transformer.block
        inner = block.norm1(tokens)
        repeated = seen[:, None].repeat(1, f, 1, 1).flatten(0, 1)
        both = torch.cat([inner, repeated], 1)
        mixed = attention(block.attn1, inner, both) + tokens
        again = mixed.clone()
        mask = torch.tensor([1] * f + [0] * f, device="cpu").to(hidden.device).bool()
        if hidden.is_meta:  # boolean indexing has no shape there; the first half is what the mask picks
            again[:f] = attention(block.attn1, inner[:f], inner[:f]) + tokens[:f]
        else:
            again[mask] = attention(block.attn1, inner[mask], inner[mask]) + tokens[mask]
        told = self.embeds[:, None].repeat(1, f, 1, 1).flatten(0, 1)
        tokens = attention(block.attn2, block.norm2(again), told) + again
        tokens = feed_forward(block.ff, block.norm3(tokens)) + tokens
        left = transformer.proj_out(tokens.view(b * f, y, x, c).permute(0, 3, 1, 2).contiguous()) + rows
        return left.view(b, f, c, y, x).permute(0, 2, 1, 3, 4)

    def temporal(self, module: Module, hidden: Tensor) -> Tensor:
        """The motion module, regrouped around each of its attentions."""
        b, c, f, y, x = hidden.shape
        rows = hidden.permute(0, 2, 1, 3, 4).reshape(b * f, c, y, x)
        tokens = module.proj_in(module.norm(rows).permute(0, 2, 3, 1).reshape(b * f, y * x, c))
        for block in module.transformer_blocks:
            for attn, norm in zip(block.attention_blocks, block.norms, strict=True):
                inner = norm(tokens).view(b, f, y * x, c).transpose(1, 2).reshape(b * y * x, f, c)
                inner = inner + attn.pos_encoder.pe[:, :f]
                out = attention(attn, inner, inner)
                tokens = out.view(b, y * x, f, c).transpose(1, 2).reshape(b * f, y * x, c) + tokens
            tokens = feed_forward(block.ff, block.ff_norm(tokens)) + tokens
        left = module.proj_out(tokens).view(b * f, y, x, c).permute(0, 3, 1, 2).contiguous() + rows
        return left.view(b, f, c, y, x).permute(0, 2, 1, 3, 4)


def attention(attn: Module, asking: Tensor, asked: Tensor) -> Tensor:
    """Queries of one, keys and values of the other, and the output projection."""
    parts = (attn.to_q(asking), attn.to_k(asked), attn.to_v(asked))
    q, k, v = (part.view(*part.shape[:2], attn.heads, -1).transpose(1, 2) for part in parts)
    mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(asking.shape)
    out: Tensor = attn.to_out[0](mixed)
    return out


def feed_forward(layers: Module, tokens: Tensor) -> Tensor:
    """GEGLU without writing in place."""
    value, gate = layers.net[0].proj(tokens).chunk(2, -1)
    out: Tensor = layers.net[2](value * F.gelu(gate))
    return out
