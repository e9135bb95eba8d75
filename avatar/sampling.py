"""How a diffusion model is to be sampled, and was, in the field's words. Knows no model, nor what fits one."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

Sampler = Literal[
    "ddim", "ddpm", "deis", "dpm++", "dpm++-karras", "dpm++-sde", "euler", "euler-a", "heun", "lcm", "lms", "pndm",
    "unipc",
]  # fmt: skip
"""`dpm++` is DPM-Solver++ of second order, two steps at a time; `euler-a` the ancestral one."""

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Steps, guidance scale and sampler; None is the model's own. `negative` is what must not be seen.

    Where a transformer's first block changes by less than the share `cache_threshold` from one step to the next, the
    rest is taken over from it; 0 takes over nothing.
    """

    steps: int | None = None
    guidance: float | None = None
    sampler: Sampler | None = None
    negative: str = ""
    cache_threshold: float = 0.0


OWN = Sampling()
"""All as the model has it."""


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What Stable Video Diffusion alone is told; None is its own.

    `motion_bucket` (1 to 255) is how much moves, `noise_augmentation` noise that is added to the picture first.
    Guidance begins with `min_guidance` at the first frame. `decode_chunk` frames are decoded at once, and see each
    other.
    """

    motion_bucket: int | None = None
    noise_augmentation: float | None = None
    min_guidance: float | None = None
    decode_chunk: int | None = None


UNTOLD = Conditioning()
"""All as the model has it."""


@dataclass(frozen=True, slots=True)
class Diffusion:
    """How a model really diffused, with what it chose itself. A request that gives all this makes the same again.

    Names are the request's. `width`, `height` and `frames`, at `fps`, are the model's own: what is handed out may be
    scaled, and have other frames. `model` is the backend's id. The last four are None for models without such a thing.
    """

    model: str
    seeds: tuple[int, ...]
    steps: int
    guidance_scale: float
    sampler: Sampler
    width: int
    height: int
    frames: int = 1
    fps: float | None = None
    cache_threshold: float = 0.0
    negative_prompt: str = ""
    motion_bucket: int | None = None
    noise_augmentation: float | None = None
    min_guidance: float | None = None
    decode_chunk: int | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """What it is, by name, without what it does not know."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def written(self) -> dict[str, str | float]:
        """The same in words and single numbers alone."""
        return self.figures | {"seeds": ", ".join(map(str, self.seeds))}

    def __str__(self) -> str:
        """In a line."""
        told = {name: value for name, value in self.figures.items() if value not in ("", 0.0)}
        size = f"{told.pop('width')}x{told.pop('height')}"
        seeds = ", ".join(map(str, told.pop("seeds")))
        rest = (f"{name.replace('_', ' ')} {value:g}" for name, value in told.items() if isinstance(value, int | float))
        return f"{self.model}: {self.sampler}, {size}, {', '.join(rest)}, seed {seeds}"


def merged(works: Iterable[Diffusion]) -> tuple[Diffusion, ...]:
    """Works that differ in their seeds alone as one."""
    seeds: dict[Diffusion, list[int]] = {}
    for each in works:
        seeds.setdefault(replace(each, seeds=()), []).extend(each.seeds)
    return tuple(replace(each, seeds=tuple(dict.fromkeys(found))) for each, found in seeds.items())
