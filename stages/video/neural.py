"""Models that film after words, after a picture, or both: weightless recipes. Know no library."""

from dataclasses import dataclass

from avatar.artifacts import Footages
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.diffusion import wishes
from stages.diffusion.cameras import CAMERAS
from stages.video.brief import Brief


@dataclass(frozen=True)
class Neural:
    """The camera of this name. `first` is the one that everybody wants: without it less comes out."""

    id: str
    first: bool = False
    version: str = "2"

    @property
    def needs(self) -> Needs:
        """What the catalogue says of it."""
        return recipes.needs(self.id)

    def takes(self, brief: Brief, /) -> bool:
        """Words alone, a picture alone, or what it can do of both."""
        begins = CAMERAS[self.id].begins
        if brief.image is None:
            return begins != "must" and bool(brief.prompt.strip())
        return begins != "never"

    def unmet(self, brief: Brief, /) -> str:
        """Wishes of sampling and of length that this model can't grant."""
        return wishes.unfilmed(CAMERAS[self.id], brief.sampling, brief.seconds)

    def named(self, _brief: Brief, /) -> bool:
        """Whether what comes out without it is less than was asked for."""
        return self.first

    def load(self, placement: Placement, /) -> Performer[Brief, Footages]:
        """Read the model. Raises `Unavailable`, `OutOfMemory`."""
        from stages.diffusion import crews
        from stages.video.cinema import Cinema

        return Cinema(crews.load(self.id, placement))


LTX = Neural("ltx", first=True, version="3")
WAN22_5B = Neural("wan22-ti2v-5b")
WAN21_I2V = Neural("wan21-i2v")
WAN21 = Neural("wan21-t2v-13b")
WAN22_A14B = Neural("wan22-a14b")
MODELSCOPE = Neural("modelscope")
CHAIN = (LTX, WAN22_5B, WAN21_I2V, WAN21, WAN22_A14B, MODELSCOPE)
"""The fast one first, then those that take words and pictures, then those that take one of them."""
