"""What can be chosen from: voices and avatars, as a viewer sees them. Knows neither engine nor drawing behind them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceCard:
    """One voice. `language` is a BCP 47 tag, empty for one that speaks any; `gender` is female, male or unknown.

    `ready` says whether it can speak here now; where it can't, a built-in voice that is like it speaks instead.
    """

    id: str
    name: str
    language: str
    gender: str
    ready: bool = True


@dataclass(frozen=True, slots=True)
class AvatarCard:
    """One avatar of the gallery. `voice` is what its voice is like when none is asked for."""

    id: str
    name: str
    description: str
    voice: str
