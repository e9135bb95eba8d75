"""What a painter is asked and what it gives. Knows no model and no stage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.sampling import Sampling
from avatar.stage import Context

Picture = NDArray[np.uint8]
"""RGB, (height, width, 3)."""

AS_IT_COMES = Sampling()


def unseen(_picture: Picture) -> None:
    """The watcher who looks at nothing."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who sees a picture come into being: `show` gets a small rough one every so many steps, never for 0."""

    every: int = 0
    show: Callable[[Picture], None] = unseen


UNSEEN = Watch()


@dataclass(frozen=True, slots=True)
class Order:
    """A picture for each seed; sizes and sampling that are left open are the model's own."""

    prompt: str
    seeds: tuple[int, ...]
    width: int | None = None
    height: int | None = None
    sampling: Sampling = AS_IT_COMES


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The pictures, one a seed, and what their asker should know of them."""

    pictures: tuple[Picture, ...]
    notes: tuple[str, ...] = ()


class Painter(Protocol):
    """Draws pictures after words. Raises `BadRequest`, `BackendError`, `Cancelled`."""

    def __call__(self, order: Order, context: Context, /, watch: Watch = UNSEEN) -> Painted:
        """The pictures. Several threads may call one painter at once."""
        ...
