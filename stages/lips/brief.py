"""What the lips stage is asked."""

from dataclasses import dataclass

from avatar.artifacts import Clip, Speech


@dataclass(frozen=True, slots=True)
class Brief:
    """A mouth for a clip, saying the speech."""

    clip: Clip
    speech: Speech
    seed: int
