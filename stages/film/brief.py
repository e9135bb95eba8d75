"""What the film stage is asked."""

from dataclasses import dataclass
from typing import Literal

from avatar.artifacts import Blob, Clip, ExportKind, Footages, Speech
from avatar.sampling import Diffusion

Captions = Literal["none", "soft", "burned"]
Layout = Literal["side_by_side", "cut"]
Framing = Literal["close", "head_and_shoulders", "wide", "whole"]


@dataclass(frozen=True, slots=True)
class Scenery:
    """What stands behind, and how much is seen.

    `background` is scene, blur, transparent, a colour as #rrggbb, or clear: nothing at all, for encoders that can show
    that. `backdrop` is a picture in its place. `zoom` is 1 to 2.
    """

    background: str = "scene"
    backdrop: Blob | None = None
    framing: Framing = "head_and_shoulders"
    zoom: float = 1.0

    @property
    def own(self) -> bool:
        """Whether the portrait's own background is what is seen behind it, sharp."""
        return self.background == "scene" and self.backdrop is None


PLAIN = Scenery()
"""The portrait's own background, head and shoulders."""


@dataclass(frozen=True, slots=True)
class Brief:
    """Draw a clip, join it with its sound, encode it. Size in pixels, both even; `label` is written into each frame.

    With `others` several people talk: the clips are theirs in the order in which they begin to speak, equally long, and
    the speech has their turns. They are shown side by side, or by cuts to whoever speaks.
    """

    clip: Clip
    speech: Speech
    width: int
    height: int
    captions: Captions = "none"
    scenery: Scenery = PLAIN
    label: str = ""
    others: tuple[Clip, ...] = ()
    layout: Layout = "cut"

    @property
    def diffusion(self) -> tuple[Diffusion, ...]:
        """How models painted and filmed who is seen."""
        clips = (self.clip, *self.others)
        works = (work for each in clips for work in (each.portrait.diffusion, each.footage and each.footage.diffusion))
        return tuple(work for work in works if work)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The film that was drawn after `recipe`, as an export of this kind."""

    recipe: Blob
    kind: ExportKind


@dataclass(frozen=True, slots=True)
class Reel:
    """Silent films of these shots: at `fps`, each width x height pixels, both even, with `label` in each frame."""

    footages: Footages
    width: int
    height: int
    fps: int
    label: str = ""
