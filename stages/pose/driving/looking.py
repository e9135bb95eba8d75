"""The detector of a loaded backend, made when it is first needed. Knows neither film nor portrait."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avatar.errors import Unavailable
from stages.pose.driving import tracking
from stages.pose.driving.tracking import Detect


@dataclass
class Looking:
    """The best detector of these weights' folders, one for all films."""

    weights: Mapping[str, Path]
    device: str = "cpu"
    made: tuple[Detect, str] | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> tuple[Detect, str]:
        """A detector, and a sentence on what it can't see, or "". Raises `Unavailable`."""
        with self._guard:
            if self.made is None:
                self.made = tracking.detector(self.weights, device=self.device)
            return self.made

    def rest(self) -> None:
        """Let go of what a detector holds while it works; it takes it up again."""
        close = getattr(self.made[0], "close", None) if self.made else None
        if close is not None:
            close()

    def bodies(self) -> Detect | None:
        """A detector that sees bodies; none where there is none."""
        if "dwpose" not in self.weights and not {"face-landmarker", "pose-landmarker"} <= set(self.weights):
            return None
        try:
            detect, lack = self()
        except Unavailable:
            return None
        return None if lack else detect
