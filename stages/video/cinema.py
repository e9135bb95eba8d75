"""Who films what the video stage is asked for, with any crew. Knows no model."""

from collections.abc import Sequence
from dataclasses import dataclass

from avatar.artifacts import Footage, Footages
from avatar.errors import Cancelled, TimedOut
from avatar.media.footage import MEDIA_TYPE
from avatar.stage import Context
from stages import pictures
from stages.diffusion import controls
from stages.diffusion.filming import Crew
from stages.diffusion.shots import Scene, Shot
from stages.video.brief import Brief

NOT_FOLLOWED = "The film that was brought was not followed: this model films after words and a picture alone."


@dataclass(frozen=True, slots=True)
class Cinema:
    """Films briefs; several at once where they differ in words and seeds alone."""

    crew: Crew

    def __call__(self, brief: Brief, context: Context, /) -> Footages:
        """A shot for each seed.

        Raises `BadRequest`, `UnsupportedMedia` and `TooLarge` before anything is filmed; `OutOfMemory`, `BadOutput`,
        `Cancelled`.
        """
        context.step(0, 1)
        return _handed(brief, self.crew(scene(brief, context), context), context)

    def batch_key(self, brief: Brief, /) -> str | None:
        """Size, length and sampling; none for a film that begins with a picture."""
        return None if brief.image else self.crew.key(_wordy(brief))

    def batch(self, briefs: Sequence[Brief], contexts: Sequence[Context], /) -> list[Footages]:
        """The same for several. Who left gets nothing."""
        filmed = self.crew.together([_wordy(brief) for brief in briefs], contexts)
        made = []
        for brief, shots, context in zip(briefs, filmed, contexts, strict=True):
            try:
                context.step(1, 1)
                made.append(_handed(brief, shots, context))
            except (Cancelled, TimedOut):
                made.append(Footages(()))
        return made


def scene(brief: Brief, context: Context) -> Scene:
    """What is to be filmed. Raises `UnsupportedMedia`, `TooLarge` and `BadRequest` for what is no picture."""
    words = _wordy(brief)
    if brief.image is None:
        return words
    picture = pictures.read(context.path(brief.image))
    return Scene(words.prompt, words.seeds, words.seconds, words.width, words.height, picture, words.sampling)


def _wordy(brief: Brief) -> Scene:
    seeds = controls.seeds(brief.seed, brief.variations)
    return Scene(brief.prompt, seeds, brief.seconds, brief.width, brief.height, sampling=brief.sampling)


def _handed(brief: Brief, shots: Sequence[Shot], context: Context) -> Footages:
    unheard = (NOT_FOLLOWED,) if brief.driving else ()
    return Footages(
        tuple(
            Footage(
                context.keep(shot.path, MEDIA_TYPE),
                shot.width,
                shot.height,
                shot.fps,
                shot.frames,
                seed=shot.seed,
                notes=(*shot.notes, *unheard),
                diffusion=shot.diffusion,
            )
            for shot in shots
        )
    )
