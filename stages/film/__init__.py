"""The last stage: draws the clip and joins it with its sound."""

from avatar.artifacts import Export, Film
from avatar.stage import Stage
from stages.film import label
from stages.film.brief import Brief, Layout, Scenery, Wanted
from stages.film.compositor import Compositor, Exporter
from stages.film.seats import directions

FILM = Stage("film", Film, (Compositor(),))
EXPORT = Stage("export", Export, (Exporter(),))

__all__ = ["EXPORT", "FILM", "Brief", "Layout", "Scenery", "Wanted", "directions", "label"]
