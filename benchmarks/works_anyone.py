"""What each part of AnimateAnyone, rebuilt here, is asked to do once: see `works`. Knows no device and no weights."""
# mypy: disable-error-code="no-any-return"
# diffusers does not say what calling a model returns.

from typing import Any

import torch

from benchmarks.works import Film, Maker, Net


def step(net: Net, make: Maker, film: Film, *, halves: int = 2) -> Any:
    """A step of AnimateAnyone for one window, and what it keeps of a film: the reference and the skeletons."""
    sizes, (frames, y, x) = net.layout, film.latent()
    embeds = make(1, 1, sizes.cross)
    bank = tuple(make(1, *place) for place in bank_shapes(sizes, y, x))
    told = (net.tell(torch.zeros_like(embeds)), net.tell(embeds, bank))[-halves:]
    del bank
    pose = make(1, sizes.channels[0], frames, y, x)
    return net(make(1, sizes.in_channels, frames, y, x), net.times(500), told, pose=pose)


def see(net: Net, make: Maker, film: Film) -> Any:
    """AnimateAnyone's look at the reference."""
    _, y, x = film.latent()
    return net.see(make(1, net.layout.in_channels, y, x), make(1, 1, net.layout.cross))


def guide(net: Net, make: Maker, film: Film, chunk: int = 8) -> Any:
    """AnimateAnyone's look at a few skeletons."""
    return net(make(min(film.frames, chunk), 3, film.height, film.width))


def decode(net: Net, make: Maker, film: Film, chunk: int = 4) -> Any:
    """A few frames out of the autoencoder, in float32 at the end."""
    _, y, x = film.latent()
    return net.decode(make(min(film.frames, chunk), 4, y, x), return_dict=False)[0].float()


def bank_shapes(sizes: Any, y: int, x: int) -> list[tuple[int, int]]:
    """(tokens, channels) of what each spatial block of AnimateAnyone sees of the reference, in the order of the net."""
    levels = len(sizes.channels)
    sides = [(y, x)]
    for _ in range(levels - 1):
        sides.append(((sides[-1][0] + 1) // 2, (sides[-1][1] + 1) // 2))
    places = [(tall * wide, width) for (tall, wide), width in zip(sides, sizes.channels, strict=True)]
    down = [place for place in places[:-1] for _ in range(sizes.layers)]
    up = [place for place in reversed(places[:-1]) for _ in range(sizes.layers + 1)]
    return [*down, places[-1], *up]
