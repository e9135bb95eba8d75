"""The film's floor and only maker: our own compositor and an H.264 encoder. Knows nothing of how tracks came about."""

from dataclasses import dataclass

from avatar.artifacts import Film
from avatar.stage import Needs, Performer, Placement
from stages.film.brief import Brief


@dataclass(frozen=True, slots=True)
class Compositor:
    """Weightless recipe of the compositor."""

    id: str = "compositor"
    version: str = "2"
    needs: Needs = Needs(packages=("av", "cv2"))

    def load(self, placement: Placement) -> Performer[Brief, Film]:
        """Import the drawing code; there are no weights."""
        from stages.film.drawing import Drawing

        return Drawing()
