"""What can be chosen from: voices and avatars, as a viewer sees them. Knows neither engine nor drawing behind them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceCard:
    """One voice. `language` is a BCP 47 tag, empty for one that speaks any; `gender` is female, male or unknown."""

    id: str
    name: str
    language: str
    gender: str


@dataclass(frozen=True, slots=True)
class AvatarCard:
    """One avatar of the gallery. `voice` is what its voice is like when none is asked for."""

    id: str
    name: str
    description: str
    voice: str
