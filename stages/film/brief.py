"""What the film stage is asked."""

from dataclasses import dataclass
from typing import Literal

from avatar.artifacts import Clip, Speech

Captions = Literal["none", "soft", "burned"]


@dataclass(frozen=True, slots=True)
class Brief:
    """Draw a clip, join it with its sound, encode it. Size in pixels, both even."""

    clip: Clip
    speech: Speech
    width: int
    height: int
    captions: Captions = "none"
