"""The hallway's cupboard: weights that doors list, fetch and remove. Knows the outfit, and no request."""

import threading
from collections.abc import Callable
from dataclasses import replace

from avatar.errors import Busy, Cancelled, NotFound
from avatar.fetch import Progress
from avatar.gallery import WeightsCard
from avatar.plan import Weights
from hallway.outfit import Outfit
from hf_spaces_models import CATALOGUE, NOT_OFFERED

ONLY = CATALOGUE.keys() - {row.id for row in NOT_OFFERED}


class Cupboard:
    """One per process: fetches asked for at a door run in threads of their own, one for each model."""

    def __init__(self, outfit: Outfit) -> None:
        self._outfit = outfit
        self._guard = threading.Lock()
        self._called_off: dict[str, threading.Event] = {}
        self._coming: dict[str, Progress] = {}

    def cards(self) -> tuple[WeightsCard, ...]:
        """All models that are offered, those that are here first. Raises `StorageError`."""
        held = {holding.id: holding for holding in self._outfit.fetcher.holdings()}
        cards = []
        for name in sorted(ONLY | held.keys()):
            card = _card(CATALOGUE[name]) if name in CATALOGUE else _stranger(name)
            if holding := held.get(name):
                card = replace(card, installed=not holding.fault, kept=holding.size, used=holding.used)
                card = replace(card, revision=holding.revision, fault=holding.fault)
            if name in self._called_off:
                told = self._coming.get(name, Progress(name, "waiting", 0, card.size))
                card = replace(card, coming=True, done=told.done, total=told.total or card.size)
            trouble = self._outfit.troubles.get(name)
            cards.append(replace(card, trouble=str(trouble) if trouble and not card.installed else ""))
        return tuple(sorted(cards, key=lambda card: (not card.installed, not card.coming, card.stage, card.id)))

    def fetch(self, name: str) -> None:
        """Begin to bring a model; `cards` tell how far it is. Raises `NotFound`; what is coming already goes on."""
        if name not in ONLY:
            raise NotFound(f"The catalogue offers no weights {name[:60]!r}. GET /v1/weights lists them.")
        with self._guard:
            if name in self._called_off:
                return
            self._called_off[name] = called_off = threading.Event()
        task = threading.Thread(target=self._bring, args=(name, called_off.is_set), name=f"fetch {name}", daemon=True)
        task.start()

    def evict(self, name: str) -> None:
        """Remove a model, or call its coming off. Raises `NotFound`, `Busy` while somebody uses it."""
        called_off = self._called_off.get(name)
        if called_off is not None:
            called_off.set()
            return
        if all(holding.id != name for holding in self._outfit.fetcher.holdings()):
            raise NotFound(f"There are no weights {name[:60]!r} here. GET /v1/weights lists those that are.")
        if not self._outfit.fetcher.evict(name):
            raise Busy(f"{name} is in use. Try again when that has ended.", retry_after=1.0)
        self._outfit.renew()

    def _bring(self, name: str, cancelled: Callable[[], bool]) -> None:
        def heard(told: Progress) -> None:
            self._coming[name] = told

        try:
            self._outfit.fetch([name], cancelled=cancelled, progress=heard)
        except Cancelled:
            return
        finally:
            with self._guard:
                del self._called_off[name]
                self._coming.pop(name, None)


def _card(row: Weights) -> WeightsCard:
    return WeightsCard(row.id, row.title or row.id, row.stage, row.licence, row.commercial, row.size)


def _stranger(name: str) -> WeightsCard:
    """What no catalogue names any more."""
    return WeightsCard(name, name, "", "", commercial=False, size=0)
