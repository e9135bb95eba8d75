"""What a model can be asked for, and what an asker's wishes come to. Knows no library and no weights.

What can be put right is put right and said in a note; what makes no sense is refused before anything is loaded.
"""

import math
from dataclasses import dataclass

from avatar.errors import BadRequest, TooLarge
from avatar.sampling import Sampler, Sampling
from stages.diffusion import samplers
from stages.diffusion.samplers import Family

SEEDS = 2**32
LONGEST_PROMPT = 2_000
"""Characters of a prompt; models read some 60 to 400 words of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model draws well: `name` as a reader knows it, its own size, and how far it can be asked for another.

    Sides are multiples of `grid`, counts of frames `every` * k + 1. `guidance` 0 is that of a model made for none;
    `fixed_steps` are the only counts that a distilled model takes. `caches` tells whether what hardly changes from step
    to step may be taken over.
    """

    family: Family
    name: str
    width: int
    height: int
    grid: int = 8
    sides: tuple[int, int] = (64, 1280)
    pixels: int = 1_000_000
    frames: int = 1
    every: int = 1
    most_frames: int = 1
    steps: int = 25
    most_steps: int = 100
    guidance: float = 7.5
    most_guidance: float = 30.0
    fixed_steps: tuple[int, ...] = ()
    caches: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What will be drawn, and how. `notes` say what differs from what was asked.

    `cached` is how little a first block may change from step to step for the rest to be taken over, 0 for never.
    """

    width: int
    height: int
    frames: int
    steps: int
    guidance: float
    sampler: Sampler
    negative: str = ""
    notes: tuple[str, ...] = ()
    cached: float = 0.0

    @property
    def guided(self) -> bool:
        """Whether the network is asked twice at each step, with the prompt and with what is not to be seen."""
        return self.guidance > 1.0


def settle(
    limits: Limits,
    sampling: Sampling,
    *,
    width: int | None = None,
    height: int | None = None,
    frames: int | None = None,
) -> Settled:
    """The figures to draw with. Raises `BadRequest` for figures that nothing can be made of, `TooLarge`."""
    notes: list[str] = []
    sampler = samplers.check(limits.family, sampling.sampler)
    check_prompt(sampling.negative, what="negative prompt")
    steps = _steps(limits, sampling.steps, notes)
    guidance = _guidance(limits, sampling.guidance, notes)
    if sampling.negative.strip() and guidance <= 1.0:
        notes.append(f"{limits.name} draws without guidance here, so the negative prompt has no effect.")
    across, down = _size(limits, width, height, notes)
    count = _frames(limits, frames, notes)
    cached = _cached(limits, sampling.cache_threshold, notes)
    return Settled(across, down, count, steps, guidance, sampler, sampling.negative.strip(), tuple(notes), cached)


def check_prompt(prompt: str, *, what: str = "prompt") -> None:
    """Raises `TooLarge` for a prompt that nobody reads to its end."""
    if len(prompt) > LONGEST_PROMPT:
        raise TooLarge(f"The {what} has {len(prompt)} characters. Use at most {LONGEST_PROMPT}.")


def seeds(first: int, count: int) -> tuple[int, ...]:
    """The seeds of so many variations: `first` and those that follow it."""
    return tuple((first + number) % SEEDS for number in range(count))


def _steps(limits: Limits, wanted: int | None, notes: list[str]) -> int:
    if wanted is None:
        return limits.steps
    if not 1 <= wanted <= limits.most_steps:
        usual = f"{limits.steps} are usual" if limits.steps > 1 else "1 is usual"
        raise BadRequest(f"{wanted} steps can't be made. Ask for 1 to {limits.most_steps}; {usual} for {limits.name}.")
    if limits.fixed_steps and wanted not in limits.fixed_steps:
        nearest = min(limits.fixed_steps, key=lambda steps: abs(steps - wanted))
        notes.append(
            f"{limits.name} was made for {either(limits.fixed_steps)} steps: {nearest} were made, not {wanted}."
        )
        return nearest
    return wanted


def _guidance(limits: Limits, wanted: float | None, notes: list[str]) -> float:
    if wanted is None:
        return limits.guidance
    if not math.isfinite(wanted) or not 0.0 <= wanted <= limits.most_guidance:
        raise BadRequest(
            f"A guidance of {wanted:g} can't be followed. Ask for 0 to {limits.most_guidance:g}; "
            f"{limits.guidance:g} is usual for {limits.name}."
        )
    if limits.guidance <= 1.0 < wanted:
        notes.append(f"{limits.name} was made to draw without guidance; {wanted:g} was left out.")
        return limits.guidance
    return wanted


def _cached(limits: Limits, wanted: float, notes: list[str]) -> float:
    if not math.isfinite(wanted) or not 0.0 <= wanted <= 1.0:
        raise BadRequest(f"A cache threshold of {wanted:g} makes no sense. Ask for 0 (nothing is taken over) to 1.")
    if wanted and not limits.caches:
        notes.append(f"{limits.name} takes nothing over from one step to the next; every step was computed.")
        return 0.0
    return wanted


def _size(limits: Limits, width: int | None, height: int | None, notes: list[str]) -> tuple[int, int]:
    """Width and height that the model can draw, of the asked shape as nearly as can be."""
    if width is None and height is None:
        return limits.width, limits.height
    across = width if width is not None else round((height or 1) * limits.width / limits.height)
    down = height if height is not None else round(across * limits.height / limits.width)
    if across < 1 or down < 1:
        raise BadRequest(f"A picture of {across} x {down} pixels can't be drawn. Ask for whole numbers above 0.")
    low, high = limits.sides
    scale = min(1.0, high / max(across, down), math.sqrt(limits.pixels / (across * down)))
    scale = max(scale, min(low / min(across, down), high / max(across, down)))
    sides = [min(max(_rounded(side * scale, limits.grid), low), high) for side in (across, down)]
    while sides[0] * sides[1] > limits.pixels and max(sides) > low:
        sides[sides.index(max(sides))] -= limits.grid
    if sides != [across, down]:
        notes.append(
            f"{limits.name} draws {sides[0]} x {sides[1]} pixels instead of {across} x {down}: "
            f"sides in steps of {limits.grid}, {low} to {high}."
        )
    return sides[0], sides[1]


def _rounded(side: float, grid: int) -> int:
    return max(grid, math.floor(side / grid + 0.5) * grid)


def _frames(limits: Limits, wanted: int | None, notes: list[str]) -> int:
    if wanted is None:
        return limits.frames
    if wanted < 1:
        raise BadRequest(f"{wanted} frames can't be drawn. Ask for 1 to {limits.most_frames}.")
    every = limits.every
    longest = (limits.most_frames - 1) // every * every + 1
    count = 1 if wanted == 1 else min(max(math.floor((wanted - 1) / every + 0.5), 1) * every + 1, longest)
    if count != wanted:
        rule = f"{every} x k + 1, " if every > 1 else ""
        notes.append(f"{limits.name} draws {count} frames instead of {wanted}: {rule}at most {longest}.")
    return count


def either(counts: tuple[int, ...]) -> str:
    """Counts as a choice: 1, 2 or 4."""
    told = [str(count) for count in counts]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} or {told[-1]}"
