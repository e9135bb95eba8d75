"""What the speech stage is asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brief:
    """Text to be spoken. `rate` is relative (1 is the voice's own pace), `pitch` is in semitones."""

    text: str
    voice: str
    rate: float
    pitch: float
    seed: int
