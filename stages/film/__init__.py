"""The last stage: draws the clip and joins it with its sound."""

from avatar.artifacts import Film
from avatar.stage import Stage
from stages.film.brief import Brief
from stages.film.compositor import Compositor

FILM = Stage("film", Film, (Compositor(),))

__all__ = ["FILM", "Brief"]
