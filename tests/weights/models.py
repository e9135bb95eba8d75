"""Small made-up models, and fetchers for them."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avatar import fetch
from avatar.fetch import Conversion, Fetcher, Patience, Progress
from avatar.plan import WeightFile, Weights
from tests.weights.hub import Hub

QUICK = Patience(silence=10.0, attempts=3, pause=0.01, longest=0.2)
"""Patience that soon ends, but outlasts a busy machine."""

BIG = 300_000
"""Bytes of a large file: several pieces on the way."""


def model(name: str, *sizes: int, **more: str | int | bool) -> Weights:
    """A row with a configuration and weights of these sizes."""
    weights = [WeightFile(f"part{number}/model.safetensors", size) for number, size in enumerate(sizes)]
    row = {"licence": "MIT", "commercial": True, "revision": "", **more}
    return Weights(id=name, source=f"org/{name}", files=(WeightFile("config.json", 9), *weights), **row)  # type: ignore[arg-type]


def fill(row: Weights, *, seed: int = 0) -> dict[str, bytes]:
    """Bytes for its files, and a file that nobody asked for."""
    noise = random.Random(f"{row.id} {seed}")  # noqa: S311 - bytes to compare, no secret
    return {**{file.path: noise.randbytes(file.size) for file in row.files}, "README.md": b"# read me"}


MODEL = model("tiny", BIG)


@dataclass
class Disk:
    """A disk whose free bytes are told."""

    free: int

    def __call__(self, _folder: Path) -> int:
        """Bytes free."""
        return self.free


@dataclass
class Workshop:
    """Makes fetchers of one folder and one hub, and remembers what they report."""

    hub: Hub
    models: Path
    heard: list[Progress] = field(default_factory=list)

    def fetcher(
        self,
        *rows: Weights,
        budget: int | None = None,
        headroom: int = 0,
        free: Callable[[Path], int] | None = None,
        conversions: Mapping[str, Conversion] | None = None,
        token: str = "",
        offline: bool = False,
        patience: Patience = QUICK,
        endpoint: str | None = None,
    ) -> Fetcher:
        """A new one, as another process would have it."""
        return Fetcher(
            self.models,
            {row.id: row for row in rows or (MODEL,)},
            budget=budget,
            headroom=headroom,
            hub=fetch.Hub(self.hub.url if endpoint is None else endpoint, token, offline),
            patience=patience,
            conversions=conversions,
            free=free or (lambda _folder: 10**12),
        )

    def get(self, fetcher: Fetcher, row: Weights = MODEL) -> Path:
        """The model's folder, fetched."""
        return fetcher.fetch(row, progress=self.heard.append)

    def holds(self, row: Weights = MODEL) -> bool:
        """Whether exactly the row's bytes lie in its folder."""
        files = self.hub.repos[row.source].files
        place = self.models / row.id
        return all((place / (file.load or file.path)).read_bytes() == files[file.path] for file in row.files)
