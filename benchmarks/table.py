"""One line of the table that `make bench` prints. Knows not how anything is measured."""

import os
import platform
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure. `limit` is the highest value that will do, or the lowest when `more` is better."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    more: bool = False

    @property
    def good(self) -> bool:
        """Whether the figure keeps its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.more else self.value <= self.limit

    @property
    def goal(self) -> str:
        """The limit in words; empty without one."""
        sign = ">=" if self.more else "<="
        return "" if self.limit is None else f"{sign} {self.limit:g} {self.unit}"

    def __str__(self) -> str:
        missed = "" if self.good else "MISSED"
        return f"{self.name:<58} {self.value:>10.4g} {self.unit:<9} {self.goal:<14} {missed}".rstrip()


def middle(measure: Callable[[], float], *, times: int = 5) -> float:
    """The median of several measurements."""
    return median(measure() for _ in range(times))


def show(rows: Iterable[Row]) -> list[Row]:
    """Print the rows as they come, and return them."""
    shown = []
    for row in rows:
        print(row, flush=True)
        shown.append(row)
    return shown


def keep(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows as a Markdown table, with the machine that they were measured on."""
    lines = [
        "# How fast, how small",
        "",
        f"Measured by `make bench` on {machine()}.",
        "",
        "| what | measured | limit | |",
        "|---|---|---|---|",
    ]
    for row in rows:
        told = "" if row.limit is None else "kept" if row.good else "**missed**"
        lines.append(f"| {row.name} | {row.value:.4g} {row.unit} | {row.goal} | {told} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def machine() -> str:
    """The processor and the versions that the figures depend on."""
    import av
    import cv2
    import numpy as np

    names = re.findall(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    processor = names[0] if names else platform.processor() or platform.machine()
    versions = (
        f"Python {platform.python_version()}, PyAV {av.__version__}, OpenCV {cv2.__version__}, NumPy {np.__version__}"
    )
    return f"{os.cpu_count()} cores of {processor}, {versions}"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
