"""How the command line tells of weights that come: one line that moves on a terminal, few plain ones elsewhere.

Knows neither hub nor disk.
"""

import time
from collections.abc import Callable
from typing import TextIO

from avatar.amounts import amount, span
from avatar.fetch.words import Progress

OFTEN = 10.0
"""Seconds between two lines where nothing can be written over."""
SETTLED = 1.0
"""Seconds before which a speed says nothing."""
CLEAR = "\r\x1b[K"


class Arrivals:
    """A listener for one fetch after another. `title` names a model in a reader's words."""

    def __init__(
        self, stream: TextIO, *, title: Callable[[str], str] = str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._moves = stream.isatty()
        self._title = title
        self._clock = clock
        self._id = ""
        self._began = self._told = 0.0
        self._had = 0

    def __call__(self, heard: Progress) -> None:
        """Tell it, if it is time to."""
        now = self._clock()
        if heard.id != self._id:
            self._id, self._began, self._told, self._had = heard.id, now, float("-inf"), heard.done
        if heard.step in ("waiting", "sizes") and not heard.note:
            self._began, self._had = now, heard.done
        if heard.note:
            self._write(f"{self._title(heard.id)}: {heard.note}", stays=True)
        elif heard.step == "installed":
            took = now - self._began
            self._write(f"{self._title(heard.id)}: {amount(heard.total)} are here, in {span(took)}", stays=True)
        elif self._moves or now - self._told >= OFTEN:
            self._told = now
            self._write(self._line(heard, now), stays=False)

    def _line(self, heard: Progress, now: float) -> str:
        title = self._title(heard.id)
        if heard.step == "sizes":
            return f"{title}: asking for {amount(heard.total)}"
        if heard.step == "conversion":
            return f"{title}: turning it into safetensors"
        if heard.step == "waiting":
            return f"{title}: waiting for another process that fetches it{_part(heard)}"
        gained, took = heard.done - self._had, now - self._began
        if took < SETTLED or gained <= 0:
            return f"{title}:{_part(heard)}"
        rate = gained / took
        left = span((heard.total - heard.done) / rate)
        return f"{title}:{_part(heard)}, {amount(rate)}/s, {left} left"

    def _write(self, line: str, *, stays: bool) -> None:
        if self._moves:
            print(CLEAR + line, end="\n" if stays else "", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)


def _part(heard: Progress) -> str:
    percent = 100 * heard.done / heard.total if heard.total else 100.0
    return f" {percent:.0f} %, {amount(heard.done)} of {amount(heard.total)}"
