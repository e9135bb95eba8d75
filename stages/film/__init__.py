"""The last stage: draws the clip and joins it with its sound."""

from avatar.artifacts import Export, Film, Takes
from avatar.stage import Stage
from stages.film import label
from stages.film.brief import Brief, Reel, Scenery, Wanted
from stages.film.compositor import Compositor, Exporter, Projector

FILM = Stage("film", Film, (Compositor(),))
REEL = Stage("reel", Takes, (Projector(),))
EXPORT = Stage("export", Export, (Exporter(),))

__all__ = ["EXPORT", "FILM", "REEL", "Brief", "Reel", "Scenery", "Wanted", "label"]
