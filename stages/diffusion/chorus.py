"""Several askers of one piece of work, seen as one. Knows no model."""

from collections.abc import Sequence
from pathlib import Path

from avatar.artifacts import Blob
from avatar.errors import Cancelled, TimedOut
from avatar.stage import Context


class Chorus:
    """A context that tells all of them; who no longer wants the work is left out, and only the last one ends it."""

    def __init__(self, contexts: Sequence[Context]) -> None:
        self._lead = contexts[0]
        self._left = list(contexts)

    @property
    def device(self) -> str:
        """Where to compute."""
        return self._lead.device

    @property
    def seed(self) -> int:
        """The first one's seed."""
        return self._lead.seed

    def step(self, done: int, total: int) -> None:
        """Report progress to all. Raises `Cancelled` or `TimedOut` when nobody is left."""
        for context in tuple(self._left):
            try:
                context.step(done, total)
            except (Cancelled, TimedOut):
                if len(self._left) == 1:
                    raise
                self._left.remove(context)

    def scratch(self) -> Path:
        """A folder of the first one's own."""
        return self._lead.scratch()

    def keep(self, path: Path, media_type: str) -> Blob:
        """Move a finished file into the store. Raises `StorageError`."""
        return self._lead.keep(path, media_type)

    def path(self, blob: Blob) -> Path:
        """A readable local file with these bytes, checked. Raises `CorruptBlob` or `StorageError`."""
        return self._lead.path(blob)

    def playable(self, path: Path) -> None:
        """Tell that this growing file can be played from its start already."""
        self._lead.playable(path)

    def glimpse(self, picture: bytes) -> None:
        """Show a small JPEG of the first one's."""
        self._lead.glimpse(picture)
