"""Base motion that a model films: a photograph begins to live. Knows neither what is said nor how it is composed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from avatar.artifacts import Clip
from avatar.sampling import UNTOLD, Sampling
from avatar.stage import Needs, Performer, Placement
from stages import recipes, tracking
from stages.diffusion import wishes
from stages.diffusion.cameras import CAMERAS
from stages.motion.brief import Brief

LANDMARKER = "face-landmarker"
RIFE = "rife"
FILMS = "3"
"""Raised when films of any of these come out otherwise."""


def _needs(backend: str) -> Needs:
    """What the catalogue says of a model, who follows the face in what it films, and who draws frames in between."""
    needs = recipes.needs(backend)
    return Needs((*needs.weights, LANDMARKER), (*needs.packages, "mediapipe"), needs.modes, (*needs.also, RIFE))


def _follow(placement: Placement) -> Callable[[float], tracking.Follower] | None:
    """Nobody, where the model of faces was not fetched. Raises `Unavailable`."""
    folder = placement.weights.get(LANDMARKER)
    return tracking.tracker(folder).follower if folder else None


@dataclass(frozen=True)
class Svd:
    """Stable Video Diffusion. It reads no words."""

    id: str = "svd"
    version: str = FILMS
    needs: Needs = field(default_factory=lambda: _needs("svd"))

    def takes(self, brief: Brief, /) -> bool:
        """Only photographs: what is drawn moves by its layers."""
        return brief.portrait.kind == "photo" and not brief.driven

    def named(self, brief: Brief, /) -> bool:
        """Whether the asker wants what this one alone does."""
        return brief.conditioning != UNTOLD

    def lacks(self, sampling: Sampling, /) -> str:
        """Wishes that it can't follow."""
        camera = CAMERAS[self.id]
        return wishes.unmet(camera.limits, sampling, only=camera.only)

    def load(self, placement: Placement, /) -> Performer[Brief, Clip]:
        """Read the model. Raises `Unavailable`, `OutOfMemory`."""
        from stages import rife
        from stages.diffusion import svd
        from stages.motion.filming import Mover

        return Mover(svd.load(placement), _follow(placement), rife.drawer(placement))


@dataclass(frozen=True)
class Told:
    """A model that films a photograph after words."""

    id: str
    version: str = FILMS

    @property
    def needs(self) -> Needs:
        """What the catalogue says of it."""
        return _needs(self.id)

    def takes(self, brief: Brief, /) -> bool:
        """Only photographs of which something is told."""
        return brief.portrait.kind == "photo" and not brief.driven and bool(brief.prompt.strip())

    def lacks(self, sampling: Sampling, /) -> str:
        """Wishes that it can't follow."""
        camera = CAMERAS[self.id]
        return wishes.unmet(camera.limits, sampling, only=camera.only)

    def load(self, placement: Placement, /) -> Performer[Brief, Clip]:
        """Read the model. Raises `Unavailable`, `OutOfMemory`."""
        from stages import rife
        from stages.diffusion import crews
        from stages.motion.filming import Mover

        return Mover(crews.load(self.id, placement), _follow(placement), rife.drawer(placement))
