"""What can be chosen from: voices, avatars, weights, as a viewer sees them. Knows nothing behind them."""

from collections.abc import Collection
from dataclasses import dataclass

ALSO_CALLED = {"zh": "cmn", "no": "nb"}
"""Tags by which a language is asked for that stands under another one here."""


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


def speaking(cards: Collection[VoiceCard], language: str) -> tuple[VoiceCard, ...]:
    """The voices of a BCP 47 tag and of what is below it: `pt` has those of `pt-br`. All of them for none.

    A language may be called by its English name too, as its voices are.
    """
    wanted = language.strip().lower()
    tag = ALSO_CALLED.get(wanted, wanted)
    tagged = tuple(card for card in cards if not wanted or f"{card.language.lower()}-".startswith(f"{tag}-"))
    return tagged or tuple(card for card in cards if card.language and wanted in card.name.lower().split())


@dataclass(frozen=True, slots=True)
class AvatarCard:
    """One avatar of the gallery. `voice` is what its voice is like when none is asked for."""

    id: str
    name: str
    description: str
    voice: str


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """One model of the catalogue. Sizes are bytes: `size` to fetch, `kept` what is on the disk now, `done` of `total`.

    `used` is when it was used last, in Unix seconds, 0 when nobody knows. `coming` says that it is on its way, `fault`
    why what is here does not count, `trouble` why it could not be had.
    """

    id: str
    title: str
    stage: str
    licence: str
    commercial: bool
    size: int
    installed: bool = False
    kept: int = 0
    revision: str = ""
    used: float = 0.0
    coming: bool = False
    done: int = 0
    total: int = 0
    fault: str = ""
    trouble: str = ""
