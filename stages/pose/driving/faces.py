"""The face in footage that was diffused, found frame by frame, so that a mouth can be laid over it. Knows no network.

Without the face landmarker nobody looks, and the footage says so.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avatar.artifacts import Footage
from avatar.errors import BadOutput
from avatar.stage import Context
from stages import tracking

LEAST_SEEN = 0.5
"""Share of the frames in which a face must be seen: less of it, and what was diffused is nobody."""
UNLOOKED = "Nobody looked for the face in what was diffused: face-landmarker is not here."


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks for faces with the model in a folder; without one it does not."""

    folder: Path | None = None

    def __call__(self, shot: Footage, context: Context) -> Footage:
        """The same footage with its `faces`. Raises `BadOutput` where hardly any is seen, `Unavailable`."""
        if self.folder is None:
            return replace(shot, notes=(*shot.notes, UNLOOKED))
        found = tracking.tracker(self.folder).followed(shot, context)
        points = np.load(context.path(found.faces)) if found.faces else np.full((1, 1, 2), np.nan)
        seen = float((~np.isnan(points[:, 0, 0])).mean())
        if seen < LEAST_SEEN:
            raise BadOutput(
                f"A face is seen in {100.0 * seen:.0f} % of what was diffused only. Try another seed or portrait."
            )
        return found
