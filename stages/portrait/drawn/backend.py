"""The backend that draws an avatar: look -> layers and landmarks. Knows no motion and no film."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from avatar.artifacts import Blob, Layer, LayerName, Portrait
from avatar.errors import Unavailable
from avatar.stage import Context, Mode, Needs, Placement
from stages.portrait.brief import Brief
from stages.portrait.drawn import looks, marks, prompt, render
from stages.portrait.drawn.parts import HOME

SIZE = 1024
"""Pixels of a portrait's sides."""


@dataclass(frozen=True)
class Drawn:
    """The floor of the portrait stage: a drawn avatar, by its name or from the words of a prompt."""

    id: str = "drawn"
    version: str = "3"
    needs: Needs = Needs(packages=("resvg_py",), modes=(Mode(pace=0.1),))
    home: Path = HOME

    def takes(self, brief: Brief, /) -> bool:
        """Only briefs without a picture: whoever brings a face does not want another one."""
        return brief.image is None and brief.video is None

    def load(self, _placement: Placement, /) -> "Artist":
        """Find the renderer. Raises `Unavailable` without it."""
        return Artist(renderer(), self.home)


def renderer() -> render.Rasterise:
    """What makes pixels of drawings. Raises `Unavailable` where it is not installed."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise Unavailable("resvg_py is not installed; pip install resvg_py.") from error
    found: render.Rasterise = svg_to_bytes
    return found


@dataclass(frozen=True)
class Artist:
    """Draws portraits from the files below `home`."""

    rasterise: render.Rasterise
    home: Path

    def __call__(self, brief: Brief, context: Context, /) -> Portrait:
        """The portrait. Raises `NotFound` for an unknown avatar, `BadOutput` for a drawing that is not fit for use."""
        if brief.avatar:
            look = looks.find(brief.avatar, self.home)
        else:
            look = prompt.choose(brief.prompt, brief.seed, self.home, gender=brief.gender)
        worn = looks.worn(look, self.home)
        found = {name: mark for part in worn for name, mark in part.marks.items()}
        face = marks.face(found, look.id)
        pictures = render.layers(self.rasterise, worn, style=looks.style(look, self.home), done=context.step)
        sheets = tuple(
            Layer(name, _kept(render.png(picture.pixels), name, context), picture.x, picture.y)
            for name, picture in _named(pictures).items()
        )
        image = _kept(render.png(render.flat(pictures, SIZE)), "image", context)
        return Portrait(image, sheets, face, SIZE, SIZE, "drawn", look.id)


def _named(pictures: Mapping[str, render.Picture]) -> dict[LayerName, render.Picture]:
    return {
        name: pictures[name.replace("_", "-")] for name in get_args(LayerName) if name.replace("_", "-") in pictures
    }


def _kept(data: bytes, name: str, context: Context) -> Blob:
    path = context.scratch() / f"{name}.png"
    path.write_bytes(data)
    return context.keep(path, "image/png")
