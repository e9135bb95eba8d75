"""The one way to run a pipeline: denoise, decode, look at what came out. Knows no prompt and no stage.

Out of memory, less is tried at once: fewer items, then less of the model on the device; fewer frames in the decoder,
then tiles, then the decoder alone on the device. Each is told in a note. That holds for the work at hand, and for those
of its kind: the same request takes the same way after its first failure, and no other is changed by it.
"""

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from time import monotonic
from traceback import clear_frames
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.errors import BadOutput, OutOfMemory
from avatar.memory import give_back, lacking
from avatar.sampling import Diffusion
from avatar.stage import Context
from stages.diffusion import caching, placing, previews
from stages.diffusion.controls import Settled
from stages.diffusion.decoding import Decode
from stages.diffusion.finite import finite
from stages.diffusion.model import Count, Model
from stages.diffusion.orders import Watch, due

T = TypeVar("T")

Film = NDArray[np.uint8]
"""RGB frames, (frames, height, width, 3)."""
Arguments = Callable[[Sequence[int]], dict[str, Any]]
"""Keyword arguments of the pipeline for these items, by their number."""

Refine = Callable[[Model, Tensor, Mapping[str, Any]], dict[str, Any]]
"""Keyword arguments of a second pass, after the latents of a first one and its own arguments."""

DECODING = 0.15
"""Share of the work that decoding is counted as."""
DARKEST = 3
"""Levels of 255 up to which a picture counts as black all over."""

NO_FIT = "It did not fit into memory, however little was tried at once. Ask for a smaller or shorter picture."
NO_NUMBERS = "The model gave what are no numbers. Try another precision, sampler or seed."
BLACK = "The model gave an empty black picture. Try another seed or prompt."
FEWER = "Memory ran short: fewer pictures were drawn at once."
SHORTER = "Memory ran short: fewer frames were decoded at once."
WIDENED = "The picture came out empty; it was decoded again at full precision."


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A film for each seed, of one frame where a picture was asked for; and what is to be known of them.

    `chunk` frames were decoded at once, `cached` is the threshold below which something was taken over.
    """

    films: tuple[Film, ...]
    notes: tuple[str, ...] = ()
    chunk: int = 1
    cached: float = 0.0

    def told(self, model: str, settled: Settled, seeds: Sequence[int], **more: Any) -> Diffusion:
        """How these films were made by a model of this name; `more` is what only such a model knows."""
        return Diffusion(
            model,
            tuple(seeds),
            settled.steps,
            settled.guidance,
            settled.sampler,
            settled.width,
            settled.height,
            frames=settled.frames,
            cache_threshold=self.cached,
            negative_prompt=settled.negative,
            **more,
        )


@dataclass(frozen=True, slots=True)
class Effort:
    """How a pipeline is run: at most `together` items at once, `chunk` frames in the decoder at first.

    `shift` moves the steps of flow models towards noise, `rounds` is how many steps the pipeline will tell of; None is
    as published, and as many as were asked for.
    """

    chunk: int = 8
    together: int = 8
    shift: float | None = None
    rounds: int | None = None


AS_USUAL = Effort()


def make(
    model: Model,
    context: Context,
    *,
    seeds: Sequence[int],
    arguments: Arguments,
    settled: Settled,
    decode: Decode,
    effort: Effort = AS_USUAL,
    watch: Watch | None = None,
    refine: Refine | None = None,
) -> Made:
    """Run the pipeline for each seed; once more with what `refine` makes of the first latents, where it is given.

    Raises `OutOfMemory` when even the least does not fit, `BadOutput` for what is no picture, and what `context.step`
    raises.
    """
    steps = effort.rounds or settled.steps
    share = max(1, round(DECODING * steps))

    def made() -> Made:
        with (
            placing.as_before(model, _kind(model, settled, effort, len(seeds)), partial(context.step, 0, 1)),
            model.working(context, len(seeds) * (steps + share), drawing=True, cached=settled.cached) as count,
        ):
            model.sampler(settled.sampler, shift=effort.shift)
            look = monotonic() + previews.APART
            run = _Run(model, count, seeds, arguments, settled, steps, decode, watch, refine, look)
            latents = list(run.denoised(list(range(len(seeds))), effort.together))
            films = []
            for number, each in enumerate(latents):
                films.append(run.decoded(each, effort.chunk))
                count.at(len(seeds) * steps + (number + 1) * share)
            notes = (*model.notes, *caching.told(model, settled.cached), *run.notes)
            chunk, cached = model.eased.chunk or effort.chunk, caching.used(model, settled.cached)
            return Made(tuple(films), tuple(dict.fromkeys(notes)), min(chunk, effort.chunk), cached)

    return model.compiling.tried(made)


@dataclass(slots=True)
class _Run:
    model: Model
    count: Count
    seeds: Sequence[int]
    arguments: Arguments
    settled: Settled
    steps: int
    decode: Decode
    watch: Watch | None
    refine: Refine | None
    look: float
    notes: list[str] = field(default_factory=list)

    def denoised(self, items: list[int], together: int) -> Iterator[Tensor]:
        """The latents of each item, a first axis of 1, in order."""
        while items:
            some = items[: min(together, self.model.eased.together or together)]
            found = self._fitting(partial(self._latents, some))
            if found is not None:
                items = items[len(some) :]
                yield from torch.split(found, 1)
            elif len(some) > 1:
                self.model.eased = self.model.eased.more(FEWER, together=len(some) // 2)
            elif not placing.hold_back(self.model):
                raise OutOfMemory(NO_FIT)

    def decoded(self, latents: Tensor, chunk: int) -> Film:
        """The pictures of one item. Tried again at full precision when nothing is to be seen."""
        try:
            return self._film(latents, chunk)
        except BadOutput:
            if not placing.widen(self.model):
                raise
        self.notes.append(WIDENED)
        return self._film(latents, chunk)

    def _latents(self, items: list[int]) -> Tensor:
        known = _known(type(self.model.pipe).__call__)
        base = items[0] * self.steps
        calls = 0

        def stepped(latents: Tensor) -> None:
            nonlocal calls
            calls += 1
            if not finite(latents):
                raise BadOutput(NO_NUMBERS)
            told = max(int(getattr(self.model.pipe, "_num_timesteps", 0) or 0), self.steps)
            self.count.at(base + len(items) * min(calls, told) * self.steps // told)
            if self.watch and due(calls, told, times=self.watch.times):
                self._show(self.watch, items, latents, call)

        given = self.arguments(items)
        settings: dict[str, Any] = {
            "num_inference_steps": self.settled.steps,
            "guidance_scale": self.settled.guidance,
            "generator": [torch.Generator("cpu").manual_seed(self.seeds[item]) for item in items],
            "output_type": "latent",
            "return_dict": False,
            **_callback(known, stepped),
        }
        call = {name: value for name, value in settings.items() if name in known} | given
        found = self._asked(call)
        if self.refine:
            call = self.refine(self.model, found, call)
            found = self._asked(call)
        if not finite(found):
            raise BadOutput(NO_NUMBERS)
        return found

    def _asked(self, call: Mapping[str, Any]) -> Tensor:
        given_back = self.model.pipe(**call)
        found: Tensor = given_back if isinstance(given_back, Tensor) else given_back[0]  # SVD gives no tuple
        return found

    def _show(self, watch: Watch, items: Sequence[int], latents: Tensor, size: Mapping[str, Any]) -> None:
        """A rough picture for each asker, where the last one, or the beginning, was not just now."""
        began = monotonic()
        if began < self.look:
            return
        shown: set[int] = set()
        for place, item in enumerate(items):
            if watch.whose[item] not in shown:
                shown.add(watch.whose[item])
                picture = previews.rough(self.model, latents[place : place + 1], self.decode, size)
                if picture is not None:
                    watch.show(item, picture)
        now = monotonic()
        self.look = now + previews.apart(now - began)

    def _film(self, latents: Tensor, chunk: int) -> Film:
        while True:
            size = min(chunk, self.model.eased.chunk or chunk)
            film = self._fitting(partial(self._frames, latents, size))
            if film is not None:
                return film
            if size > 1 and latents.ndim == 5:
                self.model.eased = self.model.eased.more(SHORTER, chunk=size // 2)
            elif not placing.hold_back(self.model, decoding=True):
                raise OutOfMemory(NO_FIT)

    def _frames(self, latents: Tensor, chunk: int) -> Film:
        films = []
        for frames in self.decode(self.model, latents.to(self.model.device), chunk):
            if not finite(frames):
                raise BadOutput(NO_NUMBERS)
            films.append((frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())
            self.count.beat()
        film: Film = np.concatenate(films)
        if film.max() <= DARKEST:
            raise BadOutput(BLACK)
        return film

    def _fitting(self, work: Callable[[], T]) -> T | None:
        """What comes of the work; None when memory ran out, and then nothing of it is held any more."""
        try:
            return work()
        except (RuntimeError, MemoryError, OutOfMemory) as error:
            if not lacking(error):
                raise
            clear_frames(error.__traceback__)
        self.model.pipe.maybe_free_model_hooks()
        self.model.graphs.forget()
        give_back()
        return None


def _kind(model: Model, settled: Settled, effort: Effort, items: int) -> Hashable:
    """What works have in common that need the same room."""
    return (model.identity, settled.width, settled.height, settled.frames, settled.guided, items, effort)


@cache
def _known(call: Callable[..., Any]) -> Mapping[str, Any]:
    """What a call of a pipeline can be told, by name."""
    return inspect.signature(call).parameters


def _callback(known: Mapping[str, Any], stepped: Callable[[Tensor], None]) -> dict[str, Any]:
    """How a pipeline tells of its steps: as they do today, or as the oldest still do."""

    def newer(_pipe: Any, _step: int, _moment: Any, given: dict[str, Any]) -> dict[str, Any]:
        stepped(given["latents"])
        return given

    def older(_step: int, _moment: Any, latents: Tensor) -> None:
        stepped(latents)

    if "callback_on_step_end" in known:
        return {"callback_on_step_end": newer}
    return {"callback": older, "callback_steps": 1}
