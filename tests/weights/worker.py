"""Another process that fetches from HF_ENDPOINT: `python -m tests.weights.worker <models> <row as JSON>`."""

import json
import sys
from pathlib import Path

from avatar.fetch import Fetcher, Progress
from avatar.plan import WeightFile, Weights
from tests.weights.models import QUICK


def dumped(row: Weights) -> str:
    """A row as the command line takes it."""
    return json.dumps([row.id, row.source, [[file.path, file.size] for file in row.files]])


def main() -> None:
    """Fetch it, saying how far it is."""
    models, (name, source, files) = Path(sys.argv[1]), json.loads(sys.argv[2])
    row = Weights(name, source, "", tuple(WeightFile(*file) for file in files), "MIT", commercial=True)

    def say(progress: Progress) -> None:
        print(progress.step, progress.done, flush=True)  # noqa: T201 - the parent reads it

    Fetcher(models, {name: row}, patience=QUICK).fetch(row, progress=say)


if __name__ == "__main__":
    main()
