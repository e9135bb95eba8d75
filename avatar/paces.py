"""How long work really took on this machine, by stage and backend. Knows no stage, and decides nothing.

A database of jobs may be shared by many machines, so this lies beside it: `paces.json` in the data folder, filled by
whatever process works there. What can't be written is not remembered, and no film fails for it.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from avatar import records
from avatar.disk import replaced

PICTURE = 10.0
"""Seconds of film that a picture counts as, which costs the same however long its film is: one of ordinary length."""
MEMORY = 120.0
"""Seconds of film that are remembered: what was measured for as many before counts about a third of the newest."""
LEAST = 0.5
"""What is left of all before, however long the newest film is: short ones and long ones together tell a fixed cost."""
SPREAD = 0.2
"""Deviation of the lengths, as a share of their mean, from which a line is laid through them."""
NEWS = 0.1
"""By which share a pace must change to be written down."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What was measured, older runs counted less: sums over `runs` of work, of film, and of their products.

    Work is a fixed cost, such as that of loading a model, and so much for each second of film.
    """

    work: float
    film: float
    runs: float = 0.0
    squares: float = 0.0
    products: float = 0.0

    def then(self, work: float, film: float) -> "Pace":
        """With one more run."""
        kept = max(LEAST, 1 - film / MEMORY)
        old = (kept * each for each in (self.work, self.film, self.runs, self.squares, self.products))
        new = (work, film, 1.0, film * film, film * work)
        return Pace(*(before + now for before, now in zip(old, new, strict=True)))

    def at(self, seconds: float) -> float:
        """Seconds of work for so many of film: by a line, or in proportion where the lengths tell none."""
        work, film = self.work / self.runs, self.film / self.runs
        variance = self.squares / self.runs - film * film
        if variance < (SPREAD * film) ** 2:
            return work / film * seconds
        slope = (self.products / self.runs - film * work) / variance
        slope = min(max(slope, 0.0), work / film)  # neither the fixed cost nor that of a second is below nothing
        return work + slope * (seconds - film)


@dataclass(frozen=True, slots=True)
class Book:
    """All paces, by `stage/backend`."""

    paces: dict[str, Pace] = field(default_factory=dict)


class Paces:
    """The paces of one data folder. Safe for many threads; of several processes the last one's word counts."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "paces.json"
        self._guard = threading.Lock()
        self._book = self._read()
        self._written = {name: pace.at(PICTURE) for name, pace in self._book.paces.items()}

    def note(self, stage: str, backend: str, seconds: float, length: float | None) -> None:
        """Work of `seconds` was done for `length` seconds of film or sound, or for a picture (None)."""
        name, film = f"{stage}/{backend}", length or PICTURE
        with self._guard:
            pace = self._book.paces.get(name, Pace(0.0, 0.0)).then(seconds, film)
            self._book = Book(self._book.paces | {name: pace})
            told = self._written.get(name)
            if told is None or abs(pace.at(PICTURE) - told) > NEWS * told:
                self._write(name, pace)

    def measured(self, seconds: float = PICTURE) -> dict[tuple[str, str], float]:
        """Seconds of work for a second of film in one that lasts `seconds`, by stage and backend."""
        with self._guard:
            known = dict(self._book.paces)
        told = ((name.partition("/"), pace.at(seconds) / seconds) for name, pace in known.items())
        return {(stage, backend): value for (stage, _, backend), value in told}

    def renew(self) -> None:
        """Take over what other processes have measured meanwhile, where this one has measured nothing."""
        with self._guard:
            self._book = Book(self._read().paces | self._book.paces)

    def _read(self) -> Book:
        with suppress(OSError, ValidationError):
            told = records.load(Book, self._path.read_bytes())
            return Book(
                {name: pace for name, pace in told.paces.items() if pace.runs > 0 and pace.film > 0 and pace.work >= 0}
            )
        return Book()

    def _write(self, name: str, pace: Pace) -> None:
        self._written[name] = pace.at(PICTURE)
        with suppress(OSError), replaced(self._path) as half:
            half.write_bytes(records.dump(Book(self._read().paces | {name: pace})))


def length_of(value: Any) -> float | None:
    """Seconds that an artifact or a brief lasts, or the longest thing in it; None for what has no length."""
    seconds = getattr(value, "seconds", None)
    if isinstance(seconds, float | int):
        return float(seconds)
    parts = [getattr(value, part.name) for part in fields(value)] if is_dataclass(value) else []
    return max((length for part in parts if (length := length_of(part)) is not None), default=None)
