"""One call of a film's network asked again, to see what a cache takes over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stages.diffusion import caching
from stages.diffusion.model import Model


@dataclass(frozen=True)
class Replayed:
    """What the network gives for one input: plain, then twice while it takes over; and how often its last block ran."""

    plain: tuple[Tensor, ...]
    first: tuple[Tensor, ...]
    again: tuple[Tensor, ...]
    worked: int


def replayed(model: Model, film: Callable[[], object], blocks: str) -> Replayed:
    """The last call that `film` made, once more. `blocks` is the list that the network has its blocks in."""
    network: Any = model.pipe.transformer
    seen: list[dict[str, Any]] = []
    watching = network.register_forward_pre_hook(lambda _part, _args, named: seen.append(dict(named)), with_kwargs=True)
    film()
    watching.remove()
    worked: list[object] = []
    counting = getattr(network, blocks)[-1].attn1.register_forward_pre_hook(lambda *_: worked.append(None))
    with torch.no_grad():
        plain = network(**seen[-1])
        worked.clear()
        with caching.taking_over(model, 0.5):
            first, again = network(**seen[-1]), network(**seen[-1])
    counting.remove()
    return Replayed(plain, first, again, len(worked))
