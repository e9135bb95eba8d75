"""Room on the disk: is there enough, what can go to make it, what others are still going to take. Knows no network."""

import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar.amounts import amount
from avatar.errors import NoRoom
from avatar.fetch.shelf import Shelf, on_disk
from avatar.fetch.words import Listing

LOCK = ".room"
"""Held while room is made and taken, so that two fetches do not count the same bytes."""


class Room:
    """The bytes of one `Shelf`. `budget` caps all models together, `headroom` stays free on the disk, in bytes."""

    def __init__(self, shelf: Shelf, *, budget: int | None, headroom: int, free: Callable[[Path], int]) -> None:
        self._shelf = shelf
        self._budget = budget
        self._headroom = headroom
        self._free = free

    @contextmanager
    def made(self, name: str, need: int, keep: Collection[str]) -> Iterator[None]:
        """Room for `need` more bytes of a model, at the price of those used longest ago that are not in `keep`.

        Others who want room wait until the end of the `with`: by then it must be written down in `.coming` that it is
        taken. Raises `NoRoom`, before anything is removed where that would not do.
        """
        with self._shelf.locked(LOCK, fcntl.LOCK_EX):
            self._shelf.sweep()
            excess, why = self._excess(name, need)
            if excess > 0:
                self._drop(excess, {*keep, name}, why)
            yield

    def short(self) -> bool:
        """Whether others have filled the disk so far that less than the headroom is left."""
        with on_disk():
            return self._free(self._shelf.folder) < self._headroom

    def _excess(self, name: str, need: int) -> tuple[int, str]:
        """How many bytes too many `need` would be, and the sentence that says so and what would help."""
        with on_disk():
            self._shelf.folder.mkdir(parents=True, exist_ok=True)
            free = self._free(self._shelf.folder)
        promised = sum(self._promised(other) for other in self._shelf.half() if other != name)
        short = need + self._headroom + promised - free
        used = sum(record.size for record in self._shelf.installed().values()) + sum(self._shelf.half().values())
        over = 0 if self._budget is None else used + need + promised - self._budget
        if over > short:
            return over, (
                f"{name} needs {amount(need)} more, and weights take {amount(used + promised)} already of the "
                f"{amount(self._budget or 0)} they may. Raise AVATAR_MODELS_BUDGET by {amount(over)}, or remove some."
            )
        others = f" and {amount(promised)} are on their way" if promised else ""
        return short, (
            f"{name} needs {amount(need)}; the disk has {amount(free)} free, {amount(self._headroom)} of it for others"
            f"{others}. Free {amount(short)} there, lower AVATAR_HEADROOM, or set AVATAR_MODELS_DIR to a larger disk."
        )

    def _promised(self, name: str) -> int:
        """Bytes that another fetch, which is going on now, will still take."""
        with self._shelf.locked(name, fcntl.LOCK_SH | fcntl.LOCK_NB) as idle:
            state = None if idle else self._shelf.state(name)
        return max(0, state.peak - self._shelf.half().get(name, 0)) if state else 0

    def _drop(self, excess: int, keep: set[str], why: str) -> None:
        sizes = {name: record.size for name, record in self._shelf.installed().items()}
        for name, size in self._shelf.half().items():
            sizes[name] = sizes.get(name, 0) + size
        old = sorted((name for name in sizes if name not in keep and self._idle(name)), key=self._shelf.used)
        if sum(sizes[name] for name in old) < excess:
            raise NoRoom(why)
        for name in old:
            if excess > 0:
                with self._shelf.locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB) as mine:
                    excess -= self._shelf.clear(name) if mine else 0
        if excess > 0:
            raise NoRoom(why)

    def _idle(self, name: str) -> bool:
        with self._shelf.locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB) as mine:
            return mine


def peak(listing: Listing, *, kept: int, done: Collection[str]) -> int:
    """The most bytes that a model takes while it comes, `kept` being what stays after conversion (0: everything).

    Files are converted one by one: at the worst moment one is there in both forms, those before it in the small one.
    """
    share = min(1.0, kept / listing.size) if kept and listing.size else 1.0
    before, most = 0.0, 0.0
    for file in listing.files:
        during = file.size * (1 + share) if share < 1 and file.load not in done else file.size
        most, before = max(most, before + during), before + file.size * share
    return round(max(most, before))
