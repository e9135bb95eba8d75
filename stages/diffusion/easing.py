"""How works that ran short of memory were held back, so that the same work takes the same way again. Knows no library.

A model is held back for the work at hand alone. The next work begins as it was planned, unless one of its kind, of the
same size and as many items, ran short before in this process: that one begins where the other got through.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from avatar.stage import Offload

REMEMBERED = 256
"""Kinds of work whose way is kept."""


@dataclass(frozen=True, slots=True)
class Ease:
    """At most `together` items at once and `chunk` frames in the decoder, that one `tiled`; where parts travel.

    What is open is as planned. `parked` says whether text encoders are out of the pipeline; `notes` tell why.
    """

    together: int | None = None
    chunk: int | None = None
    tiled: bool = False
    offload: Offload | None = None
    parked: bool = False
    notes: tuple[str, ...] = ()

    def more(self, why: str, **changes: Any) -> "Ease":
        """Held back further, and why."""
        return replace(self, **changes, notes=tuple(dict.fromkeys((*self.notes, why))))


PLANNED = Ease()


class Ways:
    """How each kind of work got through, the last `REMEMBERED` of those that were held back."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Ease] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, kind: Hashable) -> Ease:
        """How such a work begins."""
        with self._lock:
            if kind in self._known:
                self._known.move_to_end(kind)
            return self._known.get(kind, PLANNED)

    def keep(self, kind: Hashable, ease: Ease) -> None:
        """It got through like this."""
        with self._lock:
            if ease == PLANNED:
                self._known.pop(kind, None)
                return
            self._known[kind] = ease
            self._known.move_to_end(kind)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Let every work begin as planned."""
        with self._lock:
            self._known.clear()


WAYS = Ways()
"""Those of this process, whichever model is loaded: it may be put out and come back in between."""
