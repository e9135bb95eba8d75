"""`make bench`, or `python -m benchmarks house film` for some of it. Exit status 1 when a limit was missed.

A run of everything is kept in benchmarks/results.md.
"""

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.table import Row, keep, show

FOLDER = Path(__file__).parent
NOT_MEASURES = {"__init__", "__main__", "child", "look", "gpu", "gpu_measure", "gpu_subjects", "gpu_tasks", "works"}


def main(wanted: list[str]) -> int:
    """Run the modules of this folder that are named, or all that have rows."""
    names = wanted or sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_MEASURES)
    found: list[Row] = []
    for name in names:
        module = import_module(f"benchmarks.{name}")
        if hasattr(module, "rows"):
            found += show(module.rows())
    if not wanted:
        keep(FOLDER / "results.md", found)
    return 0 if all(row.good for row in found) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
