"""Samplers made of their recipes and of what a model says of its noise. Knows neither network nor picture."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from torch import Tensor

from avatar.sampling import Sampler
from stages.diffusion import samplers
from stages.diffusion.foreign import kind
from stages.diffusion.samplers import Family

SETTINGS = "_internal_dict"
"""Where a scheduler of diffusers has its settings, frozen."""
DEFAULTS = "_use_default_values"
"""Where published settings name those that nobody chose; another scheduler's own take their place."""


def build(family: Family, sampler: Sampler, published: Mapping[str, Any], *, shift: float | None = None) -> Any:
    """The scheduler of diffusers for a family's sampler.

    `published` are the settings that came with the model's weights, `shift` moves the steps of flow models towards
    noise; left open it is the published one. Raises `BadRequest` for a sampler that does not go with the family.
    """
    recipe = samplers.TABLE[family][samplers.check(family, sampler)]
    moved = shift if shift is not None else published.get("flow_shift", published.get("shift"))
    settings = chosen(published) | dict(recipe.settings)
    if family in ("wan", "ltx") and moved is not None:
        settings |= {"shift": moved, "flow_shift": moved}
    return kind("diffusers", recipe.kind).from_config(settings)


def fresh(scheduler: Any) -> Any:
    """One with the same settings and a state of its own, equal to that of now. Quicker than `deepcopy`."""
    twin = object.__new__(type(scheduler))
    for name, value in vars(scheduler).items():
        shared = name == SETTINGS  # which nobody changes
        vars(twin)[name] = value if shared else value.clone() if isinstance(value, Tensor) else deepcopy(value)
    return twin


def chosen(published: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a model's published settings that somebody chose."""
    unchosen = set(published.get(DEFAULTS, ()))
    return {name: value for name, value in published.items() if not name.startswith("_") and name not in unchosen}
