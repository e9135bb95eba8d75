"""What a painter is asked, what it gives, and how one is had. Knows no stage and no library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.sampling import OWN, Diffusion, Sampling
from avatar.stage import Context, Placement
from stages.diffusion.models import Easel

Picture = NDArray[np.uint8]
"""RGB, (height, width, 3)."""


GLIMPSES = 8
"""Rough pictures of one run through a pipeline, at the most."""


def due(step: int, steps: int, *, times: int = GLIMPSES) -> bool:
    """Whether a rough picture is to be shown after the `step`-th of `steps`, counted from 1: evenly, and at the end."""
    return step * times // steps > (step - 1) * times // steps


@dataclass(frozen=True, slots=True)
class Watch:
    """Who sees pictures come into being: `show` gets an item's number and a small rough picture of it, now and then.

    `whose` tells for each item who asked for it; of those that are made at once each asker sees the first.
    """

    show: Callable[[int, Picture], None]
    whose: Sequence[int]
    times: int = GLIMPSES


@dataclass(frozen=True, slots=True)
class Order:
    """A picture for each seed; sizes and sampling that are left open are the model's own."""

    prompt: str
    seeds: tuple[int, ...]
    width: int | None = None
    height: int | None = None
    sampling: Sampling = OWN


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The pictures, one a seed, and what their asker should know of them; `diffusion` is how all were made."""

    pictures: tuple[Picture, ...]
    notes: tuple[str, ...] = ()
    diffusion: Diffusion | None = None


class Painter(Protocol):
    """Draws pictures after words. Raises `BadRequest`, `BackendError`, `Cancelled`."""

    def __call__(self, order: Order, context: Context, /) -> Painted:
        """The pictures. Several threads may call one painter at once."""
        ...

    def key(self, order: Order, /) -> str:
        """Orders with the same key may be drawn together. Raises `BadRequest`."""
        ...

    def together(self, orders: Sequence[Order], contexts: Sequence[Context], /) -> list[Painted]:
        """Several orders at once. A context that raises `Cancelled` is left out, and the others go on."""
        ...


Opens = Callable[[Easel, Placement], Painter]
"""How a painter comes to an easel. Raises `Unavailable`, `OutOfMemory`."""


def studio(easel: Easel, placement: Placement) -> Painter:
    """The painter who works with the easel's own model, whose weights are loaded for it."""
    from stages.diffusion.painting import Studio

    return Studio.load(easel, placement)
