"""The film's floor and only maker: our own compositor and an H.264 encoder. Knows nothing of how tracks came about."""

from dataclasses import dataclass

from avatar.artifacts import Export, Film, Takes
from avatar.stage import Mode, Needs, Performer, Placement
from stages.film.brief import Brief, Reel, Wanted


@dataclass(frozen=True, slots=True)
class Compositor:
    """Weightless recipe of the compositor."""

    id: str = "compositor"
    version: str = "12"
    needs: Needs = Needs(packages=("av", "cv2"), modes=(Mode(pace=0.3),))

    def load(self, placement: Placement) -> Performer[Brief, Film]:
        """Import the drawing code; there are no weights."""
        from stages.film.drawing import Drawing

        return Drawing()


@dataclass(frozen=True, slots=True)
class Exporter:
    """Weightless recipe of what draws films in other forms."""

    id: str = "exporter"
    version: str = "7"
    needs: Needs = Needs(packages=("av", "cv2"))

    def load(self, placement: Placement) -> Performer[Wanted, Export]:
        """Import the drawing code; there are no weights."""
        from stages.film.exporting import Exporting

        return Exporting()


@dataclass(frozen=True, slots=True)
class Projector:
    """Weightless recipe of what makes silent films of footage."""

    id: str = "projector"
    version: str = "4"
    needs: Needs = Needs(packages=("av", "cv2"), modes=(Mode(pace=0.2),))

    def load(self, placement: Placement) -> Performer[Reel, Takes]:
        """Import the encoder; there are no weights."""
        from stages.film.projecting import project

        return project
