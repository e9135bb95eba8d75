"""A context for one part of the work, whose progress is a share of the whole. Knows no model."""

from dataclasses import dataclass
from pathlib import Path

from avatar.artifacts import Blob
from avatar.stage import Context

WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Share:
    """Tells what is done between `start` and `end`, both 0 to 1, of `context`'s work."""

    context: Context
    start: float
    end: float

    @property
    def device(self) -> str:
        """Where to compute."""
        return self.context.device

    @property
    def seed(self) -> int:
        """The brief's seed."""
        return self.context.seed

    def step(self, done: int, total: int) -> None:
        """Report progress. Raises what the context raises."""
        part = self.start + (self.end - self.start) * done / max(1, total)
        self.context.step(round(WHOLE * part), WHOLE)

    def scratch(self) -> Path:
        """The attempt's own folder."""
        return self.context.scratch()

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file into the store. Raises `StorageError`."""
        return self.context.keep(path, media_type)

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        return self.context.path(blob)

    def playable(self, path: Path) -> None:
        """Tell that this growing file can be played from its start already."""
        self.context.playable(path)

    def glimpse(self, picture: bytes) -> None:
        """Show a small JPEG of what is coming into being."""
        self.context.glimpse(picture)
