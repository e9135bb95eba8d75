"""The steps of one film: windows, guidance, DDIM, decoding. Knows no file, no chain and no clock.

Frames are given out as soon as they are final: the last step visits the windows that join the film's two ends first,
so that the others finish frames in order, and those are decoded while later windows are still to be denoised.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from PIL import Image
from torch import Tensor

from avatar.errors import BadOutput, BadRequest, OutOfMemory
from stages.pose.animate_anyone import diffusion, pictures
from stages.pose.animate_anyone.blocks import Deep, Half
from stages.pose.animate_anyone.film import LATENT_SCALE, Ask, Effort, Models, Prepared, Quirks, prepare
from stages.pose.animate_anyone.windows import Window, counts, windows

Step = Callable[[int, int], None]
"""Told how much is done of how much; raises to cancel. Called many times with the same figures."""

Watch = Callable[[int, Tensor, Tensor], None]
"""Shown the step's number, the guided prediction and the latents after it, (1, 4, frames, y, x) each."""

AS_RELEASED, AS_IT_COMES, NO_QUIRKS = Ask(), Effort(), Quirks()


def unheard(_done: int, _total: int) -> None:
    """The listener of a film that nobody follows."""


def unseen(_number: int, _predicted: Tensor, _latents: Tensor) -> None:
    """The watcher of a film whose steps nobody looks at."""


@dataclass(slots=True)
class Count:
    """Where a film stands: one for each window of each step and for each frame shown."""

    step: Step
    total: int
    done: int = 0

    def beat(self) -> None:
        """Say where it stands, so that the listener can call it off."""
        self.step(self.done, self.total)

    def add(self, many: int) -> None:
        """So many more are done."""
        self.done += many
        self.beat()


class Pipeline:
    """Makes films with loaded models. Has no state of its own, so several threads may use one."""

    def __init__(self, models: Models, *, effort: Effort = AS_IT_COMES, quirks: Quirks = NO_QUIRKS) -> None:
        self.models = models
        self.effort = effort
        self.quirks = quirks

    def generate(
        self,
        portrait: Image.Image,
        drawn: Sequence[Image.Image],
        ask: Ask = AS_RELEASED,
        *,
        step: Step = unheard,
        watch: Watch = unseen,
    ) -> Iterator[Tensor]:
        """The portrait moving along the skeleton pictures: chunks of frames in order, (n, 3, height, width) in [0, 1].

        Raises `BadRequest` for no skeletons or impossible figures, `OutOfMemory` when not even one half of one window
        fits, `BadOutput` for numbers that are none, and whatever `step` raises.
        """
        schedule = ask.schedule
        limit = self.models.denoising.longest
        if limit is not None and min(schedule.size, len(drawn)) > limit:
            raise BadRequest(f"Windows of {schedule.size} frames are over the model's {limit}. Ask for shorter ones.")
        if min(pictures.fitting(ask.width, ask.height)) < pictures.GRAIN:
            raise BadRequest(f"A film of {ask.width} x {ask.height} pixels can't be made. Ask for 64 or more each way.")
        diffusion.Scheduler(self.models.schedule).timesteps(ask.steps)
        laid = windows(len(drawn), schedule)
        shown = (len(drawn) - 1) * max(1, ask.interpolation) + 1
        count = Count(step, ask.steps * len(laid) + shown)
        return self._frames(portrait, drawn, ask, laid, count, watch)

    def _frames(
        self,
        portrait: Image.Image,
        drawn: Sequence[Image.Image],
        ask: Ask,
        laid: tuple[Window, ...],
        count: Count,
        watch: Watch,
    ) -> Iterator[Tensor]:
        with torch.inference_mode(), memory(ask):
            count.beat()
            prepared = prepare(
                self.models, portrait, drawn, ask=ask, quirks=self.quirks, effort=self.effort, beat=count.beat
            )
            run = Run(self.models, prepared, ask, laid, count, self.effort, self.quirks.summed, ask.reuse)
            for latents in interpolated(run.latents(watch), ask):
                for part in torch.split(latents, self.effort.decode, 2):
                    yield decoded(self.models, part)
                    count.add(part.shape[2])


@dataclass(slots=True)
class Run:
    """The denoising of one film. When memory runs out `deep` of earlier steps goes first, then `effort` shrinks."""

    models: Models
    prepared: Prepared
    ask: Ask
    laid: tuple[Window, ...]
    count: Count
    effort: Effort
    summed: bool = False
    reuse: int = 1
    deep: dict[tuple[tuple[Window, ...], int, int], Deep] = field(default_factory=dict)

    def latents(self, watch: Watch) -> Iterator[Tensor]:
        """Denoised latents (1, 4, n, y, x) in order, as soon as they are final. Raises `BadOutput`."""
        frames = 1 + max(max(window) for window in self.laid)
        scheduler = diffusion.Scheduler(self.models.schedule)
        moments = scheduler.timesteps(self.ask.steps)
        guided = self.ask.guided * len(moments)
        latents = self._noise(frames)
        for number, at in enumerate(moments[:-1]):
            self._forget(number)
            *_, predicted = self._predictions(latents, at, self._halves(guided=number < guided), self.laid)
            latents = scheduler.step(predicted.noise, at, latents)
            watch(number, predicted.noise, latents)
        at, given = moments[-1], 0
        self._forget(len(moments) - 1)
        halves = self._halves(guided=len(moments) - 1 < guided)
        for predicted in self._predictions(latents, at, halves, ends_first(self.laid)):
            if predicted.final > given:
                ready = slice(given, predicted.final)
                stepped = scheduler.step(predicted.noise[:, :, ready], at, latents[:, :, ready])
                if not bool(torch.isfinite(stepped).all()):
                    raise BadOutput("The model gave numbers that are none. Try another precision or another seed.")
                given = predicted.final
                yield stepped
        watch(len(moments) - 1, predicted.noise, scheduler.step(predicted.noise, at, latents))

    def _forget(self, number: int) -> None:
        """Let the whole net run anew at the first of `reuse` steps."""
        if number % self.reuse == 0:
            self.deep.clear()

    def _noise(self, frames: int) -> Tensor:
        channels = self.models.denoising.layout.in_channels
        drawn = diffusion.noise(
            frames, channels=channels, size=self.prepared.size, seed=self.ask.seed, dtype=self.models.dtype
        )
        return drawn.to(self.models.device, torch.float32)

    def _halves(self, *, guided: bool) -> tuple[Half, ...]:
        plain = self.prepared.plain
        return (plain, self.prepared.seeing) if plain is not None and guided else (self.prepared.seeing,)

    def _predictions(
        self, latents: Tensor, at: int, halves: tuple[Half, ...], order: tuple[Window, ...]
    ) -> Iterator["Predicted"]:
        """The prediction for all frames after each group of windows, until all are in."""
        frames = latents.shape[2]
        times = self.models.denoising.times(at)
        often = counts(frames, order)
        share = torch.tensor(often, device=latents.device, dtype=torch.float32).view(1, 1, -1, 1, 1)
        if self.summed and self.ask.guidance <= 1:
            share = torch.ones_like(share)
        total, seen = torch.zeros_like(latents), 0
        while seen < len(order):
            group = order[seen : seen + self.effort.windows]
            for window, noise in zip(group, self._guided(latents, times, halves, group), strict=True):
                total[0, :, list(window)] += noise
            seen += len(group)
            self.count.add(len(group))
            visited = counts(frames, order[:seen])
            final = next((frame for frame in range(frames) if visited[frame] < often[frame]), frames)
            yield Predicted(total / share, final)

    def _guided(
        self, latents: Tensor, times: Sequence[Tensor], halves: tuple[Half, ...], group: tuple[Window, ...]
    ) -> Tensor:
        """(windows, 4, frames, y, x) in float32. With less memory than needed, in smaller parts from now on."""
        try:
            parts = [group[i : i + self.effort.windows] for i in range(0, len(group), self.effort.windows)]
            outs = torch.cat([self._net(latents, times, halves, part) for part in parts], 1)
        except RuntimeError as wrong:
            if not out_of_memory(wrong) or (self.effort.windows == 1 and self.effort.halves == 1 and self.reuse == 1):
                raise
        else:
            return outs[0] + self.ask.guidance * (outs[1] - outs[0]) if len(outs) > 1 else outs[0]
        if self.reuse > 1:
            self.reuse = 1
            self.deep.clear()
        else:
            less = {"windows": self.effort.windows // 2} if self.effort.windows > 1 else {"halves": 1}
            self.effort = replace(self.effort, **less)
        return self._guided(latents, times, halves, group)

    def _net(
        self, latents: Tensor, times: Sequence[Tensor], halves: tuple[Half, ...], group: tuple[Window, ...]
    ) -> Tensor:
        sample = torch.cat([latents[:, :, list(window)] for window in group]).to(self.models.dtype)
        pose = self.prepared.skeletons.of(group)
        sets = [halves] if self.effort.halves > 1 else [(half,) for half in halves]
        net, beat = self.models.denoising, self.count.beat
        deep = [self._deep(group, len(halves), number) for number in range(len(sets))]
        outs = [
            net(sample, times, some, pose=pose, beat=beat, deep=kept) for some, kept in zip(sets, deep, strict=True)
        ]
        return torch.cat(outs).float()

    def _deep(self, group: tuple[Window, ...], halves: int, number: int) -> Deep | None:
        """What was kept of the inner layers for these windows and halves, to be filled where that is nothing."""
        return self.deep.setdefault((group, halves, number), Deep()) if self.reuse > 1 else None


@dataclass(frozen=True, slots=True)
class Predicted:
    """The guided prediction (1, 4, frames, y, x), of which the first `final` frames won't change any more."""

    noise: Tensor
    final: int


def ends_first(laid: tuple[Window, ...]) -> tuple[Window, ...]:
    """The windows that go on at the film's start after its end before the others."""
    return tuple(sorted(laid, key=lambda window: window[0] <= window[-1]))


def interpolated(chunks: Iterator[Tensor], ask: Ask) -> Iterator[Tensor]:
    """Latents with frames added between neighbours, across chunks too."""
    if ask.interpolation < 2:
        yield from chunks
        return
    held: Tensor | None = None
    for chunk in chunks:
        joined = chunk if held is None else torch.cat((held, chunk), 2)
        held = joined[:, :, -1:]
        if joined.shape[2] > 1:
            yield diffusion.between(joined, ask.interpolation, ask.curve)[:, :, :-1]
    if held is not None:
        yield held


def decoded(models: Models, latents: Tensor) -> Tensor:
    """Latents (1, 4, n, y, x) to frames (n, 3, 8*y, 8*x) in [0, 1], float32, on the CPU."""
    rows = (latents[0].transpose(0, 1) / LATENT_SCALE).to(models.dtype)
    return pictures.shown(models.autoencoder.decode(rows, return_dict=False)[0]).cpu()


def out_of_memory(wrong: RuntimeError) -> bool:
    """Whether torch, on whatever device, found no memory."""
    return isinstance(wrong, torch.OutOfMemoryError) or "can't allocate memory" in str(wrong)


@contextmanager
def memory(ask: Ask) -> Iterator[None]:
    """Turns torch's lack of memory into `OutOfMemory`."""
    try:
        yield
    except RuntimeError as wrong:
        if not out_of_memory(wrong):
            raise
        raise OutOfMemory(
            f"A film of {ask.width} x {ask.height} pixels in windows of {ask.schedule.size} frames does not fit into "
            "memory. Ask for a smaller picture or shorter windows."
        ) from wrong
