"""What the portrait stage is asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brief:
    """A look: by the name of a gallery avatar, else from the words of a prompt and the seed."""

    avatar: str | None
    prompt: str
    seed: int
