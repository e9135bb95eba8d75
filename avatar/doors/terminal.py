"""How the command line looks: a progress bar and tables. Knows neither arguments nor jobs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from avatar.events import Event, Finished, Listener, Progressed, Started, unheard

SHARES = {"speech": 3, "portrait": 34, "motion": 1, "pose": 1, "lips": 1, "film": 60}
"""Of a hundred parts of the time of one film, as measured for ten seconds of it on two cores."""


class Meter:
    """How far a request has come, in hundredths of the whole, from the events that it hears."""

    def __init__(self) -> None:
        self.stage = ""
        self.done = 0.0
        self._before = 0.0

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        match event:
            case Started(stage=stage):
                self.stage = stage
            case Progressed(stage=stage, done=done, total=total):
                self.done = self._before + SHARES.get(stage, 0) * done / max(total, 1)
            case Finished(stage=stage):
                self._before += SHARES.get(stage, 0)
                self.done = self._before


@contextmanager
def progress(stream: TextIO, *, wanted: bool = True) -> Iterator[Listener]:
    """A bar with the stage and the time that is left, on a terminal and when wanted; nothing at all elsewhere."""
    if not (wanted and stream.isatty()):
        yield unheard
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
    )
    meter = Meter()
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=100)

        def listen(event: Event) -> None:
            meter.hear(event)
            bar.update(task, completed=meter.done, description=meter.stage)

        yield listen


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    return "\n".join(line.rstrip() for line in lines)
