"""The floor of the picture stage: a drawn avatar that fits the words. Knows no network."""

from dataclasses import dataclass

from avatar.artifacts import Takes
from avatar.media import handing
from avatar.stage import Context, Needs, Performer, Placement
from stages import drawing
from stages.picture.brief import Brief

NOTE = "It is a drawn avatar, put together from parts that fit the prompt's words; no image model painted it."
FEW = "Avatars of the gallery that fit these words best: {count}. They come again, in other colours if they have some."


@dataclass(frozen=True, slots=True)
class Drawn:
    """Weightless recipe of the drawn picture."""

    id: str = "drawn"
    version: str = drawing.VERSION
    needs: Needs = drawing.NEEDS

    def load(self, _placement: Placement, /) -> Performer[Brief, Takes]:
        """There is nothing to load."""
        return draw


def draw(brief: Brief, context: Context, /) -> Takes:
    """One avatar for each seed, cut to the size that was asked for. Raises `Unavailable`, `StorageError`."""
    seeds = range(brief.seed, brief.seed + brief.variations)
    shown = []
    for number, seed in enumerate(seeds):

        def done(layers: int, all_of_them: int, before: int = number) -> None:
            context.step(before * all_of_them + layers, len(seeds) * all_of_them)

        shown.append(handing.fitted(drawing.drawn(brief.prompt, seed, done=done), brief.width, brief.height))
    count = drawing.people(brief.prompt, seeds)
    notes = (NOTE,) if count == len(seeds) else (NOTE, FEW.format(count=count))
    return handing.pictures(shown, context, seeds=seeds, notes=[notes] * len(shown))
