"""The last stage: draws the clip and joins it with its sound."""

from avatar.artifacts import Export, Film, Takes
from avatar.stage import Stage
from stages.film import label
from stages.film.brief import Brief, Layout, Reel, Scenery, Wanted
from stages.film.compositor import Compositor, Exporter, Projector
from stages.film.seats import directions

FILM = Stage("film", Film, (Compositor(),))
REEL = Stage("reel", Takes, (Projector(),))
EXPORT = Stage("export", Export, (Exporter(),))

__all__ = ["EXPORT", "FILM", "REEL", "Brief", "Layout", "Reel", "Scenery", "Wanted", "directions", "label"]
