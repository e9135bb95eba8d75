"""Pictures that an image model paints after words. Knows neither the model's library nor faces."""

from collections.abc import Sequence
from dataclasses import dataclass

from avatar.artifacts import Takes
from avatar.media import handing
from avatar.stage import Context, Needs, Placement
from stages import recipes
from stages.diffusion import controls, wishes
from stages.diffusion import orders as ordering
from stages.diffusion.models import Easel
from stages.diffusion.orders import Opens, Order, Painter, studio
from stages.picture.brief import Brief


@dataclass(frozen=True)
class Painted:
    """What the words say, painted at an easel by whomever `opens` brings."""

    easel: Easel
    opens: Opens = studio
    version: str = "2"
    wanted: bool = False
    """Whether a drawing in its place is a step down that is told."""

    @property
    def id(self) -> str:
        """The model's name."""
        return self.easel.id

    @property
    def needs(self) -> Needs:
        """The model's."""
        return recipes.needs(self.id)

    def takes(self, brief: Brief, /) -> bool:
        """Only briefs with words."""
        return bool(brief.prompt.strip())

    def unmet(self, brief: Brief, /) -> str:
        """Wishes of sampling that this model can't grant."""
        return wishes.unmet(self.easel.limits, brief.sampling)

    def named(self, brief: Brief, /) -> bool:
        """Whoever asks for a picture wants it painted."""
        return self.wanted

    def load(self, placement: Placement, /) -> "Atelier":
        """Load the weights. Raises `Unavailable`, `OutOfMemory`."""
        return Atelier(self.opens(self.easel, placement))


@dataclass(frozen=True)
class Atelier:
    """Paints pictures, several briefs at once where they agree in all but words and seeds."""

    painter: Painter

    def __call__(self, brief: Brief, context: Context, /) -> Takes:
        """A picture for each variation. Raises `BadRequest`, `BackendError`, `Cancelled`."""
        return handed(brief, self.painter(order(brief), context), context)

    def batch_key(self, brief: Brief, /) -> str | None:
        """What must agree. Raises `BadRequest`."""
        return f"{self.painter.key(order(brief))} {brief.variations}"

    def batch(self, briefs: Sequence[Brief], contexts: Sequence[Context], /) -> Sequence[Takes]:
        """All of them as one."""
        painted = self.painter.together([order(brief) for brief in briefs], contexts)
        return [handed(*each) for each in zip(briefs, painted, contexts, strict=True)]


def order(brief: Brief) -> Order:
    """The brief as painters know it."""
    seeds = controls.seeds(brief.seed, brief.variations)
    return Order(brief.prompt, seeds, brief.width, brief.height, brief.sampling)


def handed(brief: Brief, painted: ordering.Painted, context: Context) -> Takes:
    """The pictures at the size that was asked for, ready to be handed out. Raises `StorageError`."""
    seeds = controls.seeds(brief.seed, brief.variations)
    shown = [handing.fitted(picture, brief.width, brief.height) for picture in painted.pictures]
    wanted = (brief.width, brief.height)
    notes = [
        (*painted.notes, *handing.remark((picture.shape[1], picture.shape[0]), wanted)) for picture in painted.pictures
    ]
    return handing.pictures(shown, context, seeds=seeds, notes=notes, diffusion=painted.diffusion)
